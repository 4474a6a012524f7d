"""Creating a server and waiting for it: the steps that all ways to start a server share."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

import attrs

from edgegap_async.deadlines import seconds_until
from edgegap_async.errors import JSON, DeploymentFailed, DeploymentTerminated, Unprocessable
from edgegap_async.models.deployments import DeploymentRequest, DeploymentSnapshot, GameServer
from edgegap_async.models.states import StateChange
from edgegap_async.ownership.creation import CreatedT, Creation
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_int
from edgegap_async.waiting.conditions import DEPLOYMENT, OWN_DEPLOYMENT, WaitTarget
from edgegap_async.waiting.progress import OnWaitProgress
from edgegap_async.waiting.wait import wait_until_ready

logger: Final = logging.getLogger("edgegap_async")

OnDeploymentStatus: TypeAlias = Callable[[StateChange[DeploymentSnapshot]], object]
"""Called in the event loop when a deployment is in another state; an exception that it raises ends the wait."""

_READY_WEBHOOKS: Final = frozenset({"webhook_on_ready", "webhook_url"})
"""If the body has one of these, the caller's own URL receives the webhook, and not the client."""


async def create(core: ClientCore, creation: Creation[CreatedT]) -> CreatedT:
    """Create one server through the guard, and let the webhooks and the watcher know of it."""

    def webhook_fields(tag: GuardTag) -> dict[str, JSON]:
        core.webhooks.expect(tag)
        return creation.webhooks(tag)

    request = await core.guard.create(attrs.evolve(creation, webhooks=webhook_fields, on_created=core.webhooks.bind))
    core.watchers.deployments.on_requested(
        request.request_id,
        (creation.application, creation.version or ""),
        has_webhook=core.webhooks.is_enabled and not creation.body.keys() & _READY_WEBHOOKS,
    )
    return request


async def wait_for_server(
    core: ClientCore,
    request_id: str,
    *,
    timeout: float,
    on_status: OnDeploymentStatus | None,
    on_progress: OnWaitProgress | None,
    target: WaitTarget = DEPLOYMENT,
) -> GameServer:
    """Wait until a game server can be reached.

    Args:
        core: What the services share.
        request_id: The deployment's id.
        timeout: In seconds.
        on_status: Called with each change of its state.
        on_progress: Called after each poll.
        target: The words of the errors.
    """
    watcher = core.watchers.deployments
    path = {"deployment_id": request_id}
    with watcher.subscribe(request_id, path, every_snapshot=on_progress is not None) as subscription:
        ready = await wait_until_ready(
            subscription,
            target,
            timeout=timeout,
            on_status=on_status,
            on_snapshot=None if on_progress is None else lambda _: on_progress(watcher.progress(subscription)),
        )
        return ready.server(ready_after=subscription.entry.ready_after)


async def deploy(
    core: ClientCore,
    create: Callable[[float], Awaitable[DeploymentRequest]],
    *,
    seconds: float,
    attempts: int,
    on_status: OnDeploymentStatus | None,
    on_progress: OnWaitProgress | None,
) -> GameServer:
    """Create a server, wait until it is ready, and stop it if it does not become ready.

    Args:
        core: What the services share.
        create: Creates it, within so many seconds.
        seconds: The deadline of everything together.
        attempts: How many servers to try: the next one if a server fails.
        on_status: Called with each change of its state.
        on_progress: Called after each poll.

    Raises:
        ReadyTimeout: It was not ready in time, and was stopped.
        DeploymentFailed: The last of the attempts failed, and was stopped.
        DeploymentTerminated: The last of the attempts was stopped meanwhile.
    """
    validate_int(attempts, "attempts", minimum=1)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds

    cleanup = core.guard.cleanup
    for attempt in itertools.count(1):
        try:
            request = await create(seconds_until(deadline) if attempt > 1 else seconds)
            with cleanup.use(request.request_id):  # before any other task can run
                try:
                    return await wait_for_server(
                        core,
                        request.request_id,
                        timeout=seconds_until(deadline),
                        on_status=on_status,
                        on_progress=on_progress,
                        target=OWN_DEPLOYMENT,
                    )
                except BaseException as error:
                    await cleanup.remove_after_error(error, request.request_id, seconds=deadline - loop.time())
                    raise
        except (DeploymentFailed, DeploymentTerminated, Unprocessable) as error:
            if attempt == attempts or not error.request_id or loop.time() >= deadline:
                raise
            logger.info("attempt %d of %d failed: %s", attempt, attempts, error)
    raise AssertionError("itertools.count does not end")
