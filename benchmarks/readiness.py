"""How long many deployments take to be all ready, and how late each is noticed, by this client and a naive poller.

``python benchmarks/readiness.py [N ...]``: for 20, 200 and 1,000 deployments, ready 2 to 6 s after they are asked for,
on a local Edgegap in a process of its own that counts the documented limits. The bound is 40 deploys a second from the
first, plus each server's own time. How late one is noticed is measured against the moment the server itself names as
its start. The naive poller asks for each status once a second through the same client.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from processes import served

from edgegap_async import EdgegapClient, GameServer
from edgegap_async.operations import DOCUMENTED_RATES

Wait: TypeAlias = Callable[[EdgegapClient, str], Awaitable[GameServer]]

USERS: Final = ["203.0.113.7"]
TIMEOUT: Final = 600.0


async def this_client(edgegap: EdgegapClient, request_id: str) -> GameServer:
    return await edgegap.deployments.wait_until_ready(request_id, timeout=TIMEOUT)


async def naive_poller(edgegap: EdgegapClient, request_id: str) -> GameServer:
    while True:
        seen = await edgegap.deployments.get(request_id, timeout=TIMEOUT)
        if seen.is_reachable:
            return seen.server()
        await asyncio.sleep(1)


async def measured(name: str, wait: Wait, number: int) -> None:
    async with served("local.py", "sliding", "0.0") as (url, token), EdgegapClient(token, base_url=url) as edgegap:
        late: list[float] = []
        own: list[float] = []
        began, cpu = time.time(), time.process_time()

        async def one() -> None:
            request = await edgegap.deployments.create("kart", "v1.2", users=USERS, timeout=TIMEOUT)
            place, created = len(own), time.time()
            own.append(0.0)
            server = await wait(edgegap, request.request_id)
            noticed = time.time()
            assert server.start_time is not None
            late.append(noticed - server.start_time.timestamp())
            own[place] = server.start_time.timestamp() - created

        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(one())
        wall, cpu = time.time() - began, time.process_time() - cpu
        stats = edgegap.stats()
        bound = max(place / DOCUMENTED_RATES["deploy"] + seconds for place, seconds in enumerate(own))
        late.sort()
        p50, p95, p99 = (late[min(int(share * number), number - 1)] for share in (0.5, 0.95, 0.99))
        sys.stdout.write(
            f"{number:5} {name:12} {wall:6.2f} s, {wall / bound:5.3f} x the bound; noticed late by "
            f"p50 {p50:6.3f} p95 {p95:6.3f} p99 {p99:6.3f} s; {stats.requests / number:4.2f} requests a server, "
            f"{stats.rate_limited} 429s, {cpu / wall:5.1%} of a core\n"
        )
        sys.stdout.flush()


async def main(numbers: list[int]) -> None:
    for number in numbers:
        for name, wait in (("this client", this_client), ("naive poller", naive_poller)):
            await measured(name, wait, number)


if __name__ == "__main__":
    asyncio.run(main([int(text) for text in sys.argv[1:]] or [20, 200, 1000]))
