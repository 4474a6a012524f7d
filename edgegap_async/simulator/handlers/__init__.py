"""What each operation does, by its name in the table of operations.

A handler is a plain function of the world and a call. It never waits, so what it does is one step: no other
request comes between. It refuses by raising ``Refusal``.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from edgegap_async.simulator.exchange import Answer, Call
from edgegap_async.simulator.handlers import (
    creation,
    deployments,
    observation,
    private_fleets,
    tags,
    whereabouts,
)
from edgegap_async.simulator.handlers.resources import RESOURCE_HANDLERS
from edgegap_async.simulator.world import World

Handler: TypeAlias = Callable[[World, Call], Answer]

HANDLERS: Final[Mapping[str, Handler]] = {
    "v2-deployment-create": creation.create_v2,
    "deployment-create": creation.create_v1,
    "private-fleets-deployment-create": creation.create_on_private_fleet,
    "deployment-get": deployments.get,
    "deployment-list": deployments.list_,
    "deployment-update": deployments.update,
    "deployment-delete": deployments.stop,
    "deployment-bulk-delete": deployments.bulk_stop,
    "deployment-self-delete": deployments.self_stop,
    "deployment-logs-get": observation.logs,
    "deployment-metrics-get": observation.metrics,
    "deployment-report": observation.report,
    "deployment-tag-list": tags.list_,
    "deployment-tag-create": tags.create,
    "deployment-tag-get": tags.get,
    "deployment-tag-update": tags.update,
    "deployment-tag-delete": tags.delete,
    "private-fleet-hosts-list": private_fleets.hosts,
    "location-list": whereabouts.locations,
    "beacon-list": whereabouts.beacons,
    **RESOURCE_HANDLERS,
}
"""Operations of the table that are missing here are answered with 501."""

AUTHORISE_THEMSELVES: Final = frozenset({"deployment-self-delete"})
"""Operations that do not take the organisation's token."""

__all__ = ["AUTHORISE_THEMSELVES", "HANDLERS", "Handler"]
