"""Run the local Edgegap as a process: ``python -m benchmarks.local COUNTING JITTER [SECONDS [LOST]]``.

Prints its address and token.

COUNTING is how it counts requests, ``none`` for no rate limits. JITTER is by how many seconds it delays a request at
most. Its servers are ready after SECONDS, by default after 2 to 6. LOST is the share of webhooks that are lost.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from benchmarks.processes import serve_until_stdin_closes
from edgegap_async.simulator import LocalEdgegap


async def main(counting: str, jitter: str, seconds: str = "", lost: str = "0") -> None:
    limits: dict[str, Any] = {"rate_limits": None} if counting == "none" else {"counting": cast("Any", counting)}
    ready = (float(seconds), float(seconds)) if seconds else (2.0, 6.0)
    async with LocalEdgegap(seed=1, jitter=float(jitter), time_to_ready=ready, **limits) as local:
        if float(lost):
            local.faults.add("webhook", "lost", times=None, probability=float(lost))
        await serve_until_stdin_closes(local.url, local.token)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
