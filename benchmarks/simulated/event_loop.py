"""An event loop in virtual time, in which everything that is random follows from one seed."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from unittest import mock

import time_machine

OPENED: Final = datetime(2026, 1, 1, tzinfo=UTC)

_DISK_SECONDS: Final = 0.01
"""The most that a piece of work for a thread takes."""


class Stalled(Exception):
    """No task can ever run again."""


class _Selector:
    """What the event loop asks for ready sockets: there are none, and waiting for them takes virtual time."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise Stalled("every task waits, and there is no timer")
        if timeout > 0:
            self._loop.advance(timeout)
        elif self._loop.is_shuffled:
            self._loop.shuffle_steps()
        return []

    def close(self) -> None:
        pass


class VirtualLoop(asyncio.BaseEventLoop):
    """Time passes only while all tasks wait. Tasks that are ready at the same moment run in any order.

    Callbacks that are no steps of tasks keep their order, as asyncio promises. Work for threads is done in the loop,
    after a random time.
    """

    def __init__(self, rng: random.Random, *, is_shuffled: bool) -> None:
        super().__init__()
        self.is_shuffled = is_shuffled
        self.wall: time_machine.Traveller | None = None
        self._rng = rng
        self._now = 0.0
        self._selector = _Selector(self)
        self.create_listener: Callable[..., Any] | None = None
        self.paused = 0.0
        """Seconds for which the loop stood still."""
        self.pauses_ended: list[float] = []
        self.is_ending = False
        """Whether all tasks are being cancelled."""

    def time(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass, while nothing runs."""
        self._now += seconds
        if self.wall is not None:
            self.wall.shift(seconds)

    def pause(self, seconds: float, clock_jump: float) -> None:
        """Stand still, and set the time of day."""
        self.advance(seconds)
        self.paused += seconds
        self.pauses_ended.append(self._now)
        if self.wall is not None:
            self.wall.shift(clock_jump)

    def shuffle_steps(self) -> None:
        """Change the order of the tasks that are ready: those of any two tasks are independent."""
        ready: Any = self._ready  # type: ignore[attr-defined]
        places = [place for place, handle in enumerate(ready) if _is_step(handle)]
        if len(places) > 1:
            steps = [ready[place] for place in places]
            self._rng.shuffle(steps)
            for place, step in zip(places, steps, strict=True):
                ready[place] = step

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        done = self.create_future()

        def work() -> None:
            try:
                result = func(*args)
            except Exception as error:
                if not done.done():
                    done.set_exception(error)
            else:
                if not done.done():
                    done.set_result(result)

        self.call_later(self._rng.uniform(0, _DISK_SECONDS), work)
        return done

    async def create_server(self, protocol_factory: Any, host: Any = None, port: Any = None, **_: Any) -> Any:
        assert self.create_listener is not None
        return self.create_listener(protocol_factory, port)

    # what BaseEventLoop requires of its subclasses

    def _process_events(self, event_list: list[Any]) -> None:
        pass

    def _write_to_self(self) -> None:
        pass


def _is_step(handle: asyncio.Handle) -> bool:
    return isinstance(getattr(handle._callback, "__self__", None), asyncio.Task)  # type: ignore[attr-defined]


@contextmanager
def seeded(seed: int, *, is_shuffled: bool) -> Generator[VirtualLoop]:
    """A loop in a world in which the time of day, ``random`` and ``secrets`` follow from the seed."""
    rng = random.Random(f"{seed}:loop")
    entropy = random.Random(f"{seed}:entropy")
    loop = VirtualLoop(rng, is_shuffled=is_shuffled)
    state = random.getstate()
    random.seed(f"{seed}:random")
    with ExitStack() as stack:
        for place in (os, random):
            stack.enter_context(mock.patch.object(place, "urandom" if place is os else "_urandom", entropy.randbytes))
        loop.wall = stack.enter_context(time_machine.travel(OPENED, tick=False))
        stack.callback(random.setstate, state)
        stack.callback(loop.close)
        yield loop
