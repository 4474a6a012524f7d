"""Drives the matchmaker with many players at the same time, and prints what it saw.

``python -m examples.matchmaker.load --url http://127.0.0.1:8000 --tickets 200``. With several URLs, each request of a
player goes to the next one.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import attrs

MATCH_SIZES = {"duel": 2, "race": 4}
STOP_SECONDS = 30.0


@attrs.frozen
class Player:
    """What one player saw: the workers that its streams came from, and its address."""

    seconds: float
    match: str
    address: str
    workers: frozenset[str]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.matchmaker.load", description=__doc__.splitlines()[0])
    parser.add_argument("--url", nargs="+", default=["http://127.0.0.1:8000"])
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--mode", choices=[*MATCH_SIZES], default="race")
    options = parser.parse_args()
    if options.tickets < 1 or options.tickets % MATCH_SIZES[options.mode]:
        parser.error(f"a {options.mode} has {MATCH_SIZES[options.mode]} players: pass a multiple of that")
    return options


async def server_sent_events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """Yield the data of each event of a stream."""
    async for line in response.content:
        if line.startswith(b"data: "):
            yield json.loads(line.removeprefix(b"data: "))


async def play(session: aiohttp.ClientSession, options: argparse.Namespace, number: int) -> Player:
    """Join, and follow the ticket until it has an address; connect again if a stream ends before."""
    urls = itertools.cycle(options.url[number % len(options.url) :] + options.url[: number % len(options.url)])
    started = time.perf_counter()
    body = {"mode": options.mode, "player": f"203.0.113.{number % 254 + 1}"}
    async with session.post(f"{next(urls)}/tickets", json=body) as joined:
        joined.raise_for_status()
        ticket = await joined.json()
    workers: set[str] = set()
    while True:
        async with session.get(next(urls) + ticket["events"]) as response:
            response.raise_for_status()
            workers.add(response.headers["X-Worker"])
            async for event in server_sent_events(response):
                if event["state"] == "ready":
                    return Player(time.perf_counter() - started, event["match"], event["address"], frozenset(workers))
                if event["state"] not in {"queued", "matched"}:
                    raise RuntimeError(f"ticket {event['id']} is {event['state']}")
        await asyncio.sleep(0.5)


async def all_stopped(session: aiohttp.ClientSession, url: str) -> dict[str, int]:
    """Wait until no server runs, half a minute at most; return the counts."""
    deadline = time.perf_counter() + STOP_SECONDS
    while True:
        async with session.get(f"{url}/servers") as response:
            response.raise_for_status()
            counts: dict[str, int] = await response.json()
        if (not counts["running"] and counts["started"] == counts["stopped"]) or time.perf_counter() > deadline:
            return counts
        await asyncio.sleep(0.25)


async def run(options: argparse.Namespace) -> int:
    """Play all matches; return the exit code."""
    # a connection for each player, so that the players of a match are connected to different workers
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        results = await asyncio.gather(
            *(play(session, options, number) for number in range(options.tickets)), return_exceptions=True
        )
        players = [each for each in results if isinstance(each, Player)]
        failures = [each for each in results if isinstance(each, BaseException)]
        matches: defaultdict[str, list[Player]] = defaultdict(list)
        for player in players:
            matches[player.match].append(player)
        for match in matches:
            async with session.delete(f"{options.url[0]}/matches/{match}") as response:
                response.raise_for_status()
        counts = await all_stopped(session, options.url[0])
    times = sorted(player.seconds for player in players) or [0.0, 0.0]
    percentiles = statistics.quantiles(times, n=100, method="inclusive")
    across = sum(len(frozenset().union(*(player.workers for player in match))) > 1 for match in matches.values())
    agree = all(len({player.address for player in match}) == 1 for match in matches.values())
    workers = frozenset().union(*(player.workers for player in players))
    print(f"{len(players)} of {options.tickets} players have an address, in {len(matches)} matches")
    print(f"time to address: p50 {percentiles[49]:.2f} s, p99 {percentiles[98]:.2f} s, slowest {times[-1]:.2f} s")
    print(f"{len(workers)} workers; the players of {across} matches were connected to more than one")
    print(f"servers: {counts['started']} started, {counts['stopped']} stopped, leaked {counts['running']}")
    for failure in failures[:5]:
        print("failed:", repr(failure), file=sys.stderr)
    return 0 if agree and not failures and not counts["running"] else 1


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(run(arguments())))
    except aiohttp.ClientError as error:
        sys.exit(f"the matchmaker does not respond: {error}")
