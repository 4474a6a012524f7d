"""What waiting costs: the memory of each waiter, and the CPU of the client while no deployment changes.

``python benchmarks/waiters.py [WAITERS]``: 5,000 waiters in one client, on a local Edgegap in a separate process whose
deployments do not become ready during the run. The memory includes the task of the waiter. The client polls within the
documented rate of the list.
"""

from __future__ import annotations

import asyncio
import gc
import sys
import time
import tracemalloc

from processes import served

from edgegap_async import EdgegapClient

SECONDS = 15.0


async def main(waiters: int) -> None:
    async with (
        served("local.py", "none", "0.0", "3600") as (url, token),
        EdgegapClient(token, base_url=url, rate_limits={"deploy": 1e5}) as edgegap,
    ):
        slots = asyncio.Semaphore(100)

        async def create() -> str:
            async with slots:
                return (await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"], timeout=600)).request_id

        ids = await asyncio.gather(*(create() for _ in range(waiters)))
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        waiting = [asyncio.create_task(edgegap.deployments.wait_until_ready(id, timeout=3600)) for id in ids]
        await asyncio.sleep(0.05)
        gc.collect()
        memory = (tracemalloc.get_traced_memory()[0] - before) / waiters
        tracemalloc.stop()
        await asyncio.sleep(5)
        began, cpu, requests = time.perf_counter(), time.process_time(), edgegap.stats().requests
        await asyncio.sleep(SECONDS)
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        rate = (edgegap.stats().requests - requests) / took
        sys.stdout.write(
            f"{waiters} waiters: {memory:.0f} bytes each, {cpu / took:.1%} of a core, {rate:.1f} requests a second\n"
        )
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5000))
