"""What the service says of itself."""

from __future__ import annotations

from edgegap_async._version import __version__
from edgegap_async.simulator.exchange import Answer, Call
from edgegap_async.simulator.world import World


def monitor(_: World, call: Call) -> Answer:
    """GET /monitor."""
    return Answer(
        200,
        {
            "name": "local Edgegap",
            "version": __version__,
            "host": call.host,
            "host_url": f"http://{call.host}",
            "spec_url": f"http://{call.host}/swagger.json",
            "messages": [],
            "errors": [],
        },
    )
