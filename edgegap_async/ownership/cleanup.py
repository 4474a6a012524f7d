"""Removes what is billed while it exists, whatever happens to the task that created it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, TypeVar

import attrs

from edgegap_async.deadlines import seconds_until, time_limit
from edgegap_async.errors import (
    BadRequest,
    ClientStateError,
    DeadlineExceeded,
    EdgegapError,
    Gone,
    NotFound,
    Outcome,
    RateLimited,
    ServerError,
    TransportError,
)
from edgegap_async.ownership.background import BackgroundTasks

T = TypeVar("T")
Ready = TypeVar("Ready")

logger: Final = logging.getLogger("edgegap_async")

_TRANSIENT: Final = (TransportError, DeadlineExceeded, RateLimited, ServerError)
"""Errors that the next attempt need not meet."""

_OF_A_PROXY: Final = (BadRequest, NotFound, Gone)
"""Errors that are transient, too, if they are not the service's own response."""

_SHORT_WAIT: Final = 1.0
"""How long a task that is cancelled, or whose deadline is over, still waits for a removal."""

_LAST_ATTEMPT_SECONDS: Final = 3.0
"""The timeout of the last attempt of a removal that is cancelled itself."""

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between two removals, beyond the retries of each call."""


@attrs.frozen(kw_only=True)
class Cleanup:
    """How one kind of resource is removed.

    Attributes:
        background: Runs the removals that outlive their caller.
        remove: Removes the resource with an id; succeeds if it does not exist.
        kind: Its name in messages: deployment, session.
        verb: What removing it is called: stop, delete.
        past: The past participle of the verb: stopped, deleted.
        in_use: The ids of what a block or a wait of this client uses now: closing the client removes them.
        closing_removals: The removals that closing the client has started, by id.
    """

    background: BackgroundTasks
    remove: Callable[[str], Coroutine[Any, Any, object]]
    kind: str
    verb: str
    past: str
    in_use: set[str] = attrs.field(factory=set[str], init=False)
    closing_removals: dict[str, asyncio.Task[object]] = attrs.field(factory=dict[str, asyncio.Task[object]], init=False)

    def __attrs_post_init__(self) -> None:
        self.background.before_drain(self._remove_all_in_use)

    @contextmanager
    def use(self, id: str) -> Generator[None]:
        """Have the client remove it if it is closed before the block ends."""
        self.in_use.add(id)
        try:
            yield
        finally:
            self.in_use.discard(id)

    def require_kept(self, id: str) -> None:
        """Check that closing the client does not remove something that a caller is about to receive.

        Raises:
            ClientStateError: It does.
        """
        if id in self.closing_removals:
            raise ClientStateError(f"this EdgegapClient is being closed: {self.kind} {id} is being {self.past}")

    async def remove_on_cancel(self, creating: Coroutine[Any, Any, T], id_of: Callable[[T], str], *, name: str) -> T:
        """Create something; if the caller is cancelled meanwhile, remove it in the background.

        Args:
            creating: Creates it.
            id_of: Returns the id of what was created.
            name: What it is called in the log.
        """
        try:
            self.background.require_open()
        except ClientStateError:
            creating.close()
            raise
        task = self.background.start(self._report_if_interrupted(creating, name), name=f"create a {name}", id=name)
        try:
            return await self.background.result_of(task)
        except asyncio.CancelledError:
            self.remove_when_created(task, id_of, name=name, id=name)
            raise

    async def _report_if_interrupted(self, creating: Coroutine[Any, Any, T], name: str) -> T:
        """Create something; only the end of the event loop cancels this."""
        try:
            return await creating
        except asyncio.CancelledError:
            if not self.background.has_given_up:
                self.background.report_failure(f"the create request of a {name} was interrupted: it may exist", name)
            raise

    def remove_when_created(self, creating: asyncio.Task[T], id_of: Callable[[T], str], *, name: str, id: str) -> None:
        """Remove in the background what is still being created; if its creation fails, nothing is removed.

        Args:
            creating: The task that creates it.
            id_of: Returns the id of what was created.
            name: What it is called in the log.
            id: The id or tag by which to find it.
        """

        async def remove() -> None:
            try:
                created = await creating
            except EdgegapError:
                return
            except asyncio.CancelledError:
                if creating.cancelled():  # at the end of the event loop, which it has reported
                    return
                raise
            await self.remove_with_retries(id_of(created))

        if not creating.cancelled():
            self.background.spawn(remove(), name=f"undo a {name}", id=id)

    @asynccontextmanager
    async def lease(
        self,
        creating: Coroutine[Any, Any, T],
        id_of: Callable[[T], str],
        wait: Callable[[str, float], Coroutine[Any, Any, Ready]],
        *,
        seconds: float,
        name: str,
    ) -> AsyncGenerator[Ready, None]:
        """Create something, wait until it is ready, and remove it when the block ends.

        Args:
            creating: Creates it.
            id_of: Returns the id of what was created.
            wait: Waits for the id, within so many seconds.
            seconds: The deadline of creating and waiting together.
            name: What it is called in the log.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        id = id_of(await self.remove_on_cancel(creating, id_of, name=name))
        async with self.remove_on_exit(id):  # it is in use before any other task can run
            yield await wait(id, seconds_until(deadline))

    @asynccontextmanager
    async def remove_on_exit(self, id: str) -> AsyncGenerator[None, None]:
        """Remove it when the block ends.

        If that fails, the error is raised, or a note is added to the error of the block. Closing the client raises it
        as well.
        """
        with self.use(id):
            try:
                yield
            except BaseException as error:
                await self.remove_after_error(error, id)
                raise
            try:
                await self.background.result_of(self._start_removal(id))
            except EdgegapError as error:
                error.add_note(f"{self.kind} {id} may still run")
                raise

    async def remove_now(self, id: str) -> object:
        """Remove it, also if the caller is cancelled meanwhile; return what ``remove`` returns."""
        if (removal := self.closing_removals.get(id)) is not None:
            return await self.background.result_of(removal)
        removing = self.remove_with_retries(id)
        return await self.background.run_shielded(removing, name=self._removal_of(id), id=id)

    async def remove_after_error(self, error: BaseException, id: str, *, seconds: float = math.inf) -> None:
        """Remove it because of an error, which remains the error that is raised and gets a note about the removal.

        Args:
            error: The error. If it is a cancellation, the caller waits a second at most.
            id: The id of what to remove.
            seconds: How long the caller waits at most, but not less than a second. The removal then goes on in the
                background, and closing the client waits for it.
        """
        removal = self._start_removal(id)
        seconds = _SHORT_WAIT if isinstance(error, asyncio.CancelledError) else max(seconds, _SHORT_WAIT)
        await asyncio.wait({removal}, timeout=None if math.isinf(seconds) else seconds)
        if not removal.done():
            error.add_note(f"{self.kind} {id} is being {self.past} in the background")
        elif removal.cancelled():
            error.add_note(f"{self.kind} {id} may still run: its removal was cancelled")
        elif (failure := removal.exception()) is not None:
            error.add_note(f"{self.kind} {id} could not be {self.past} and may still run: {failure}")
        else:
            error.add_note(f"{self.kind} {id} was {self.past}")

    async def remove_with_retries(self, id: str) -> object:
        """Remove it; transient errors are retried for about 15 s. Returns what ``remove`` returns.

        The last error is raised. If the task is cancelled before the client gives up, as at the end of ``asyncio.run``,
        it makes a last attempt.
        """
        try:
            for pause in _PAUSES:
                try:
                    return await self.remove(id)
                except (*_TRANSIENT, *_OF_A_PROXY) as failure:
                    if isinstance(failure, _OF_A_PROXY) and failure.from_service:
                        raise
                    logger.info("%s %s could not be %s yet: %s", self.kind, id, self.past, failure)
                    await asyncio.sleep(pause)
            return await self.remove(id)
        except asyncio.CancelledError:
            if self.background.has_given_up:
                raise
            return await self._remove_once(id)

    async def remove_at_once(self, id: str) -> None:
        """Remove it with one short attempt, before the event loop ends; if that fails, it is reported."""
        try:
            await self._remove_once(id)
        except EdgegapError as error:
            self.background.report_failure(f"{self._removal_of(id)} failed: {error}", id)

    async def _remove_once(self, id: str) -> object:
        problem = f"no response within {_LAST_ATTEMPT_SECONDS:.0f} s"
        async with time_limit(_LAST_ATTEMPT_SECONDS, problem, outcome=Outcome.UNKNOWN):
            return await self.remove(id)

    def _remove_all_in_use(self) -> None:
        for id in self.in_use - self.closing_removals.keys():
            self.closing_removals[id] = self._start_removal(id)

    def _start_removal(self, id: str) -> asyncio.Task[object]:
        """Remove it in the background, unless closing the client does; if that fails, closing the client raises it."""
        return self.closing_removals.get(id) or self.background.spawn(
            self.remove_with_retries(id), name=self._removal_of(id), id=id
        )

    def _removal_of(self, id: str) -> str:
        return f"{self.verb} {self.kind} {id}"
