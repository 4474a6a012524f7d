"""Decoding a page of the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import orjson

from benchmarks.bodies import PAGE_SIZE, page_body
from benchmarks.measuring import CPU, Work, cpu_figures, paired
from benchmarks.results import Figure, Goal
from benchmarks.workloads.base import Scale, Workload, absent, installed

_FLOOR: Final = "orjson.loads"
_WITHOUT_MODELS: Final = frozenset({"aiohttp + orjson", "sockets + orjson"})


async def measure(scale: Scale, loop: str) -> list[Figure]:
    pages = scale.choose(50, 2)
    body = page_body(1, PAGE_SIZE, 100 * PAGE_SIZE)
    peers = [peer for peer in installed() if peer.name not in _WITHOUT_MODELS]
    decoders: dict[str, Callable[[bytes], Sequence[object]]] = {
        _FLOOR: lambda body: orjson.loads(body)["data"],
        **{peer.name: peer.load().decode for peer in peers},
    }

    def work_of(decode: Callable[[bytes], Sequence[object]]) -> Work:
        async def work() -> None:
            for _ in range(pages):
                assert len(decode(body)) == PAGE_SIZE

        return work

    works = {name: work_of(decode) for name, decode in decoders.items()}
    pairs = await paired(works, floor=_FLOOR, rounds=scale.choose(21, 2), clock=CPU)
    return cpu_figures(pairs, pages * PAGE_SIZE, loop) + absent([("CPU", "x"), ("CPU each", "us")], loop)


WORKLOAD: Final = Workload(
    name="decoding",
    title="Decoding a row",
    about=(
        "A page of 100 deployments, from bytes to models: CPU time for a row, as a ratio to orjson.loads of the same "
        "bytes and in microseconds."
    ),
    measure=measure,
    goals=(Goal(quantity="CPU", at_most=1.5),),
)
