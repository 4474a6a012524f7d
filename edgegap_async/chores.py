"""What has to be finished even if nobody waits for it any more."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import attrs

from edgegap_async.errors import EdgegapError, Unprocessable

T = TypeVar("T")

logger: Final = logging.getLogger("edgegap_async")


class Chores:
    """Tasks that outlive the callers who started them: cancelling those does not reach them, closing waits."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    def leave(self, work: Coroutine[Any, Any, object], *, name: str) -> None:
        """Do ``work`` in the background; should it fail, the log tells, by ``name``."""
        self.start(work, name=name).add_done_callback(_tell)

    def start(self, work: Coroutine[Any, Any, T], *, name: str) -> asyncio.Task[T]:
        """Begin ``work``; whoever does so waits for it, shielded, and hears how it ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def see_through(self, work: Coroutine[Any, Any, T], *, name: str) -> T:
        """Do ``work`` to its end: a caller that is cancelled meanwhile leaves at once, the work goes on."""
        task = self.start(work, name=name)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            task.add_done_callback(_tell)
            raise

    async def finish(self, seconds: float) -> None:
        """Wait for all of it, at most ``seconds``; what is not done then is cancelled and named in the log."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while self._tasks and loop.time() < ends:  # one may start another
            await asyncio.wait(self._tasks, timeout=ends - loop.time())
        for task in (late := list(self._tasks)):
            logger.error("not finished when the client was closed: %s", task.get_name())
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)


@attrs.frozen(kw_only=True)
class Removal:
    """How one kind of thing that is billed while it exists goes away, whoever fails or is cancelled meanwhile.

    ``remove`` takes an id and is content where there is nothing (any more); ``what``, ``verb`` and ``done`` are the
    words for it: a deployment, stop, stopped.
    """

    chores: Chores
    remove: Callable[[str], Coroutine[Any, Any, object]]
    what: str
    verb: str
    done: str

    async def unless_kept(self, creating: Coroutine[Any, Any, T], id_of: Callable[[T], str], *, name: str) -> T:
        """Create something, and remove it if its caller is cancelled meanwhile or it was created in error."""
        task = self.chores.start(creating, name=f"create a {name}")
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            self.chores.leave(self._undo(task, id_of), name=f"undo a {name}")
            raise
        except Unprocessable as error:
            if error.request_id is not None:
                await self.after(error, error.request_id)
            raise

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
        await self.chores.see_through(self.remove(id), name=f"{self.verb} {self.what} {id}")

    async def after(self, error: BaseException, id: str) -> None:
        """Remove what an error leaves behind; the error stays the one that is raised."""
        try:
            await self.now(id)
        except EdgegapError as failure:
            told = f"{self.what} {id} could not be {self.done} and may still run: {failure}"
            logger.error(told)  # noqa: TRY400 - the error that is raised shows where
            error.add_note(told)
        else:
            error.add_note(f"{self.what} {id} was {self.done}")

    async def _undo(self, creating: asyncio.Task[T], id_of: Callable[[T], str]) -> None:
        try:
            id: str | None = id_of(await creating)
        except Unprocessable as error:
            id = error.request_id
        if id is not None:
            await self.remove(id)


def _tell(task: asyncio.Task[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.error("%s failed: %s", task.get_name(), error)
