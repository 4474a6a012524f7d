"""What waiting costs: the memory of each wait, and the CPU of the client while no deployment changes."""

from __future__ import annotations

import asyncio
import gc
import time
import tracemalloc
from typing import Final

from benchmarks.processes import served
from benchmarks.results import OURS, Figure
from benchmarks.workloads.base import Scale, Workload
from edgegap_async import EdgegapClient


async def measure(scale: Scale, loop: str) -> list[Figure]:
    waits = scale.choose(5_000, 20)
    async with (
        served("local", "none", "0.0", "3600") as (url, token),
        EdgegapClient(token, base_url=url, rate_limits={"deploy": 1e5}) as edgegap,
    ):
        slots = asyncio.Semaphore(100)

        async def create() -> str:
            async with slots:
                return (await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"], timeout=600)).request_id

        ids = await asyncio.gather(*(create() for _ in range(waits)))
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        waiting = [asyncio.create_task(edgegap.deployments.wait_until_ready(id, timeout=3600)) for id in ids]
        await asyncio.sleep(0.05)
        gc.collect()
        memory = (tracemalloc.get_traced_memory()[0] - before) / waits
        tracemalloc.stop()
        await asyncio.sleep(scale.choose(5, 0.1))
        began, cpu, requests = time.perf_counter(), time.process_time(), edgegap.stats().requests
        await asyncio.sleep(scale.choose(15, 0.3))
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        rate = (edgegap.stats().requests - requests) / took
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    return [
        Figure(subject=OURS, quantity="memory each", unit="bytes", samples=(memory,), loop=loop),
        Figure(subject=OURS, quantity="of a core", unit="%", samples=(cpu / took * 100,), loop=loop),
        Figure(subject=OURS, quantity="requests a second", unit="", samples=(rate,), loop=loop),
    ]


WORKLOAD: Final = Workload(
    name="idle-waits",
    title="5,000 waits",
    about=(
        "5,000 waits in one client, within the documented rate of the list, while no deployment changes: the memory of "
        "each with its task, and the client's CPU time over 15 seconds."
    ),
    measure=measure,
)
