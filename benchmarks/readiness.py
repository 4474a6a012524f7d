"""How long many deployments take to be all ready, and how late each is noticed, with webhooks and without.

``python benchmarks/readiness.py [N ...] [--picture FILE]``: for 20, 200 and 1,000 deployments, ready 2 to 6 s after
they are asked for, on a local Edgegap in a process of its own that counts the documented limits. The bound is 40
deploys a second from the first, plus each server's own time. How late one is noticed is measured against the moment
the server itself names as its start. Of "20 % lost" every fifth webhook is lost. "own calls" has a caller beside it
who asks for a status and a page of the list four times a second: what each of these calls took, its wait for a slot
included. The naive poller asks for each status once a second through the same client. The picture, drawn by matplotlib
(extra ``report``), shows how late the servers were noticed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias

import attrs
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


@attrs.frozen(kw_only=True)
class Way:
    """One way to wait; ``lost`` is the share of webhooks that are."""

    name: str
    wait: Wait = this_client
    hooked: bool = False
    lost: float = 0.0
    called: bool = False


WAYS: Final = (
    Way(name="this client"),
    Way(name="own calls", called=True),
    Way(name="with webhooks", hooked=True),
    Way(name="20 % lost", hooked=True, lost=0.2),
    Way(name="naive poller", wait=naive_poller),
)


@attrs.frozen(kw_only=True)
class Result:
    """What came of one way; ``late`` and ``own`` (what calls of one's own took) are in seconds and in order."""

    way: Way
    number: int
    wall: float
    bound: float
    late: Sequence[float]
    own: Sequence[float]
    requests: int
    rate_limited: int
    cpu: float

    def __str__(self) -> str:
        text = (
            f"{self.number:5} {self.way.name:13} {self.wall:6.2f} s, {self.wall / self.bound:5.3f} x the bound; "
            f"noticed late by p50 {at(self.late, 0.5):6.3f} p95 {at(self.late, 0.95):6.3f} "
            f"p99 {at(self.late, 0.99):6.3f} s; {self.requests / self.number:4.2f} requests a server, "
            f"{self.rate_limited} 429s, {self.cpu / self.wall:5.1%} of a core"
        )
        if self.own:
            text += f"; {len(self.own)} own calls took p50 {at(self.own, 0.5):5.3f}, {self.own[-1]:5.3f} s at most"
        return text


def at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


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


async def calls(edgegap: EdgegapClient, request_ids: Sequence[str], took: list[float]) -> None:
    """What somebody does who does not wait for servers: a status and a page of the list, again and again."""

    async def timed(call: Callable[[], Awaitable[object]]) -> None:
        began = time.perf_counter()
        await call()
        took.append(time.perf_counter() - began)

    while True:
        await asyncio.sleep(0.25)
        if request_ids:
            await asyncio.gather(
                timed(lambda: edgegap.deployments.get(request_ids[-1])),
                timed(lambda: edgegap.deployments.list().first()),
            )


async def measured(way: Way, number: int) -> Result:
    async with (
        served("local.py", "sliding", "0.0", "", str(way.lost)) as (url, token),
        client(token, url, hooked=way.hooked) as edgegap,
    ):
        late: list[float] = []
        lives: list[float] = []
        request_ids: list[str] = []
        own: list[float] = []
        began, cpu = time.time(), time.process_time()
        caller = asyncio.create_task(calls(edgegap, request_ids, own)) if way.called else None

        async def one() -> None:
            request = await edgegap.deployments.create("kart", "v1.2", users=USERS, timeout=TIMEOUT)
            request_ids.append(request.request_id)
            place, created = len(lives), time.time()
            lives.append(0.0)
            server = await way.wait(edgegap, request.request_id)
            noticed = time.time()
            assert server.start_time is not None
            late.append(noticed - server.start_time.timestamp())
            lives[place] = server.start_time.timestamp() - created

        async with asyncio.TaskGroup() as group:
            for _ in range(number):
                group.create_task(one())
        wall, cpu = time.time() - began, time.process_time() - cpu
        if caller is not None:
            caller.cancel()
            await asyncio.gather(caller, return_exceptions=True)
        stats = edgegap.stats()
        return Result(
            way=way,
            number=number,
            wall=wall,
            bound=max(place / DOCUMENTED_RATES["deploy"] + seconds for place, seconds in enumerate(lives)),
            late=sorted(late),
            own=sorted(own),
            requests=stats.requests,
            rate_limited=stats.rate_limited,
            cpu=cpu,
        )


def draw(results: Sequence[Result], path: str) -> None:
    """The share of servers noticed within so many seconds, a panel for each number of them."""
    import matplotlib as mpl  # noqa: PLC0415 - only who wants the picture needs it

    mpl.use("agg")
    mpl.rcParams |= {"svg.hashsalt": "readiness", "svg.fonttype": "none"}
    from matplotlib import pyplot  # noqa: PLC0415

    numbers = sorted({result.number for result in results})
    figure, panels = pyplot.subplots(
        1, len(numbers), figsize=(4 * len(numbers), 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, number in zip(panels[0], numbers, strict=True):
        for result in results:
            if result.number == number and not result.way.called:
                shares = [place / 100 for place in range(100)]
                late = [max(at(result.late, share), 1e-3) for share in shares]
                panel.step([*late, late[-1]], [*shares, 1.0], where="post", label=result.way.name)
        panel.set(xscale="log", xlim=(1e-3, 60), title=f"{number:,} deployments", xlabel="noticed late by, s")
        panel.grid(visible=True, alpha=0.3)
    panels[0][0].set_ylabel("share of the servers")
    panels[0][0].legend(loc="lower right", fontsize="small")
    metadata: dict[str, Any] = {"Date": None}
    figure.savefig(path, metadata=metadata)


async def main(numbers: Sequence[int]) -> list[Result]:
    results: list[Result] = []
    for number in numbers:
        for way in WAYS:
            results.append(await measured(way, number))
            sys.stdout.write(f"{results[-1]}\n")
            sys.stdout.flush()
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="How late servers are noticed.")
    parser.add_argument("numbers", nargs="*", type=int, default=[20, 200, 1000])
    parser.add_argument("--picture", help="a file to draw, as SVG or PNG by its name")
    asked = parser.parse_args()
    done = asyncio.run(main(asked.numbers))
    if asked.picture:
        draw(done, asked.picture)
