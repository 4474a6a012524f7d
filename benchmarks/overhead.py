"""What the client costs: the CPU of a call as a ratio to bare aiohttp + orjson, alternating in one process.

``python benchmarks/overhead.py``: status calls one after the other, status calls 100 at a time, and a stream of 10,000
rows.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import sys
import time
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
from canned import ROWS
from processes import served

from edgegap_async import EdgegapClient

ROUNDS = 9
CALLS = 400
HEADERS = {"Authorization": "token benchmark"}

Work = Callable[[], Awaitable[None]]


async def compare(name: str, baseline: Work, ours: Work, operations: int) -> float:
    """Run both alternately, ``ROUNDS`` times after a warm-up; print and return the median ratio of their CPU time."""
    ratios, microseconds = [], []
    for round_number in range(ROUNDS + 1):
        spent = []
        for work in (baseline, ours):
            gc.collect()
            began = time.process_time()
            await work()
            spent.append(time.process_time() - began)
        if round_number:
            ratios.append(spent[1] / spent[0])
            microseconds.append(spent[0] / operations * 1e6)
    ratio = statistics.median(ratios)
    sys.stdout.write(
        f"{name:28} {ratio:5.2f} x  (rounds {min(ratios):.2f} to {max(ratios):.2f}; "
        f"the baseline took {statistics.median(microseconds):.0f} us)\n"
    )
    return ratio


async def main() -> None:
    async with (
        served("canned.py") as (url,),
        aiohttp.ClientSession() as session,
        EdgegapClient("benchmark", base_url=url, rate_limits=None) as edgegap,
    ):

        async def bare(path: str) -> object:
            async with session.get(url + path, headers=HEADERS) as response:
                return orjson.loads(await response.read())

        async def status() -> None:
            for _ in range(CALLS):
                await bare("/v1/status/61b1be8f54d9")

        async def our_status() -> None:
            for _ in range(CALLS):
                await edgegap.deployments.get("61b1be8f54d9")

        async def status_together() -> None:
            for _ in range(CALLS // 100):
                await asyncio.gather(*(bare("/v1/status/61b1be8f54d9") for _ in range(100)))

        async def our_status_together() -> None:
            for _ in range(CALLS // 100):
                await asyncio.gather(*(edgegap.deployments.get("61b1be8f54d9") for _ in range(100)))

        async def stream() -> None:
            page, rows = 1, 0
            while page:
                document = await bare(f"/v1/deployments?page={page}&limit=100")
                assert isinstance(document, dict)
                rows += len(document["data"])
                page = document["pagination"]["next_page_number"]
            assert rows == ROWS

        async def our_stream() -> None:
            assert len(await edgegap.deployments.list(order_by=None).collect()) == ROWS

        sys.stdout.write("CPU of the client relative to bare aiohttp + orjson without models\n")
        await compare("status call, one at a time", status, our_status, CALLS)
        await compare("status call, 100 at a time", status_together, our_status_together, CALLS)
        await compare("list of 10,000, each row", stream, our_stream, ROWS)


if __name__ == "__main__":
    asyncio.run(main())
