"""Launch day: forty matches at once, each given its server as it becomes ready, with a progress bar.

It runs on a local Edgegap that loses every tenth answer and fails every tenth server: the matches have theirs all the
same, and when the day is over nothing is left running.
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
    """A bar of what is decided; on a terminal it stays on its line."""
    done = round(progress.share * WIDTH)
    text = f"{'#' * done}{'.' * (WIDTH - done)} {progress.ready} ready, {progress.failed} failed"
    if sys.stdout.isatty():
        print(f"\r{text}", end="\n" if progress.share == 1 else "", flush=True)
    elif progress.share == 1:
        print(text)


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
    playing: list[GameServer] = []
    async with LocalEdgegap(seed=7, time_to_ready=(0.1, 0.4)) as local:
        create = "v2-deployment-create"
        local.faults.add(create, "errored", times=None, probability=0.1, detail="image not found")
        local.faults.add(create, "drop_after_commit", times=None, probability=0.1)
        async with local.client() as edgegap:
            servers = edgegap.deployments.deploy_many(requests, timeout=30, attempts=2, on_progress=draw)
            async with aclosing(servers):
                async for one in servers:
                    if one.server is not None:
                        playing.append(one.server)
                    else:
                        print(*one.request.options["tags"], "has no server:", one.error)
            print("playing on", len(playing), "servers, of", len(local.deployments), "that are running")
            await edgegap.deployments.bulk_stop(request_ids=[server.request_id for server in playing])
        print("still running:", len(local.deployments))


if __name__ == "__main__":
    asyncio.run(main())
