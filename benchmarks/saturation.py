"""How much of each documented rate limit the client uses under full load, and how many 429s it receives.

``python benchmarks/saturation.py [SECONDS]``: 50 tasks each deploy, get a status and list for 10 seconds, on a local
Edgegap that delays each request by up to 20 ms on its way, once for each of its three ways to count requests.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from processes import served

from edgegap_async import EdgegapClient
from edgegap_async.operations import DOCUMENTED_RATES, Bucket

TASKS = 50
JITTER = "0.020"


async def saturate(counting: str, seconds: float) -> None:
    async with served("local.py", counting, JITTER) as (url, token), EdgegapClient(token, base_url=url) as edgegap:
        request = await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"])
        await asyncio.sleep(1.1)  # so that this create is not counted in the first second
        before = edgegap.stats().buckets
        ends = time.monotonic() + seconds

        async def repeat(call: Callable[[], Awaitable[object]]) -> None:
            while time.monotonic() < ends:
                await call()

        calls: dict[Bucket, Callable[[], Awaitable[object]]] = {
            "deploy": lambda: edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"]),
            "status": lambda: edgegap.deployments.get(request.request_id),
            "list": lambda: edgegap.deployments.list(page_size=10).first(),
        }
        tasks = [asyncio.create_task(repeat(call)) for call in calls.values() for _ in range(TASKS)]
        await asyncio.sleep(ends - time.monotonic())
        after = edgegap.stats().buckets
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        shares = "  ".join(
            f"{name} {(after[name].requests - before[name].requests) / seconds / DOCUMENTED_RATES[name]:6.1%}"
            for name in calls
        )
        sys.stdout.write(f"{counting:8} {shares}   429s: {sum(after[name].rate_limited for name in calls)}\n")
        sys.stdout.flush()


async def main(seconds: float) -> None:
    sys.stdout.write(f"share of each documented rate used in {seconds:g} s, {TASKS} tasks on each, 20 ms of jitter\n")
    for counting in ("sliding", "fixed", "bucket"):
        await saturate(counting, seconds)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 10.0))
