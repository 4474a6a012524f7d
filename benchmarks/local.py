"""The local Edgegap as a process: ``local.py COUNTING JITTER`` prints its address and token."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, cast

from processes import until_left

from edgegap_async.simulator import LocalEdgegap


async def main(counting: str, jitter: str) -> None:
    async with LocalEdgegap(seed=1, counting=cast("Any", counting), jitter=float(jitter)) as local:
        await until_left(local.url, local.token)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
