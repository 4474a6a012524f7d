"""Whether the client's memory grows while it works: ``python -m benchmarks.soak [MINUTES]``, by default 30.

Twenty tasks deploy a server, use it, and stop it, over and over, with webhooks and at real speed, on a local Edgegap in
a separate process that fails about every tenth request. Every minute, the memory of this process, its objects and its
tasks are printed. The client remembers its latest 5,000 creates, a few minutes of this work: after the first minute the
memory may grow by 10 %, and in the second half of the time by 2 %.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import sys
from collections import Counter
from typing import Final

from benchmarks.clients import client
from benchmarks.processes import served
from edgegap_async import EdgegapClient
from edgegap_async.errors import EdgegapError

CALLERS: Final = 20
MOST_GROWTH: Final = 0.1
MOST_LATE_GROWTH: Final = 0.02

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


async def soak(edgegap: EdgegapClient, minutes: int) -> list[float]:
    """Play for some minutes; returns the memory after each of them."""
    outcomes: Counter[str] = Counter()
    taken: list[float] = []
    async with asyncio.TaskGroup() as group:
        players = [group.create_task(play(edgegap, outcomes)) for _ in range(CALLERS)]
        for minute in range(1, minutes + 1):
            await asyncio.sleep(60)
            taken.append(memory())
            counts = ", ".join(f"{number} {what}" for what, number in sorted(outcomes.items()))
            objects, tasks = len(gc.get_objects()), len(asyncio.all_tasks())
            sys.stdout.write(f"minute {minute}: {taken[-1]:.1f} MB, {objects:,} objects, {tasks} tasks, {counts}\n")
            sys.stdout.flush()
        for player in players:
            player.cancel()
    return taken


async def main(minutes: int) -> int:
    async with served("faulty") as (url, token), client(token, url, webhooks=True) as edgegap:
        taken = await soak(edgegap, minutes)
    growth, late_growth = (taken[-1] / taken[since] - 1 for since in (0, len(taken) // 2))
    sys.stdout.write(f"grown by {growth:+.1%} since the first minute, by {late_growth:+.1%} in the second half\n")
    return int(growth > MOST_GROWTH or late_growth > MOST_LATE_GROWTH)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(int((*sys.argv[1:], "30")[0]))))
