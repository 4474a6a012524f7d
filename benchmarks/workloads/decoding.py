"""Decoding a page of the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import orjson

from benchmarks.bodies import PAGE_SIZE, documented_page_body, page_body
from benchmarks.measuring import CPU, Work, cpu_figures, paired
from benchmarks.results import Figure, Goal, Unit
from benchmarks.workloads.base import Scale, Workload, absent, installed

_FLOOR: Final = "orjson.loads"
_WITHOUT_MODELS: Final = frozenset({"aiohttp + orjson", "sockets + orjson"})
_ALL_FIELDS: Final = "all fields"
_BODIES: Final = {
    "CPU": page_body(1, PAGE_SIZE, PAGE_SIZE),
    _ALL_FIELDS: documented_page_body(),
    "guard's tags": documented_page_body(guard_tags=True),
    "unknown field": documented_page_body(unknown_field=True),
}
_QUANTITIES: Final[list[tuple[str, Unit]]] = [("CPU", "x"), ("CPU each", "us"), *((name, "x") for name in _BODIES)]

Decode = Callable[[bytes], Sequence[object]]


async def measure(scale: Scale, loop: str) -> list[Figure]:
    pages = scale.choose(50, 2)
    decoders: dict[str, Decode] = {
        _FLOOR: lambda body: orjson.loads(body)["data"],
        **{peer.name: peer.load().decode for peer in installed() if peer.name not in _WITHOUT_MODELS},
    }

    def work_of(decode: Decode, body: bytes) -> Work:
        async def work() -> None:
            for _ in range(pages):
                assert len(decode(body)) == PAGE_SIZE

        return work

    figures: list[Figure] = []
    for quantity, body in _BODIES.items():
        works = {name: work_of(decode, body) for name, decode in decoders.items()}
        pairs = await paired(works, floor=_FLOOR, rounds=scale.choose(21, 2), clock=CPU)
        if quantity == "CPU":
            figures += cpu_figures(pairs, pages * PAGE_SIZE, loop)
        else:
            figures += [
                Figure(subject=name, quantity=quantity, unit="x", samples=each.ratios, loop=loop)
                for name, each in pairs.items()
                if name != _FLOOR
            ]
    return figures + absent(list(dict.fromkeys(_QUANTITIES)), loop)


WORKLOAD: Final = Workload(
    name="decoding",
    title="Decoding a row",
    about=(
        "A page of 100 deployments, from bytes to models: CPU time for a row, as a ratio to orjson.loads of the same "
        "bytes and in microseconds. The rows are those of the stream; rows with two ports and all fields that the "
        "service's page shows; those with a tag of the deploy guard in each; and those with a field that no document "
        "lists."
    ),
    measure=measure,
    goals=(Goal(quantity="CPU", at_most=1.5), Goal(quantity=_ALL_FIELDS, at_most=1.5)),
)
