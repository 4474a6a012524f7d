"""The methods of ``edgegap.deployments`` that wait for servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from edgegap_async.errors import WaitTimeout
from edgegap_async.models.deployments import DeploymentSnapshot, GameServer
from edgegap_async.models.ids import DeploymentLike, deployment_id, deployment_ids
from edgegap_async.models.list_filter import Filter
from edgegap_async.models.states import StateChange
from edgegap_async.services.deployments.create_and_wait import OnDeploymentStatus, wait_for_server
from edgegap_async.services.deployments.listing import DeploymentListing
from edgegap_async.waiting.changes import changes, changes_of
from edgegap_async.waiting.progress import OnWaitProgress


class DeploymentWaiting(DeploymentListing):
    """Waits for game servers, and watches them."""

    async def wait_until_ready(
        self,
        request_id: DeploymentLike,
        *,
        timeout: float | None = None,
        on_status: OnDeploymentStatus | None = None,
        on_progress: OnWaitProgress | None = None,
    ) -> GameServer:
        """Wait until a game server can be reached: it is READY, and its address and ports are known.

        ::

            server = await edgegap.deployments.wait_until_ready(request, timeout=60, on_status=print)

        Rate limits and transient errors do not end the wait. If it fails, the server is not stopped.

        Args:
            request_id: The deployment's id, or an object that has it.
            timeout: The deadline in seconds, None for the client's.
            on_status: Called with each change of its state.
            on_progress: Called after each poll, for a progress bar.

        Raises:
            DeploymentFailed: It failed; it exists until it is stopped.
            DeploymentTerminated: It was stopped, or the service does not know it.
            ReadyTimeout: It was not ready in time.
            AuthenticationError: 401; PermissionDenied for 403, DecodeError for a response that cannot be decoded.
        """
        return await wait_for_server(
            self._core,
            deployment_id(request_id),
            timeout=self._seconds(timeout),
            on_status=on_status,
            on_progress=on_progress,
        )

    async def wait_until_stopped(self, request_id: DeploymentLike, *, timeout: float | None = None) -> None:
        """Wait until a deployment is TERMINATED, or the service does not know it; this does not stop it.

        ``timeout`` is in seconds, None for the client's.

        Raises:
            WaitTimeout: It was not stopped in time.
            AuthenticationError: 401; PermissionDenied for 403, DecodeError for a response that cannot be decoded.
        """
        id, seconds = deployment_id(request_id), self._seconds(timeout)
        last_state: str | None = None
        try:
            async with asyncio.timeout(seconds), aclosing(changes_of(self._core.watchers.deployments, id)) as states:
                async for change in states:
                    last_state = change.new
        except TimeoutError:
            raise WaitTimeout(
                f"deployment {id} was not stopped within {seconds:.3g} s (last state: {last_state or 'never seen'}). "
                "Waiting does not stop it: call deployments.stop",
                kind="deployment",
                id=id,
                last_state=last_state,
            ) from None

    async def watch(
        self, which: Sequence[DeploymentLike] | Filter
    ) -> AsyncGenerator[StateChange[DeploymentSnapshot], None]:
        """Yield the states of some deployments as they change, each from its current state to TERMINATED.

        ``which`` are ids, or objects that have them, or a Filter for all that match it from now on. With ids it ends
        when all of them are terminated.

        Transient errors are retried; permanent ones (401, 403, a response that cannot be decoded) are raised.
        """
        watcher = self._core.watchers.deployments
        if isinstance(which, Filter):

            async def search() -> list[str]:
                return [row.request_id for row in await self.list(which).collect()]

            found = changes(watcher, (), search)
        else:
            found = changes(watcher, deployment_ids(which, "request_ids"))
        async with aclosing(found):
            async for change in found:
                yield change
