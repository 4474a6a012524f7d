"""Several processes deploy servers together: with a store that they share, what they do to the service and to it.

``python -m benchmarks.many_processes [--processes 4] [--deploys 250] [EVENT ...]`` runs each event, by default all:

- ``one-process``: one process without a store does all of the work, to compare with;
- ``together``: nothing happens;
- ``leader-killed``: the process that polls for all is killed in the middle;
- ``leader-paused``: it is stopped for three seconds (SIGSTOP), and goes on;
- ``store-killed``: the store is killed in the middle, and is back after ten seconds without its data;
- ``store-flushed``: the store loses its data in the middle.

The service is a local Edgegap that counts the documented limits in a sliding window of a second. Prints a table, and
exits with 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from benchmarks.machine import ROOT
from benchmarks.own_valkey import OwnValkey
from benchmarks.results import quantile
from edgegap_async.operations import DOCUMENTED_RATES
from edgegap_async.simulator import LocalEdgegap

_SECONDS_IN_USE: Final = 0.5
_STORE_AWAY_SECONDS: Final = 10.0


@attrs.define
class Run:
    """One run: the processes, and what they print.

    Attributes:
        store: The store, None without one.
        deploys: How many servers each process deploys.
        processes: The processes that were started.
        leaders: When each process became the one that polls for all.
        is_open: Set as soon as all processes deploy.
        happened_at: When the event happened, in seconds since 1970.
        back_at: When the store was back.
    """

    store: OwnValkey | None
    deploys: int
    processes: list[asyncio.subprocess.Process] = attrs.field(factory=list[asyncio.subprocess.Process])
    leaders: list[tuple[float, int]] = attrs.field(factory=list[tuple[float, int]])
    is_open: asyncio.Event = attrs.field(factory=asyncio.Event)
    happened_at: float = 0.0
    back_at: float = 0.0

    async def work(self, local: LocalEdgegap) -> Mapping[str, Any] | None:
        """Run one process; return what it reports at its end, None if it was killed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.deploying_worker", local.url, local.token),
            *("" if self.store is None else self.store.url, str(self.deploys), str(_SECONDS_IN_USE)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
        )
        self.processes.append(process)
        assert process.stdout is not None
        report = None
        try:
            async for line in process.stdout:
                match line.split():
                    case [b"leader", at]:
                        self.leaders.append((float(at), process.pid))
                    case [b"open", _]:
                        self.is_open.set()
                    case _:
                        report = json.loads(line)
            await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return report


Event: TypeAlias = Callable[[Run], Awaitable[None]]


async def _nothing(_: Run) -> None:
    pass


async def _kill_leader(run: Run) -> None:
    run.happened_at = time.time()
    os.kill(run.leaders[-1][1], signal.SIGKILL)


async def _pause_leader(run: Run) -> None:
    run.happened_at, leader = time.time(), run.leaders[-1][1]
    os.kill(leader, signal.SIGSTOP)
    await asyncio.sleep(3)
    os.kill(leader, signal.SIGCONT)


async def _kill_store(run: Run) -> None:
    assert run.store is not None
    run.happened_at = time.time()
    await asyncio.to_thread(run.store.kill)
    await asyncio.sleep(_STORE_AWAY_SECONDS)
    await asyncio.to_thread(run.store.restart)
    run.back_at = time.time()


async def _flush_store(run: Run) -> None:
    assert run.store is not None
    run.happened_at = time.time()
    await asyncio.to_thread(run.store.admin.flushall)


EVENTS: Final[Mapping[str, Event]] = {
    "one-process": _nothing,
    "together": _nothing,
    "leader-killed": _kill_leader,
    "leader-paused": _pause_leader,
    "store-killed": _kill_store,
    "store-flushed": _flush_store,
}


@attrs.frozen(kw_only=True)
class Outcome:
    """What a run did, and what it took.

    Attributes:
        event: The name of the event.
        deployed: Servers that were created.
        noticed: Servers that a process knew to be ready.
        failures: Deployments that raised an error.
        refused: Responses with status 429.
        deploy_rate: Creates a second, from the first to the last.
        late: After how many seconds 99 % were noticed.
        polls: Status and list requests.
        round_trips: Requests to the store, for each request to the service.
        takeover: Seconds from the loss of the leader to the next, None if none was lost.
        rejoined: Seconds from the return of the store until all processes share again, None if it was not away.
        alive: Servers that run at the end although their process does.
    """

    event: str
    deployed: int
    noticed: int
    failures: int
    refused: int
    deploy_rate: float
    late: float
    polls: int
    round_trips: float
    takeover: float | None
    rejoined: float | None
    alive: int


async def measure(event: str, processes: int, deploys: int, time_to_ready: tuple[float, float] = (2, 6)) -> Outcome:
    """Run an event.

    Args:
        event: Its name.
        processes: How many processes deploy.
        deploys: How many servers each of them deploys.
        time_to_ready: After how many seconds the servers are ready.
    """
    if event == "one-process":
        processes, deploys = 1, processes * deploys
    store = None if event == "one-process" else await asyncio.to_thread(OwnValkey)
    run = Run(store, deploys)
    gc.collect()
    gc.disable()  # what arrives while this process stands still would count as one burst
    try:
        async with LocalEdgegap(seed=1, time_to_ready=time_to_ready) as local:
            tasks = [asyncio.create_task(run.work(local)) for _ in range(processes)]
            await run.is_open.wait()
            await asyncio.sleep(min(processes * deploys / DOCUMENTED_RATES["deploy"] / 2, 8))
            await EVENTS[event](run)
            reports = [report for report in await asyncio.gather(*tasks) if report is not None]
            return _outcome(event, run, local, reports)
    finally:
        gc.enable()
        if store is not None:
            await asyncio.to_thread(store.stop)


def _outcome(event: str, run: Run, local: LocalEdgegap, reports: list[Mapping[str, Any]]) -> Outcome:
    creates = [request.at for request in local.requests if request.operation_id == "v2-deployment-create"]
    counts = Counter(request.operation_id for request in local.requests)
    late = [seconds for report in reports for seconds in report["late"]]
    lost = run.happened_at if event in {"leader-killed", "leader-paused"} else None
    shared = [at for report in reports for at, state in report["states"] if state == "shared" and at > run.happened_at]
    killed = run.deploys if event == "leader-killed" else 0
    created_by_killed = len(creates) - len(late) if killed else 0
    return Outcome(
        event=event,
        deployed=len(creates),
        noticed=len(late),
        failures=sum(len(report["failures"]) for report in reports),
        refused=sum(request.status == 429 for request in local.requests),
        deploy_rate=(len(creates) - 1) / (creates[-1] - creates[0]),
        late=quantile(late, 0.99),
        polls=counts["deployment-list"] + counts["deployment-get"],
        round_trips=sum(report["round_trips"] for report in reports) / len(local.requests),
        takeover=min((at - lost for at, _ in run.leaders if at > lost), default=None) if lost is not None else None,
        rejoined=max(shared) - run.back_at if run.back_at else None,
        alive=max(len(local.deployments) - created_by_killed, 0),
    )


GOALS: Final[Mapping[str, Callable[[Outcome], bool]]] = {
    "no response with status 429": lambda outcome: not outcome.refused,
    "no failure, and every server noticed and stopped": lambda outcome: not outcome.failures and not outcome.alive,
    "at least 90 % of the deploy rate": lambda outcome: (
        outcome.event.startswith("store-killed") or outcome.deploy_rate >= 0.9 * DOCUMENTED_RATES["deploy"]
    ),
    "99 % noticed within 0.5 s": lambda outcome: outcome.event != "together" or outcome.late <= 0.5,
    "1.1 round trips to the store for a request": lambda outcome: outcome.round_trips <= 1.1,
    "the next leader within 2 s": lambda outcome: outcome.takeover is None or outcome.takeover < 2,
    "shared again within 2 s": lambda outcome: outcome.rejoined is None or outcome.rejoined < 2,
}


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as a table in Markdown."""
    rows = [
        "| | created | noticed | 429s | creates a second | 99 % noticed within | status and list requests | "
        "round trips for a request | next leader | shared again |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for each in outcomes:
        cells = (
            each.event.replace("-", " "),
            each.deployed,
            each.noticed,
            each.refused,
            f"{each.deploy_rate:.1f}",
            f"{each.late:.2f} s",
            each.polls,
            f"{each.round_trips:.2f}",
            "" if each.takeover is None else f"{each.takeover:.1f} s",
            "" if each.rejoined is None else f"{each.rejoined:.1f} s",
        )
        rows.append(f"| {' | '.join(str(cell) for cell in cells)} |")
    return "\n".join(rows)


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--deploys", type=int, default=250)
    parser.add_argument("events", nargs="*", metavar="EVENT", choices=[*EVENTS, []])
    options = parser.parse_args()
    outcomes = [await measure(event, options.processes, options.deploys) for event in options.events or EVENTS]
    print(table(outcomes), end="\n\n")
    missed = [
        f"{outcome.event}: missed: {goal}"
        for outcome in outcomes
        for goal, is_met in GOALS.items()
        if not is_met(outcome)
    ]
    alone = next((outcome for outcome in outcomes if outcome.event == "one-process"), None)
    together = next((outcome for outcome in outcomes if outcome.event == "together"), None)
    if alone is not None and together is not None:
        ratio = together.polls / alone.polls
        print(f"status and list requests, relative to one process: {ratio:.2f}")
        if ratio > 1.2:
            missed.append("missed: at most 1.2 times the status and list requests of one process")
    print("\n".join(missed) or "all goals are met")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
