"""Real processes and a real Valkey server: one ends, is stopped for a while, or loses the store."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import edgegap_async.coordination
from benchmarks.own_valkey import OwnValkey
from edgegap_async.simulator import LocalEdgegap

ROOT = Path(__file__).parents[2]
DEPLOYS = 8


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(seed=1, time_to_ready=(0.5, 3.0)) as local:
        yield local


@attrs.define(eq=False)
class Worker:
    """A process that deploys servers; ``lines`` is what it printed, with the time."""

    process: asyncio.subprocess.Process
    lines: list[str] = attrs.field(factory=list[str])
    reading: asyncio.Task[None] | None = None

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    @property
    def led_at(self) -> float | None:
        return next((float(line.split()[1]) for line in self.lines if line.startswith("leader")), None)

    @property
    def is_open(self) -> bool:
        return any(line.startswith("open") for line in self.lines)

    async def read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode())

    async def report(self) -> dict[str, Any]:
        assert self.reading is not None
        await self.reading
        assert await self.process.wait() == 0
        return dict(json.loads(self.lines[-1]))


@pytest.fixture
async def workers(local: LocalEdgegap, mortal_valkey: OwnValkey) -> AsyncIterator[list[Worker]]:
    """Three processes that have joined, each of which deploys."""
    started: list[Worker] = []
    try:
        for _ in range(3):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.deploying_worker"),
                *(local.url, local.token, mortal_valkey.url, str(DEPLOYS), "0.2"),
                cwd=ROOT,
                stdout=asyncio.subprocess.PIPE,
            )
            worker = Worker(process)
            worker.reading = asyncio.create_task(worker.read())
            started.append(worker)
        async with asyncio.timeout(10):
            while not all(each.is_open for each in started) or not any(each.led_at for each in started):
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.4)
        yield started
    finally:
        for worker in started:
            if worker.process.returncode is None:
                worker.send(signal.SIGKILL)
            await worker.process.wait()
            assert worker.reading is not None
            await worker.reading


def leader_of(workers: list[Worker]) -> Worker:
    return next(each for each in workers if each.led_at is not None)


async def check(workers: list[Worker], local: LocalEdgegap, *, longest: float) -> list[dict[str, Any]]:
    reports = await asyncio.gather(*(each.report() for each in workers))
    assert [each["failures"] for each in reports] == [[]] * len(workers)
    assert [len(each["late"]) for each in reports] == [DEPLOYS] * len(workers)
    assert max(seconds for each in reports for seconds in each["late"]) < longest
    assert sum(request.status == 429 for request in local.requests) == 0
    return reports


async def test_others_go_on_when_the_leader_is_killed(workers: list[Worker], local: LocalEdgegap) -> None:
    leader = leader_of(workers)
    others = [each for each in workers if each is not leader]
    killed_at = time.time()
    leader.send(signal.SIGKILL)
    reports = await check(others, local, longest=2.5)
    assert min(each["requests"]["list"] + each["requests"]["status"] for each in reports) <= 4  # led by the other one
    took_over_at = min(each.led_at for each in others if each.led_at is not None)
    assert 0.5 < took_over_at - killed_at < 2


async def test_a_leader_that_is_stopped_for_a_while_goes_on(workers: list[Worker], local: LocalEdgegap) -> None:
    leader = leader_of(workers)
    leader.send(signal.SIGSTOP)
    await asyncio.sleep(3)
    leader.send(signal.SIGCONT)
    await check(workers, local, longest=5.0)
    assert sum(each.led_at is not None for each in workers) >= 2


async def test_processes_go_on_when_the_store_restarts(
    workers: list[Worker], local: LocalEdgegap, mortal_valkey: OwnValkey
) -> None:
    await asyncio.to_thread(mortal_valkey.kill)
    await asyncio.sleep(1)
    await asyncio.to_thread(mortal_valkey.restart)
    for report in await check(workers, local, longest=2.5):
        states = [state for _, state in report["states"]]
        assert states[:3] == ["shared", "lost", "shared"]


def test_no_wall_clock_is_read_so_that_those_of_the_processes_may_differ() -> None:
    for path in Path(next(iter(edgegap_async.coordination.__path__))).glob("*.py"):
        text = path.read_text()
        assert not [name for name in ("import time", "from time", "datetime.now", "utcnow") if name in text], path
