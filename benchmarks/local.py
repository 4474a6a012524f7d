"""The local Edgegap as a process: ``local.py COUNTING JITTER [SECONDS [LOST]]`` prints its address and token.

COUNTING "none" lifts its limits; its servers are ready after SECONDS, 2 to 6 unless given. LOST is the share of
webhooks that are lost.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from processes import until_left

from edgegap_async.simulator import LocalEdgegap


async def main(counting: str, jitter: str, seconds: str = "", lost: str = "0") -> None:
    limits: dict[str, Any] = {"rate_limits": None} if counting == "none" else {"counting": cast("Any", counting)}
    ready = (float(seconds), float(seconds)) if seconds else (2.0, 6.0)
    async with LocalEdgegap(seed=1, jitter=float(jitter), time_to_ready=ready, **limits) as local:
        if float(lost):
            local.faults.add("webhook", "lost", times=None, probability=float(lost))
        await until_left(local.url, local.token)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
