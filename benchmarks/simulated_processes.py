"""What several processes that share a coordination store send to the service and to the store.

``python -m benchmarks.simulated_processes --processes 1,4,20,200 --waiters 50000``: clients, each with a handle of its
own, in one event loop with virtual time, wait for so many servers at once, and create another one for each that is
ready. The local Edgegap enforces the documented limits in a sliding window. Each row is simulated with nothing
to wait for, with everything in order, with the leader dying in the middle, and with the store down for 10 s. All of it
follows from the seed.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from typing import Final, get_args

from benchmarks.simulated.sharing import EVENTS, Event, Load, Shared, measure

_BUCKETS: Final = ("deploy", "status", "list")

_HEAD: Final = (
    "processes",
    "waiters",
    "event",
    *(f"{bucket}/s" for bucket in _BUCKETS),
    "store/s",
    "beats/s",
    "reserves/s",
    "updates/s",
    "store/request",
    "messages/s",
    "received/s",
    "429",
    "notice p50",
    "notice p99",
    "takeovers",
    "errors",
)


def row(measured: Shared) -> list[str]:
    """Return the cells of a row."""
    load = measured.load
    sent = sum(measured.requests.values())
    return [
        f"{load.processes:,}",
        f"{load.waiters if load.event != 'idle' else 0:,}",
        load.event,
        *(f"{measured.requests.get(bucket, 0) / load.seconds:.1f}" for bucket in _BUCKETS),
        f"{measured.store_requests / load.seconds:.1f}",
        *(f"{each / load.seconds:.1f}" for each in (measured.heartbeats, measured.reservations, measured.updates)),
        f"{measured.store_requests / sent:.2f}" if sent else "",
        f"{measured.messages / load.seconds:.1f}",
        f"{measured.deliveries / load.seconds:,.0f}",
        str(measured.refused),
        _seconds(measured.delay(0.5)),
        _seconds(measured.delay(0.99)),
        str(measured.takeovers),
        ", ".join(f"{count} {name}" for name, count in measured.errors.items()),
    ]


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f} s"


def _line(cells: Sequence[str], *, markdown: bool) -> str:
    if markdown:
        return f"| {' | '.join(cells)} |\n"
    return "  ".join(cell.rjust(max(len(name), 7)) for cell, name in zip(cells, _HEAD, strict=True)).rstrip() + "\n"


def _numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=_numbers, default=[1, 4, 20], help="how many processes, with commas")
    parser.add_argument("--waiters", type=_numbers, default=[100], help="how many servers are awaited at once")
    parser.add_argument("--events", default=",".join(EVENTS), help="what happens, with commas")
    parser.add_argument("--seconds", type=float, default=30.0, help="for how long it is measured, in virtual time")
    parser.add_argument("--seed", type=int, default=1, help="the seed of all randomness")
    parser.add_argument("--markdown", action="store_true", help="print a table in Markdown")
    options = parser.parse_args()
    logging.getLogger("edgegap_async").setLevel(logging.CRITICAL)
    sys.stdout.write(_line(_HEAD, markdown=options.markdown))
    if options.markdown:
        sys.stdout.write(_line(["---"] * len(_HEAD), markdown=True))
    for processes in options.processes:
        for event in _events(options.events):
            for waiters in options.waiters if event != "idle" else [0]:
                began = time.perf_counter()
                load = Load(
                    processes=processes, waiters=waiters, event=event, seed=options.seed, seconds=options.seconds
                )
                sys.stdout.write(_line(row(measure(load)), markdown=options.markdown))
                sys.stdout.flush()
                sys.stderr.write(f"({time.perf_counter() - began:.1f} s)\n")
    return 0


def _events(text: str) -> list[Event]:
    chosen = text.split(",")
    return [each for each in get_args(Event) if each in chosen]


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of strings have another order in each process
        program = [sys.executable, "-m", "benchmarks.simulated_processes", *sys.argv[1:]]
        os.execve(sys.executable, program, {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
