"""Removes what is billed while it exists, whatever happens to the task that created it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs

from edgegap_async.errors import (
    BadRequest,
    DeadlineExceeded,
    EdgegapError,
    Gone,
    NotFound,
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

_CANCELLED_SECONDS: Final = 1.0
"""How long a cancelled task waits for a removal."""

_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds between two removals, beyond the retries of each call."""

SHORTEST_TIMEOUT: Final = 0.001
"""Seconds that remain for a call when its deadline has passed already: it then raises the usual error."""


@attrs.frozen(kw_only=True)
class Cleanup:
    """How one kind of resource is removed.

    Attributes:
        background: Runs the removals that outlive their caller.
        remove: Removes the resource with an id; succeeds if it does not exist.
        kind: Its name in messages: deployment, session.
        verb: What removing it is called: stop, delete.
        past: The past participle of the verb: stopped, deleted.
    """

    background: BackgroundTasks
    remove: Callable[[str], Coroutine[Any, Any, object]]
    kind: str
    verb: str
    past: str

    async def remove_on_cancel(self, creating: Coroutine[Any, Any, T], id_of: Callable[[T], str], *, name: str) -> T:
        """Create something; if the caller is cancelled meanwhile, remove it in the background.

        Args:
            creating: Creates it.
            id_of: Returns the id of what was created.
            name: What it is called in the log.
        """
        task = self.background.start(creating, name=f"create a {name}", id=name)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.remove_when_created(task, id_of, name=name, id=name)
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
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        id = id_of(await self.remove_on_cancel(creating, id_of, name=name))
        async with self.remove_on_exit(id):
            yield await wait(id, max(deadline - loop.time(), SHORTEST_TIMEOUT))

    @asynccontextmanager
    async def remove_on_exit(self, id: str) -> AsyncGenerator[None, None]:
        """Remove it when the block ends; if that fails, raise, or add a note to the error of the block."""
        try:
            yield
        except BaseException as error:
            await self.remove_after_error(error, id)
            raise
        await self.remove_now(id)

    async def remove_now(self, id: str) -> None:
        """Remove it, also if the caller is cancelled meanwhile."""
        await self.background.run_shielded(self.remove_with_retries(id), name=f"{self.verb} {self.kind} {id}", id=id)

    async def remove_after_error(self, error: BaseException, id: str) -> None:
        """Remove it because of an error, which remains the error that is raised and gets a note about the removal.

        If the error is a cancellation, the caller waits a second at most: closing the client waits for the rest.
        """
        if isinstance(error, asyncio.CancelledError):
            removal = self.background.spawn(self.remove_with_retries(id), name=f"{self.verb} {self.kind} {id}", id=id)
            await asyncio.wait({removal}, timeout=_CANCELLED_SECONDS)
            return
        try:
            await self.remove_now(id)
        except EdgegapError as failure:
            message = f"{self.kind} {id} could not be {self.past} and may still run: {failure}"
            self.background.report_failure(message, id)
            error.add_note(message)
        else:
            error.add_note(f"{self.kind} {id} was {self.past}")

    async def remove_with_retries(self, id: str) -> None:
        """Remove it; transient errors are retried for about 15 s, the last one is raised."""
        for pause in _PAUSES:
            try:
                await self.remove(id)
            except (*_TRANSIENT, *_OF_A_PROXY) as failure:
                if isinstance(failure, _OF_A_PROXY) and failure.from_service:
                    raise
                logger.info("%s %s could not be %s yet: %s", self.kind, id, self.past, failure)
                await asyncio.sleep(pause)
            else:
                return
        await self.remove(id)
