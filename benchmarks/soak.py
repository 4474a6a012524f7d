"""Whether the client's memory grows while it works: ``python benchmarks/soak.py [MINUTES]``, by default 30.

Twenty tasks deploy a server, use it, and stop it, over and over, with webhooks and at real speed, on a local Edgegap in
a separate process that fails about every tenth request. Every minute, the memory of this process, its objects and its
tasks are printed. It fails if the memory after the last minute is more than 5 % above that after the first.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
from collections import Counter
from typing import Final

from clients import client
from processes import served

from edgegap_async import EdgegapClient
from edgegap_async.errors import EdgegapError

CALLERS: Final = 20
MOST_GROWTH: Final = 0.05

_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def memory() -> float:
    """The memory that this process has in use, in MB."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * _PAGE / 2**20


async def play(edgegap: EdgegapClient, outcomes: Counter[str]) -> None:
    while True:
        try:
            async with edgegap.deployments.running("kart", "v1", users=["203.0.113.7"], timeout=20, attempts=2):
                await asyncio.sleep(random.uniform(0, 2))
            outcomes["played"] += 1
        except EdgegapError as error:
            outcomes[type(error).__name__] += 1


async def soak(edgegap: EdgegapClient, minutes: int) -> float:
    """Play for some minutes; returns by which share the memory has grown since the first."""
    outcomes: Counter[str] = Counter()
    first = latest = 0.0
    async with asyncio.TaskGroup() as group:
        players = [group.create_task(play(edgegap, outcomes)) for _ in range(CALLERS)]
        for minute in range(1, minutes + 1):
            await asyncio.sleep(60)
            latest = memory()
            first = first or latest
            counts = ", ".join(f"{number} {what}" for what, number in sorted(outcomes.items()))
            objects, tasks = len(gc.get_objects()), len(asyncio.all_tasks())
            sys.stdout.write(f"minute {minute}: {latest:.1f} MB, {objects:,} objects, {tasks} tasks, {counts}\n")
            sys.stdout.flush()
        for player in players:
            player.cancel()
    return latest / first - 1


async def main(minutes: int) -> int:
    async with served("faulty.py") as (url, token), client(token, url, webhooks=True) as edgegap:
        growth = await soak(edgegap, minutes)
    sys.stdout.write(f"grown by {growth:+.1%} since the first minute\n")
    return int(growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int((*sys.argv[1:], "30")[0]))))
