"""How much of each documented rate limit the client uses under full load, and how many 429s it receives."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

from benchmarks.processes import served
from benchmarks.results import Figure
from benchmarks.workloads.base import Scale, Workload
from edgegap_async import EdgegapClient
from edgegap_async.operations import DOCUMENTED_RATES, Bucket

_COUNTINGS: Final = ("sliding", "fixed", "bucket")
_JITTER: Final = "0.020"
_USERS: Final = ["203.0.113.7"]


async def measure(scale: Scale, loop: str) -> list[Figure]:
    figures: list[Figure] = []
    for counting in scale.choose(_COUNTINGS, _COUNTINGS[:1]):
        figures += await _saturate(counting, scale.choose(10.0, 0.5), scale.choose(50, 3), loop)
    return figures


async def _saturate(counting: str, seconds: float, tasks_of_each: int, loop: str) -> list[Figure]:
    async with served("local", counting, _JITTER) as (url, token), EdgegapClient(token, base_url=url) as edgegap:
        request = await edgegap.deployments.create("kart", "v1.2", users=_USERS)
        await asyncio.sleep(1.1)  # so that this create is not counted in the first second
        before = edgegap.stats().buckets
        ends = time.monotonic() + seconds

        async def repeat(call: Callable[[], Awaitable[object]]) -> None:
            while time.monotonic() < ends:
                await call()

        calls: dict[Bucket, Callable[[], Awaitable[object]]] = {
            "deploy": lambda: edgegap.deployments.create("kart", "v1.2", users=_USERS),
            "status": lambda: edgegap.deployments.get(request.request_id),
            "list": lambda: edgegap.deployments.list(page_size=10).first(),
        }
        tasks = [asyncio.create_task(repeat(call)) for call in calls.values() for _ in range(tasks_of_each)]
        await asyncio.sleep(ends - time.monotonic())
        after = edgegap.stats().buckets
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    shares = {name: (after[name].requests - before[name].requests) / seconds / DOCUMENTED_RATES[name] for name in calls}
    subject = f"counted as {counting}"
    return [
        *(
            Figure(subject=subject, quantity=f"{name} rate used", unit="%", samples=(share * 100,), loop=loop)
            for name, share in shares.items()
        ),
        Figure(
            subject=subject,
            quantity="429s",
            unit="",
            samples=(float(sum(after[name].rate_limited for name in calls)),),
            loop=loop,
        ),
    ]


WORKLOAD: Final = Workload(
    name="saturation",
    title="All of the rate limits",
    about=(
        "50 tasks each deploy, get a status and list for 10 seconds, on a local Edgegap that delays each request by up "
        "to 20 ms on its way, once for each of its three ways to count requests: the share of each documented rate "
        "that is used, and the responses with status 429."
    ),
    measure=measure,
)
