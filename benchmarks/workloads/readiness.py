"""How late the client notices that servers are ready, in several ways to wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

import attrs

from benchmarks.clients import client
from benchmarks.processes import served
from benchmarks.results import OURS, Figure, quantile
from benchmarks.workloads.base import Scale, Workload
from edgegap_async import EdgegapClient, GameServer
from edgegap_async.operations import DOCUMENTED_RATES

Wait: TypeAlias = Callable[[EdgegapClient, str], Awaitable[GameServer]]

_USERS: Final = ["203.0.113.7"]
_TIMEOUT: Final = 600.0

DELAYS: Final = "noticed late by"
"""The quantity whose samples are the percentiles of the delay, from 0 to 100."""


async def this_client(edgegap: EdgegapClient, request_id: str) -> GameServer:
    return await edgegap.deployments.wait_until_ready(request_id, timeout=_TIMEOUT)


async def naive_poller(edgegap: EdgegapClient, request_id: str) -> GameServer:
    while True:
        deployment = await edgegap.deployments.get(request_id, timeout=_TIMEOUT)
        if deployment.is_reachable:
            return deployment.server()
        await asyncio.sleep(1)


@attrs.frozen(kw_only=True)
class Way:
    """One way to wait.

    Attributes:
        name: Its name in the results.
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
    Way(name=OURS),
    Way(name="with calls beside it", own_calls=True),
    Way(name="with webhooks", webhooks=True),
    Way(name="with webhooks, every fifth lost", webhooks=True, lost=0.2),
    Way(name="a status call a second for each", wait=naive_poller),
)


async def _calls(edgegap: EdgegapClient, request_ids: Sequence[str], took: list[float]) -> None:
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


async def _wait_for_all(way: Way, number: int, seconds_to_ready: str, loop: str) -> list[Figure]:
    async with (
        served("local", "sliding", "0.0", seconds_to_ready, str(way.lost)) as (url, token),
        client(token, url, webhooks=way.webhooks) as edgegap,
    ):
        late: list[float] = []
        lives: list[float] = []
        request_ids: list[str] = []
        own: list[float] = []
        began, cpu = time.time(), time.process_time()
        caller = asyncio.create_task(_calls(edgegap, request_ids, own)) if way.own_calls else None

        async def one() -> None:
            request = await edgegap.deployments.create("kart", "v1.2", users=_USERS, timeout=_TIMEOUT)
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
    bound = max(index / DOCUMENTED_RATES["deploy"] + seconds for index, seconds in enumerate(lives))
    percentiles = tuple(quantile(late, percent / 100) for percent in range(101))
    figures = [
        Figure(subject=way.name, quantity="time", unit="s", samples=(wall,), loop=loop),
        Figure(subject=way.name, quantity="time / bound", unit="x", samples=(wall / bound,), loop=loop),
        Figure(subject=way.name, quantity=DELAYS, unit="s", samples=percentiles, loop=loop),
        Figure(subject=way.name, quantity="99 % within", unit="s", samples=(percentiles[99],), loop=loop),
        Figure(subject=way.name, quantity="requests a server", unit="", samples=(stats.requests / number,), loop=loop),
        Figure(subject=way.name, quantity="429s", unit="", samples=(float(stats.rate_limited),), loop=loop),
        Figure(subject=way.name, quantity="of a core", unit="%", samples=(cpu / wall * 100,), loop=loop),
    ]
    if own:
        figures.append(Figure(subject=way.name, quantity="longest call", unit="s", samples=(max(own),), loop=loop))
    return figures


async def measure(scale: Scale, loop: str) -> list[Figure]:
    figures: list[Figure] = []
    for way in WAYS:
        figures += await _wait_for_all(way, scale.choose(1_000, 5), scale.choose("", "0.2"), loop)
    return figures


WORKLOAD: Final = Workload(
    name="readiness",
    title="1,000 servers",
    about=(
        "1,000 deployments that are ready 2 to 6 s after their request, under the documented limits: the time until "
        "all are ready, also as a ratio to what 40 deploys a second and each server's own time allow; how late the "
        "client knows of each (median and quartiles), within which time it knows of 99 % of them, and the requests."
    ),
    measure=measure,
)
