"""Removes what is billed while it exists, whatever happens to the task that created it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs

from edgegap_async.errors import DeadlineExceeded, EdgegapError, RateLimited, ServerError, TransportError
from edgegap_async.ownership.background import BackgroundTasks

T = TypeVar("T")
Ready = TypeVar("Ready")

logger: Final = logging.getLogger("edgegap_async")

_PASSING: Final = (TransportError, DeadlineExceeded, RateLimited, ServerError)
_A_MOMENT: Final = 1.0
_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)


@attrs.frozen(kw_only=True)
class Cleanup:
    """How one kind of thing that is billed while it exists goes away, whoever fails or is cancelled meanwhile.

    ``remove`` takes an id and is content where there is nothing (any more); ``what``, ``verb`` and ``done`` are the
    words for it: a deployment, stop, stopped.
    """

    chores: BackgroundTasks
    remove: Callable[[str], Coroutine[Any, Any, object]]
    what: str
    verb: str
    done: str

    async def unless_kept(self, creating: Coroutine[Any, Any, T], id_of: Callable[[T], str], *, name: str) -> T:
        """Create something, and remove it if its caller is cancelled meanwhile."""
        task = self.chores.start(creating, name=f"create a {name}", id=name)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.undo(task, id_of, name=name, id=name)
            raise

    def undo(self, creating: asyncio.Task[T], id_of: Callable[[T], str], *, name: str, id: str) -> None:
        """Remove in the background what is being created still; where that fails there is nothing to remove."""

        async def removing() -> None:
            try:
                created = await creating
            except EdgegapError:
                return
            await self.surely(id_of(created))

        if not creating.cancelled():
            self.chores.leave(removing(), name=f"undo a {name}", id=id)

    @asynccontextmanager
    async def while_used(
        self,
        creating: Coroutine[Any, Any, T],
        id_of: Callable[[T], str],
        wait: Callable[[str, float], Coroutine[Any, Any, Ready]],
        *,
        seconds: float,
        name: str,
    ) -> AsyncGenerator[Ready, None]:
        """Create something, ``wait`` for it with what is left of ``seconds``, and remove it when the block ends."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        id = id_of(await self.unless_kept(creating, id_of, name=name))
        async with self.at_the_end(id):
            yield await wait(id, max(deadline - loop.time(), 0.001))

    @asynccontextmanager
    async def at_the_end(self, id: str) -> AsyncGenerator[None, None]:
        """Remove it when the block ends; where that fails it is raised, or noted on what the block raised."""
        try:
            yield
        except BaseException as error:
            await self.after(error, id)
            raise
        await self.now(id)

    async def now(self, id: str) -> None:
        """Remove it, even if the caller is cancelled meanwhile."""
        await self.chores.see_through(self.surely(id), name=f"{self.verb} {self.what} {id}", id=id)

    async def after(self, error: BaseException, id: str) -> None:
        """Remove what an error leaves behind; the error stays the one that is raised.

        Who is cancelled waits a moment for it and no longer: closing the client does.
        """
        if isinstance(error, asyncio.CancelledError):
            removal = self.chores.leave(self.surely(id), name=f"{self.verb} {self.what} {id}", id=id)
            await asyncio.wait({removal}, timeout=_A_MOMENT)
            return
        try:
            await self.now(id)
        except EdgegapError as failure:
            told = f"{self.what} {id} could not be {self.done} and may still run: {failure}"
            self.chores.failed(told, id)
            error.add_note(told)
        else:
            error.add_note(f"{self.what} {id} was {self.done}")

    async def surely(self, id: str) -> None:
        """Remove it, again and again where the failure is one that passes; raises the last one."""
        for pause in _PAUSES:
            try:
                await self.remove(id)
            except _PASSING as failure:
                logger.info("%s %s could not be %s yet: %s", self.what, id, self.done, failure)
                await asyncio.sleep(pause)
            else:
                return
        await self.remove(id)
