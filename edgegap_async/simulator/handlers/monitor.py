"""The service's description of itself."""

from __future__ import annotations

from edgegap_async._version import __version__
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def monitor(_: World, request: ValidatedRequest) -> Reply:
    """GET /monitor."""
    return Reply(
        200,
        {
            "name": "local Edgegap",
            "version": __version__,
            "host": request.host,
            "host_url": f"http://{request.host}",
            "spec_url": f"http://{request.host}/swagger.json",
            "messages": [],
            "errors": [],
        },
    )
