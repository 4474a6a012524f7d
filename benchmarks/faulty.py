"""Run the local Edgegap as a process in which about every tenth request or webhook fails. Prints its address and token.

Its servers are ready after 0.2 to 1 s.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from benchmarks.processes import serve_until_stdin_closes
from edgegap_async.simulator import LocalEdgegap

FAULTS: Final[tuple[tuple[str, str, float, dict[str, Any]], ...]] = (
    ("v2-deployment-create", "drop_after_commit", 0.03, {}),
    ("v2-deployment-create", "reset", 0.03, {}),
    ("v2-deployment-create", "errored", 0.03, {}),
    ("v2-deployment-create", "unprocessable", 0.01, {}),
    ("deployment-list", "status", 0.1, {"code": 503}),
    ("deployment-get", "truncate", 0.1, {}),
    ("deployment-delete", "drop_after_commit", 0.05, {}),
    ("deployment-delete", "status", 0.05, {"code": 502}),
    ("webhook", "lost", 0.1, {}),
    ("webhook", "duplicate", 0.1, {}),
    ("webhook", "late", 0.1, {"seconds": 1}),
)


async def main() -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(0.2, 1), list_lag=0.2) as local:
        for operation, kind, probability, options in FAULTS:
            local.faults.add(operation, kind, times=None, probability=probability, **options)
        await serve_until_stdin_closes(local.url, local.token)


if __name__ == "__main__":
    asyncio.run(main())
