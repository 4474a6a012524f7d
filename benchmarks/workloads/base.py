"""What every workload is, and what those that compare clients share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias, TypeVar

import attrs

from benchmarks.bodies import row_id
from benchmarks.measuring import CPU, Check, Work, cpu_figures, loop_factory, paired, unchecked
from benchmarks.peers import FLOOR, PEERS, Peer, PeerInfo
from benchmarks.processes import served
from benchmarks.results import OURS, Figure, Goal, Result, Unit, not_measured

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class Scale:
    """How much work a workload does.

    Attributes:
        quick: Whether only to show that it works: its figures then mean nothing.
    """

    quick: bool = False

    def choose(self, full: T, quick: T) -> T:
        """Return the first value, or the second for a quick run."""
        return quick if self.quick else full


Measure: TypeAlias = Callable[[Scale, str], Coroutine[Any, Any, list[Figure]]]
"""Measures on the running event loop, which the second argument names."""


@attrs.frozen(kw_only=True)
class Workload:
    """One kind of work.

    Attributes:
        name: What the command line calls it.
        title: What is done, as a heading.
        about: What its quantities mean, in a few sentences.
        measure: Does the work and returns the figures.
        goals: What the figures must not exceed.
        loops: The event loops to measure on.
    """

    name: str
    title: str
    about: str
    measure: Measure
    goals: tuple[Goal, ...] = ()
    loops: tuple[str, ...] = ("asyncio",)

    def run(self, scale: Scale) -> Result:
        """Measure on each of the event loops."""
        figures: list[Figure] = []
        for loop in self.loops:
            factory = loop_factory(loop)
            if factory is None:
                quantities: list[tuple[str, Unit]] = [(goal.quantity, "") for goal in self.goals]
                figures += not_measured(OURS, dict.fromkeys(quantities), loop, f"not installed ({loop})")
                continue
            with asyncio.Runner(loop_factory=factory) as runner:
                figures += runner.run(self.measure(scale, loop))
        return self.result(figures)

    def result(self, figures: Iterable[Figure]) -> Result:
        """Return figures together with what they are about and the goals."""
        return Result(name=self.name, title=self.title, about=self.about, figures=tuple(figures), goals=self.goals)


def installed(peers: Sequence[PeerInfo] = PEERS) -> list[PeerInfo]:
    """Return the peers whose packages are installed."""
    return [peer for peer in peers if not peer.missing]


@asynccontextmanager
async def opened(url: str, peers: Sequence[PeerInfo], *, limited: bool = False) -> AsyncIterator[dict[str, Peer]]:
    """Open a client of each peer, all for the same server."""
    async with AsyncExitStack() as stack:
        yield {peer.name: await stack.enter_async_context(peer.load().open(url, limited=limited)) for peer in peers}


async def compare_clients(
    work_of: Callable[[Peer], Work],
    *,
    loop: str,
    operations: int,
    rounds: int,
    rows: int = 0,
    check: Check = unchecked,
) -> list[Figure]:
    """Compare the CPU time of the same work done by each client.

    Args:
        work_of: Returns the work of one round for a client.
        loop: The name of the event loop.
        operations: How many operations the work consists of.
        rounds: How many rounds are counted.
        rows: The length of the server's list.
        check: Raises if the result of the work is wrong.
    """
    async with served("loopback", str(rows)) as (url,), opened(url, installed()) as clients:
        works = {name: work_of(client) for name, client in clients.items()}
        pairs = await paired(works, floor=FLOOR, rounds=rounds, clock=CPU, check=check)
    figures = cpu_figures(pairs, operations, loop)
    return figures + absent([("CPU", "x"), ("CPU each", "us")], loop)


def absent(quantities: Sequence[tuple[str, Unit]], loop: str, peers: Sequence[PeerInfo] = PEERS) -> list[Figure]:
    """Return the figures of the peers whose packages are not installed.

    Args:
        quantities: The quantities that they would have, with their units.
        loop: The name of the event loop.
        peers: The peers of the workload.
    """
    return [
        figure for peer in peers if peer.missing for figure in not_measured(peer.name, quantities, loop, peer.missing)
    ]


def stream_of(client: Peer) -> Work:
    """Return the work of streaming the server's list; its result are the request ids of the rows."""

    async def work() -> list[str]:
        ids: list[str] = []
        await client.rows(ids.append)
        return ids

    return work


def row_check(rows: int) -> Check:
    """Return a check that a stream has given each row of the server's list once, in order; it raises AssertionError."""
    expected = [row_id(index) for index in range(rows)]

    def check(ids: list[str]) -> None:
        if ids != expected:
            raise AssertionError(f"{len(ids)} rows instead of {rows}, or others than those of the list")

    return check
