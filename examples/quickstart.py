"""Deploy a game server, print its address for the players, and stop it; on a local Edgegap, without an account."""

from __future__ import annotations

import asyncio

from edgegap_async import User
from edgegap_async.simulator import LocalEdgegap


async def main() -> None:
    # On the real service, with EDGEGAP_API_TOKEN set, this line is: async with EdgegapClient() as edgegap:
    async with LocalEdgegap(time_to_ready=(0.3, 0.6)) as local, local.client() as edgegap:
        players = ["203.0.113.7", User.at(45.5, -73.6), (40.7, -74.0)]
        async with edgegap.deployments.running("kart", "v1.2", users=players, on_status=print) as server:
            print("players connect to", server.address("gameport"))
            details = await edgegap.deployments.get(server.request_id)
            if details.location is not None:
                print("the server runs in", details.location.city)
        print("still running:", len(local.deployments))


if __name__ == "__main__":
    asyncio.run(main())
