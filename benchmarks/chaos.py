"""How many servers are leaked, doubled or lost when many requests fail.

``python -m benchmarks.chaos [DEPLOYS] [SEED]``: 1,000 deploys, 100 at a time, on a local Edgegap that loses 30 % of the
responses to create requests, resets 10 % of these requests and responds to 10 % with a 5xx. 10 % of its servers fail,
5 % are created in error, and its list is half a second stale. 30 % of the calling tasks are cancelled at a random
moment. Rate limits are off: the benchmark counts servers.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections import Counter
from typing import Final

from edgegap_async import EdgegapClient
from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.simulator import LocalEdgegap

AT_ONCE: Final = 100
CANCELLED: Final = 0.3
CANCELLED_WITHIN: Final = 0.5
"""Seconds after which a calling task is cancelled at the latest."""

# shares of all create requests; each fault applies only to the requests that the faults above did not affect
SHARES: Final = (
    (0.15, "drop_after_commit", {}),
    (0.15, "truncate", {}),
    (0.10, "reset", {}),
    (0.05, "status", {"code": 502}),
    (0.05, "status", {"code": 503, "after_commit": True}),
    (0.10, "errored", {}),
    (0.05, "unprocessable", {}),
)


async def main(deploys: int, seed: int) -> None:
    chance = random.Random(seed)
    async with LocalEdgegap(seed=seed, rate_limits=None, time_to_ready=(0.2, 0.6), list_lag=0.5) as local:
        remaining = 1.0
        for share, kind, options in SHARES:
            local.faults.add("v2-deployment-create", kind, times=None, probability=share / remaining, **options)
            remaining -= share
        began, outcomes, owned = time.perf_counter(), Counter[str](), set[str]()
        async with local.client(rate_limits=None) as edgegap:
            slots = asyncio.Semaphore(AT_ONCE)
            cancelled_after = [
                chance.uniform(0, CANCELLED_WITHIN) if chance.random() < CANCELLED else None for _ in range(deploys)
            ]
            await asyncio.gather(*(_deploy(edgegap, slots, after, outcomes, owned) for after in cancelled_after))
        took = time.perf_counter() - began
        alive = {each.request_id: each for each in local.deployments}
        tags = Counter(tag for each in alive.values() for tag in each.tags if GuardTag.parse(tag))
        faults = Counter({fault.name: fault.happened for fault in local.faults})
        sys.stdout.write(
            f"{deploys} deploys, seed {seed}, {took:.0f} s: "
            f"{', '.join(f'{number} {what}' for what, number in sorted(outcomes.items()))}\n"
            f"{sum(faults.values())} faults in {len(local.history)} servers started "
            f"({', '.join(f'{number} {what}' for what, number in faults.items())})\n"
            f"leaked {len(alive.keys() - owned)}, doubled {sum(tags.values()) - len(tags)}, "
            f"lost {len(owned - alive.keys())}\n"
        )


async def _deploy(
    edgegap: EdgegapClient, slots: asyncio.Semaphore, seconds: float | None, outcomes: Counter[str], owned: set[str]
) -> None:
    async with slots:
        deploying = asyncio.create_task(
            edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"], timeout=60, attempts=3)
        )
        await asyncio.wait({deploying}, timeout=seconds)
        deploying.cancel()
        try:
            owned.add((await deploying).request_id)
        except asyncio.CancelledError:
            outcomes["cancelled"] += 1
        except EdgegapError as error:
            outcomes[type(error).__name__] += 1
        else:
            outcomes["ready"] += 1


if __name__ == "__main__":
    asyncio.run(main(*(int(text) for text in (*sys.argv[1:], *["1000", "1"][len(sys.argv) - 1 :]))))
