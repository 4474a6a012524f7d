"""100 pages of a service that takes 300 ms for each, under the documented limit of 10 lists a second."""

from __future__ import annotations

from typing import Final

from benchmarks.bodies import PAGE_SIZE
from benchmarks.measuring import WALL, seconds_of
from benchmarks.peers import PEERS
from benchmarks.processes import served
from benchmarks.results import Figure, Goal, Unit, not_measured
from benchmarks.workloads.base import Scale, Workload, absent, installed, opened, row_check, stream_of
from edgegap_async.operations import DOCUMENTED_RATES

_TIME: Final = "time"
_BOUND: Final = "time / bound"
_QUANTITIES: Final[list[tuple[str, Unit]]] = [(_BOUND, "x"), (_TIME, "s")]


async def measure(scale: Scale, loop: str) -> list[Figure]:
    pages = scale.choose(100, 3)
    delay = scale.choose(0.3, 0.01)
    bound = (pages - 1) / DOCUMENTED_RATES["list"] + delay
    with_limits = [peer for peer in PEERS if peer.has_limits]
    figures: list[Figure] = []
    async with served("loopback", str(pages * PAGE_SIZE), str(delay)) as (url,):
        for peer in installed(with_limits):
            seconds = []
            for _ in range(scale.choose(3, 1)):
                async with opened(url, [peer], limited=True) as clients:
                    seconds.append(await seconds_of(stream_of(clients[peer.name]), WALL, row_check(pages * PAGE_SIZE)))
            ratios = tuple(each / bound for each in seconds)
            figures += [
                Figure(subject=peer.name, quantity=_BOUND, unit="x", samples=ratios, loop=loop),
                Figure(subject=peer.name, quantity=_TIME, unit="s", samples=tuple(seconds), loop=loop),
            ]
    without = [peer for peer in PEERS if not peer.has_limits]
    figures += absent(_QUANTITIES, loop, with_limits)
    for peer in without:
        figures += not_measured(peer.name, _QUANTITIES, loop, "has no rate limits")
    return figures


WORKLOAD: Final = Workload(
    name="limited-pages",
    title="100 pages at 300 ms each, 10 a second",
    about=(
        "Wall-clock time to stream 10,000 deployments under the documented limit of 10 lists a second, from a service "
        "that responds after 300 ms. The bound is what 10 requests a second allow: 9.9 s until the last request, and "
        "0.3 s for its response."
    ),
    measure=measure,
    goals=(Goal(quantity=_BOUND, at_most=1.10),),
)
