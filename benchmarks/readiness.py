"""How long many deployments take to be all ready, and how late each is noticed, with webhooks and without.

``python benchmarks/readiness.py [N ...]``: for 20, 200 and 1,000 deployments, ready 2 to 6 s after they are asked for,
on a local Edgegap in a process of its own that counts the documented limits. The bound is 40 deploys a second from the
first, plus each server's own time. How late one is noticed is measured against the moment the server itself names as
its start. Of "20 % lost" every fifth webhook is lost; the naive poller asks for each status once a second through the
same client.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, TypeAlias

from aiohttp import web
from processes import served

from edgegap_async import EdgegapClient, GameServer
from edgegap_async.operations import DOCUMENTED_RATES
from edgegap_async.webhooks import aiohttp_handler

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


@asynccontextmanager
async def client(token: str, url: str, *, hooked: bool) -> AsyncIterator[EdgegapClient]:
    """A client, with its webhooks served on this machine if it is to have them."""
    if not hooked:
        async with EdgegapClient(token, base_url=url) as edgegap:
            yield edgegap
        return
    application = web.Application()
    runner = web.AppRunner(application, access_log=None)
    handlers: list[Callable[[web.Request], Awaitable[web.Response]]] = []

    async def take(request: web.Request) -> web.Response:
        return await handlers[0](request)

    application.router.add_post("/{rest:.*}", take)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        async with EdgegapClient(token, base_url=url, webhook_url=f"http://{host}:{port}") as edgegap:
            handlers.append(aiohttp_handler(edgegap.webhooks))
            yield edgegap
    finally:
        await runner.cleanup()


async def measured(name: str, wait: Wait, number: int, *, hooked: bool = False, lost: str = "0") -> None:
    async with (
        served("local.py", "sliding", "0.0", "", lost) as (url, token),
        client(token, url, hooked=hooked) as edgegap,
    ):
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
            f"{number:5} {name:13} {wall:6.2f} s, {wall / bound:5.3f} x the bound; noticed late by "
            f"p50 {p50:6.3f} p95 {p95:6.3f} p99 {p99:6.3f} s; {stats.requests / number:4.2f} requests a server, "
            f"{stats.rate_limited} 429s, {cpu / wall:5.1%} of a core\n"
        )
        sys.stdout.flush()


async def main(numbers: list[int]) -> None:
    for number in numbers:
        await measured("this client", this_client, number)
        await measured("with webhooks", this_client, number, hooked=True)
        await measured("20 % lost", this_client, number, hooked=True, lost="0.2")
        await measured("naive poller", naive_poller, number)


if __name__ == "__main__":
    asyncio.run(main([int(text) for text in sys.argv[1:]] or [20, 200, 1000]))
