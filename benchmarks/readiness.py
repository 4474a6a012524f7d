"""How long it takes until many deployments are ready, and how late the client notices each of them.

``python benchmarks/readiness.py [N ...] [--picture FILE]``: 20, 200 and 1,000 deployments, each ready 2 to 6 s after
its request, on a local Edgegap in a separate process that enforces the documented rate limits. The bound is 40 deploys
a second from the first one, plus the time that each server takes. A server is noticed late by the time between its own
``start_time`` and the end of the wait.

The ways to wait: this client; the same with webhooks; with webhooks of which 20 % are lost; "own calls", where another
task requests a status and a page of the list four times a second (printed is how long these calls took, including the
wait for a slot); and a naive poller, which requests each status once a second through the same client. The picture,
drawn by matplotlib (extra ``report``), shows how late the servers were noticed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeAlias

import attrs
from clients import client
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
        deployment = await edgegap.deployments.get(request_id, timeout=TIMEOUT)
        if deployment.is_reachable:
            return deployment.server()
        await asyncio.sleep(1)


@attrs.frozen(kw_only=True)
class Way:
    """One way to wait.

    Attributes:
        name: Printed with its results.
        wait: Waits for one server.
        webhooks: Whether the client receives webhooks.
        lost: The share of webhooks that are lost.
        own_calls: Whether another task makes calls meanwhile.
    """

    name: str
    wait: Wait = this_client
    webhooks: bool = False
    lost: float = 0.0
    own_calls: bool = False


WAYS: Final = (
    Way(name="this client"),
    Way(name="own calls", own_calls=True),
    Way(name="with webhooks", webhooks=True),
    Way(name="20 % lost", webhooks=True, lost=0.2),
    Way(name="naive poller", wait=naive_poller),
)


@attrs.frozen(kw_only=True)
class Result:
    """The measurements of one way to wait.

    Attributes:
        way: The way to wait.
        number: How many deployments it waited for.
        wall: Seconds until all were ready.
        bound: The least number of seconds that the rate limit and the servers allow.
        late: How late each server was noticed, in seconds, sorted.
        own: How long each call of the other task took, in seconds, sorted.
        requests: Requests sent.
        rate_limited: Responses with status 429.
        cpu: Seconds of CPU time.
    """

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
        line = (
            f"{self.number:5} {self.way.name:13} {self.wall:6.2f} s, {self.wall / self.bound:5.3f} x the bound; "
            f"noticed late by p50 {at(self.late, 0.5):6.3f} p95 {at(self.late, 0.95):6.3f} "
            f"p99 {at(self.late, 0.99):6.3f} s; {self.requests / self.number:4.2f} requests a server, "
            f"{self.rate_limited} 429s, {self.cpu / self.wall:5.1%} of a core"
        )
        if self.own:
            line += f"; {len(self.own)} own calls took p50 {at(self.own, 0.5):5.3f}, {self.own[-1]:5.3f} s at most"
        return line


def at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


async def calls(edgegap: EdgegapClient, request_ids: Sequence[str], took: list[float]) -> None:
    """Request a status and a page of the list, four times a second."""

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


async def measure(way: Way, number: int) -> Result:
    async with (
        served("local.py", "sliding", "0.0", "", str(way.lost)) as (url, token),
        client(token, url, webhooks=way.webhooks) as edgegap,
    ):
        late: list[float] = []
        lives: list[float] = []
        request_ids: list[str] = []
        own: list[float] = []
        began, cpu = time.time(), time.process_time()
        caller = asyncio.create_task(calls(edgegap, request_ids, own)) if way.own_calls else None

        async def one() -> None:
            request = await edgegap.deployments.create("kart", "v1.2", users=USERS, timeout=TIMEOUT)
            request_ids.append(request.request_id)
            index, created = len(lives), time.time()
            lives.append(0.0)
            server = await way.wait(edgegap, request.request_id)
            noticed = time.time()
            assert server.start_time is not None
            late.append(noticed - server.start_time.timestamp())
            lives[index] = server.start_time.timestamp() - created

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
            bound=max(index / DOCUMENTED_RATES["deploy"] + seconds for index, seconds in enumerate(lives)),
            late=sorted(late),
            own=sorted(own),
            requests=stats.requests,
            rate_limited=stats.rate_limited,
            cpu=cpu,
        )


def draw(results: Sequence[Result], path: str) -> None:
    """Draw the share of servers noticed within a time, in a panel for each number of servers."""
    import matplotlib as mpl  # noqa: PLC0415 - only needed for --picture

    mpl.use("agg")
    mpl.rcParams |= {"svg.hashsalt": "readiness", "svg.fonttype": "none"}
    from matplotlib import pyplot  # noqa: PLC0415

    numbers = sorted({result.number for result in results})
    figure, panels = pyplot.subplots(
        1, len(numbers), figsize=(4 * len(numbers), 3.2), sharey=True, squeeze=False, layout="constrained"
    )
    for panel, number in zip(panels[0], numbers, strict=True):
        for result in results:
            if result.number == number and not result.way.own_calls:
                shares = [percent / 100 for percent in range(100)]
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
            results.append(await measure(way, number))
            sys.stdout.write(f"{results[-1]}\n")
            sys.stdout.flush()
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Measure how late the client notices that servers are ready.")
    parser.add_argument("numbers", nargs="*", type=int, default=[20, 200, 1000])
    parser.add_argument("--picture", help="the SVG or PNG file to draw")
    arguments = parser.parse_args()
    measurements = asyncio.run(main(arguments.numbers))
    if arguments.picture:
        draw(measurements, arguments.picture)
