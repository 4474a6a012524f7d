"""What each operation does, by its name in the table of operations.

A handler is a plain function of the world and a call. It never waits, so what it does is one step: no other
request comes between. It refuses by raising ``Refusal``.
"""

from collections.abc import Mapping
from typing import Final

from edgegap_async.simulator.handlers import (
    addresses,
    context,
    creation,
    custom_sessions,
    deployments,
    lobbies,
    locations,
    observation,
    private_fleets,
    registry,
    relays,
    service,
    sessions,
    tags,
    telemetry,
)
from edgegap_async.simulator.handlers.resources import RESOURCE_HANDLERS
from edgegap_async.simulator.http.messages import Handler

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
    "location-list": locations.locations,
    "beacon-list": locations.beacons,
    "session-post": sessions.create,
    "get-session": sessions.get,
    "session-delete": sessions.delete,
    "list-sessions": sessions.list_,
    "sessions-bulk-stop": sessions.bulk_stop,
    "get-users-session": sessions.list_users,
    "put-users-session": sessions.put_users,
    "delete-users-session": sessions.delete_users,
    "post-custom-session": custom_sessions.create,
    "get-custom-session": custom_sessions.get,
    "patch-custom-session": custom_sessions.update,
    "delete-custom-session": custom_sessions.delete,
    "get-custom-sessions": custom_sessions.list_,
    "post-custom-sessions": custom_sessions.create_many,
    "delete-custom-sessions": custom_sessions.delete_many,
    "registry-image-tag-list": registry.list_,
    "registry-image-tag-delete": registry.delete,
    "registry-image-tag-bulk-delete": registry.bulk_delete,
    "active-deployment-telemetry-post": telemetry.create,
    "active-deployment-telemetry-get": telemetry.get,
    "IP": addresses.own,
    "IP lookup": addresses.lookup,
    "IPs lookup": addresses.lookup_many,
    "relay-session-create": relays.create,
    "relay-session-get": relays.get,
    "relay-session-list": relays.list_,
    "relay-session-delete": relays.delete,
    "relay-user-authorize": relays.authorize_user,
    "relay-user-revoke": relays.revoke_user,
    "lobby-create": lobbies.create,
    "lobby-Get": lobbies.get,
    "lobby-deploy": lobbies.deploy,
    "lobby-terminate": lobbies.terminate,
    "context-get": context.get,
    "context-create-deployment-tag": context.create_tag,
    "context-delete-deployment-tag": context.delete_tag,
    "monitoring": service.monitor,
    **RESOURCE_HANDLERS,
}

AUTHORISE_THEMSELVES: Final = frozenset(
    {"deployment-self-delete", "context-get", "context-create-deployment-tag", "context-delete-deployment-tag"}
)
"""Operations that do not take the organisation's token."""

__all__ = ["AUTHORISE_THEMSELVES", "HANDLERS"]
