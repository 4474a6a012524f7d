"""Launch day: deploy a server for each of forty matches at the same time, with a progress bar.

It runs on a local Edgegap that loses about every tenth create response and fails about every tenth server. The matches
get their servers nevertheless, and no server is running at the end.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import aclosing

from edgegap_async import GameServer, ManyProgress, ServerRequest
from edgegap_async.simulator import LocalEdgegap

MATCHES = 40
WIDTH = 40


def draw(progress: ManyProgress) -> None:
    """Draw the progress bar; on a terminal, over the previous one."""
    done = round(progress.share * WIDTH)
    bar = f"{'#' * done}{'.' * (WIDTH - done)} {progress.ready} ready, {progress.failed} failed"
    if sys.stdout.isatty():
        print(f"\r{bar}", end="\n" if progress.share == 1 else "", flush=True)
    elif progress.share == 1:
        print(bar)


async def main() -> None:
    requests = [
        ServerRequest(
            application="kart",
            version="v1.2",
            users=[f"203.0.113.{number + 1}"],
            options={"tags": [f"match-{number}"]},
        )
        for number in range(MATCHES)
    ]
    servers: list[GameServer] = []
    async with LocalEdgegap(seed=7, time_to_ready=(0.1, 0.4)) as local:
        create = "v2-deployment-create"
        local.faults.add(create, "errored", times=None, probability=0.1, detail="image not found")
        local.faults.add(create, "drop_after_commit", times=None, probability=0.1)
        async with local.client() as edgegap:
            results = edgegap.deployments.deploy_many(requests, timeout=30, attempts=2, on_progress=draw)
            # aclosing: if the loop is left early, the remaining servers are stopped at once
            async with aclosing(results):
                async for result in results:
                    if result.server is not None:
                        servers.append(result.server)
                    else:
                        print(*result.request.options["tags"], "has no server:", result.error)
            print(f"{len(servers)} matches have a server; {len(local.deployments)} servers are running")
            await edgegap.deployments.bulk_stop(request_ids=[server.request_id for server in servers])
        print("still running:", len(local.deployments))


if __name__ == "__main__":
    asyncio.run(main())
