"""What the rate limiter costs: the CPU of 200 waiters at 20 a second, and of an acquisition that does not wait.

``python benchmarks/limiter.py``: each is compared with the cheapest equivalent in plain asyncio, in the same run.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from edgegap_async.limits import TokenBucket

WAITERS = 200
RATE = 20.0
FREE_SLOTS = 100_000


async def cpu_seconds(work: Callable[[], Awaitable[object]]) -> float:
    began = time.process_time()
    await work()
    return time.process_time() - began


async def main() -> None:
    loop = asyncio.get_running_loop()

    async def sleepers() -> None:
        began = loop.time()
        await asyncio.gather(*(asyncio.sleep(began + index / RATE - loop.time()) for index in range(WAITERS)))

    async def waiters() -> None:
        bucket = TokenBucket(RATE)
        await asyncio.gather(*(bucket.acquire() for _ in range(WAITERS)))

    baseline, ours = await cpu_seconds(sleepers), await cpu_seconds(waiters)
    sys.stdout.write(
        f"{WAITERS} waiters at {RATE:g}/s: {ours / baseline:.2f} x the CPU of {WAITERS} calls of asyncio.sleep "
        f"({ours * 1e3:.1f} ms in {WAITERS / RATE:g} s)\n"
    )

    async def nothing(_timeout: float | None = None) -> float:
        return 0.0

    async def empty_coroutines() -> None:
        for _ in range(FREE_SLOTS):
            await nothing()

    async def free_slots() -> None:
        bucket = TokenBucket(1e9, 1e6)
        for _ in range(FREE_SLOTS):
            await bucket.acquire()

    baseline, ours = await cpu_seconds(empty_coroutines), await cpu_seconds(free_slots)
    microseconds = (ours - baseline) / FREE_SLOTS * 1e6
    sys.stdout.write(f"an acquisition that does not wait: {microseconds:.2f} us more than an empty coroutine\n")


if __name__ == "__main__":
    asyncio.run(main())
