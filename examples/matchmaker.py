"""A small matchmaker: players queue, four make a match, each match gets a server, plays, and gives it back.

It runs on a local Edgegap on which every fifth server fails, to show what a matchmaker does about that: try once more,
then send the players back to the queue.
"""

from __future__ import annotations

import asyncio
import random

from edgegap_async import EdgegapClient, GameServer, errors
from edgegap_async.simulator import LocalEdgegap

PLAYERS_IN_A_MATCH = 4
MATCHES = 6


async def arrive(queue: asyncio.Queue[str], players: int, chance: random.Random) -> None:
    """Players come one after the other."""
    for number in range(players):
        await queue.put(f"203.0.113.{number % 250 + 1}")
        await asyncio.sleep(chance.uniform(0, 0.01))


async def server_for(edgegap: EdgegapClient, match: str, players: list[str]) -> GameServer | None:
    """A server that is ready, at the second try if need be."""
    for attempt in (1, 2):
        try:
            return await edgegap.deployments.deploy("kart", "v1.2", users=players, tags=[match], timeout=30)
        except errors.DeploymentError as error:
            print(f"{match}: try {attempt} failed: {error.reason}")
    return None


async def play(edgegap: EdgegapClient, match: str, players: list[str], queue: asyncio.Queue[str]) -> None:
    """One match, from its players to the end of its server."""
    server = await server_for(edgegap, match, players)
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
    chance = random.Random(7)
    queue: asyncio.Queue[str] = asyncio.Queue()
    async with LocalEdgegap(seed=7, time_to_ready=(0.05, 0.2)) as local, local.client() as edgegap:
        local.faults.add("v2-deployment-create", "errored", times=None, probability=0.2, detail="image not found")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(arrive(queue, MATCHES * PLAYERS_IN_A_MATCH, chance))
            for number in range(MATCHES):
                players = [await queue.get() for _ in range(PLAYERS_IN_A_MATCH)]
                tasks.create_task(play(edgegap, f"match-{number}", players, queue))
        stats = edgegap.stats()
        print(
            f"{stats.requests} requests, {stats.rate_limited} refused; {queue.qsize()} players wait for the next round"
        )
        print("still running:", len(local.deployments))


if __name__ == "__main__":
    asyncio.run(main())
