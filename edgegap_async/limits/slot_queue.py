"""The tasks that wait for slots of a bucket: a queue for each priority, served by turns."""

from __future__ import annotations

import asyncio
import enum
import math
from collections import deque
from collections.abc import Callable
from typing import Final, TypeAlias

_Waiter: TypeAlias = "tuple[asyncio.Future[None], float]"
"""What is set when the task has a slot, and the task's deadline."""


class Priority(enum.IntEnum):
    """The order in which calls that wait for the same bucket get their slots."""

    URGENT = 0
    """Starting and stopping servers."""
    CALL = 1
    """All other calls."""
    POLL = 2
    """Polling by the client itself."""


_TURNS: Final = (Priority.POLL, Priority.URGENT, Priority.CALL, Priority.URGENT)
"""Whose turn a slot is, over and over. A turn of a priority that has no waiter goes to the highest one that has."""

_WEIGHTS: Final = tuple(_TURNS.count(each) for each in Priority)
"""The turns of each priority in one round: the slots that it gets at least, for as long as it has waiters."""

_SERVING_ORDERS: Final = tuple((turn, *(each for each in Priority if each != turn)) for turn in _TURNS)
"""The priorities in the order in which each turn's slot is offered to them."""


class SlotQueue:
    """Waiting tasks, first come, first served within a priority; each is woken once.

    Of four slots, two go to URGENT waiters, one to CALL and one to POLL; what a priority without waiters would get goes
    to the highest priority that has some. So a priority that waits is passed over for three slots at most.
    """

    def __init__(self, *, on_joined: Callable[[], None], on_left: Callable[[bool], None]) -> None:
        """Create an empty queue.

        Args:
            on_joined: Called when a task waits.
            on_left: Called when a task was cancelled or timed out, with whether it has a slot that it did not use.
        """
        self.waiting: int = 0
        """How many tasks wait."""
        self.slots_taken: int = 0
        """How many slots were taken, whose number says whose turn the next one is."""
        self._on_joined = on_joined
        self._on_left = on_left
        self._queues: tuple[deque[_Waiter], ...] = tuple(deque() for _ in Priority)
        # Cancelled waiters are counted out at once, and dropped from their queue when they reach its head.
        self._waiting_by_priority = [0 for _ in Priority]

    async def wait(self, priority: Priority, deadline: float = math.inf) -> None:
        """Join the queue and wait for a slot; if the task is cancelled, it leaves the queue.

        Args:
            priority: The queue to wait in.
            deadline: The time of the event loop at which the task gives up, for ``next_deadline``.
        """
        waiter = asyncio.get_running_loop().create_future()
        self._queues[priority].append((waiter, deadline))
        self._change_waiting(priority, 1)
        self._on_joined()
        try:
            await waiter
        except BaseException:
            if waiter.cancelled() or waiter.cancel():
                self._change_waiting(priority, -1)
                self._on_left(False)
            elif waiter.exception() is None:  # it got a slot, and was cancelled before it ran
                self._on_left(True)
            raise

    def serve(self) -> bool:
        """Give a slot to the next waiter; return False if all that are counted are cancelled and did not run since."""
        waiter = self._take_next()
        if waiter is None:
            return False
        self.slots_taken += 1
        waiter.set_result(None)
        return True

    def next_deadline(self) -> float:
        """Return the deadline of the task that gets the next slot, infinity without one."""
        found = self._next()
        return math.inf if found is None else found[0][0][1]

    def refuse_next(self, error: Exception) -> None:
        """Raise an error in the task that would get the next slot."""
        if (waiter := self._take_next()) is not None:
            waiter.set_exception(error)

    def _take_next(self) -> asyncio.Future[None] | None:
        if (found := self._next()) is None:
            return None
        queue, priority = found
        waiter, _ = queue.popleft()
        self._change_waiting(priority, -1)
        return waiter

    def _next(self) -> tuple[deque[_Waiter], Priority] | None:
        """Return the queue whose first task gets the next slot, and its priority."""
        for priority in _SERVING_ORDERS[self.slots_taken % len(_TURNS)]:
            queue = self._queues[priority]
            while queue and queue[0][0].done():
                queue.popleft()
            if queue:
                return queue, priority
        return None

    def slots_until(self, priority: Priority) -> int:
        """Return how many slots are released up to that of a new waiter: many rounds of turns at a time."""
        if not self.waiting:
            return 1
        waiting = self._waiting_by_priority.copy()
        waiting[priority] += 1
        slot = self.slots_taken
        while True:
            shares = {each: _WEIGHTS[each] for each in Priority if waiting[each]}
            highest = min(shares)
            shares[highest] += len(_TURNS) - sum(shares.values())
            # as many rounds as no queue runs empty in, and the new waiter is not yet served in
            rounds = min((waiting[each] - (each == priority)) // share for each, share in shares.items())
            for each, share in shares.items():
                waiting[each] -= rounds * share
            slot += rounds * len(_TURNS)
            while all(waiting[each] for each in shares):
                turn = _TURNS[slot % len(_TURNS)]
                served = turn if turn in shares else highest
                waiting[served] -= 1
                slot += 1
            if not waiting[priority]:
                return slot - self.slots_taken

    def _change_waiting(self, priority: int, change: int) -> None:
        self._waiting_by_priority[priority] += change
        self.waiting += change
