"""A small matchmaker: players join a queue, four make a match, and each match gets a server until it ends.

It runs on a local Edgegap on which about every fifth server fails. The matchmaker then tries a second server; if that
fails too, the players return to the queue.
"""

from __future__ import annotations

import asyncio
import random

from edgegap_async import EdgegapClient, GameServer, errors
from edgegap_async.simulator import LocalEdgegap

PLAYERS_PER_MATCH = 4
MATCHES = 6


async def add_players(queue: asyncio.Queue[str], count: int, rng: random.Random) -> None:
    """Let players join the queue one after the other."""
    for number in range(count):
        await queue.put(f"203.0.113.{number % 250 + 1}")
        await asyncio.sleep(rng.uniform(0, 0.01))


async def deploy_server(edgegap: EdgegapClient, match: str, players: list[str]) -> GameServer | None:
    """Deploy a server near the players, with two attempts; None if both fail."""
    for attempt in (1, 2):
        try:
            return await edgegap.deployments.deploy("kart", "v1.2", users=players, tags=[match], timeout=30)
        except errors.DeploymentError as error:
            print(f"{match}: attempt {attempt} failed: {error.reason}")
    return None


async def run_match(edgegap: EdgegapClient, match: str, players: list[str], queue: asyncio.Queue[str]) -> None:
    """Run one match, from the request for its server to the stop."""
    server = await deploy_server(edgegap, match, players)
    if server is None:
        for player in players:
            await queue.put(player)
        return
    try:
        print(f"{match}: {len(players)} players on {server.address('gameport')}")
        await asyncio.sleep(0.1)
    finally:
        await edgegap.deployments.stop(server.request_id)


async def main() -> None:
    rng = random.Random(7)
    queue: asyncio.Queue[str] = asyncio.Queue()
    async with LocalEdgegap(seed=7, time_to_ready=(0.05, 0.2)) as local, local.client() as edgegap:
        local.faults.add("v2-deployment-create", "errored", times=None, probability=0.2, detail="image not found")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(add_players(queue, MATCHES * PLAYERS_PER_MATCH, rng))
            for number in range(MATCHES):
                players = [await queue.get() for _ in range(PLAYERS_PER_MATCH)]
                tasks.create_task(run_match(edgegap, f"match-{number}", players, queue))
        stats = edgegap.stats()
        print(f"{stats.requests} requests, {stats.rate_limited} rate limited; {queue.qsize()} players in the queue")
        print("still running:", len(local.deployments))


if __name__ == "__main__":
    asyncio.run(main())
