"""An event loop in virtual time, in which everything that is random follows from one seed."""

from __future__ import annotations

import asyncio
import contextvars
import heapq
import os
import random
from collections import defaultdict, deque
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any, Final
from unittest import mock

import time_machine

OPENED: Final = datetime(2026, 1, 1, tzinfo=UTC)

_DISK_SECONDS: Final = 0.01
"""The most that a piece of work for a thread takes."""

process: Final = contextvars.ContextVar[int | None]("process", default=None)
"""Which of the simulated processes a callback belongs to, None for the service, the network and the simulation."""


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


class _HeldHandle(asyncio.Handle):
    """A callback that waits while its process stands still."""

    def _run(self) -> None:
        if not self._loop.hold(self):  # type: ignore[attr-defined]
            super()._run()  # type: ignore[misc]


class _HeldTimer(asyncio.TimerHandle):
    """The same for a timer."""

    def _run(self) -> None:
        if not self._loop.hold(self):  # type: ignore[attr-defined]
            super()._run()  # type: ignore[misc]


class VirtualLoop(asyncio.BaseEventLoop):
    """Time passes only while all tasks wait. Tasks that are ready at the same moment run in any order.

    Callbacks that are no steps of tasks keep their order, as asyncio promises. Work for threads is done in the loop,
    after a random time. A simulated process can stand still while the others run: see ``process``.
    """

    def __init__(self, rng: random.Random, *, is_shuffled: bool) -> None:
        super().__init__()
        self.is_shuffled = is_shuffled
        self.wall: time_machine.Traveller | None = None
        self._rng = rng
        self._now = 0.0
        self._disk_free_at = 0.0
        self._disk_work: defaultdict[int | None, deque[Callable[[], None]]] = defaultdict(deque)
        self._held: dict[int | None, list[asyncio.Handle]] = {}
        self._selector = _Selector(self)
        self.create_listener: Callable[..., Any] | None = None
        self.paused = 0.0
        """Seconds for which the loop stood still."""
        self.pauses_ended: list[float] = []

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

    # processes

    def suspend(self, number: int) -> None:
        """Let a process stand still: nothing of it runs until ``resume``."""
        self._held.setdefault(number, [])

    def resume(self, number: int) -> None:
        """Let a process go on: what was due meanwhile runs now, in the order in which it was due."""
        self._ready.extend(self._held.pop(number, ()))  # type: ignore[attr-defined]

    def is_suspended(self, number: int) -> bool:
        """Return whether a process stands still."""
        return number in self._held

    def hold(self, handle: asyncio.Handle) -> bool:
        """Keep a callback of a process that stands still; return whether it is one."""
        if not self._held:
            return False
        held = self._held.get(handle._context.get(process))  # type: ignore[attr-defined]
        if held is not None:
            held.append(handle)
        return held is not None

    def _call_soon(self, callback: Any, args: Any, context: Any) -> asyncio.Handle:
        handle = _HeldHandle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_at(self, when: float, callback: Any, *args: Any, context: Any = None) -> asyncio.TimerHandle:
        timer = _HeldTimer(when, callback, args, self, context)
        heapq.heappush(self._scheduled, timer)  # type: ignore[attr-defined]
        timer._scheduled = True  # type: ignore[attr-defined]
        return timer

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

        # one piece of work after another, as in a thread
        self._disk_free_at = max(self._disk_free_at, self._now) + self._rng.uniform(0, _DISK_SECONDS)
        self._disk_work[process.get()].append(work)
        self.call_at(self._disk_free_at, self._do_disk_work)
        return done

    def _do_disk_work(self) -> None:
        self._disk_work[process.get()].popleft()()

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
