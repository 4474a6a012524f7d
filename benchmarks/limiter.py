"""What waiting for a rate costs: CPU and wake-ups of 200 waiters at 20 a second, and of a slot that is free.

``python benchmarks/limiter.py``: the floor of each is the least that asyncio itself can do for it in the same run.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from edgegap_async.limits import TokenBucket

WAITERS = 200
RATE = 20.0
FREE = 100_000


async def spent(work: Callable[[], Awaitable[object]]) -> float:
    began = time.process_time()
    await work()
    return time.process_time() - began


async def main() -> None:
    loop = asyncio.get_running_loop()

    async def sleepers() -> None:
        began = loop.time()
        await asyncio.gather(*(asyncio.sleep(began + place / RATE - loop.time()) for place in range(WAITERS)))

    async def waiters() -> None:
        bucket = TokenBucket(RATE)
        await asyncio.gather(*(bucket.acquire() for _ in range(WAITERS)))

    floor, ours = await spent(sleepers), await spent(waiters)
    sys.stdout.write(
        f"{WAITERS} waiters at {RATE:g}/s: {ours / floor:.2f} x the CPU of {WAITERS} bare sleeps "
        f"({ours * 1e3:.1f} ms in {WAITERS / RATE:g} s)\n"
    )

    async def nothing(_timeout: float | None = None) -> float:
        return 0.0

    async def bare() -> None:
        for _ in range(FREE):
            await nothing()

    async def free() -> None:
        bucket = TokenBucket(1e9, 1e6)
        for _ in range(FREE):
            await bucket.acquire()

    floor, ours = await spent(bare), await spent(free)
    sys.stdout.write(f"a slot that is free: {(ours - floor) / FREE * 1e6:.2f} us over an empty coroutine\n")


if __name__ == "__main__":
    asyncio.run(main())
