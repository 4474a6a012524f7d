"""The handler of each operation, by its id in the table of operations.

A handler is a function of the world and a request. It never awaits, so it runs without interruption by another
request. It refuses a request by raising ``Rejection``.
"""

from collections.abc import Mapping
from typing import Final

from edgegap_async.simulator.handlers import (
    context,
    custom_sessions,
    deployment_creation,
    deployments,
    ip_lookup,
    lobbies,
    locations,
    logs,
    metrics,
    monitor,
    private_fleets,
    registry,
    relays,
    sessions,
    tags,
    telemetry,
)
from edgegap_async.simulator.handlers.resources import RESOURCE_HANDLERS
from edgegap_async.simulator.http.messages import Handler

HANDLERS: Final[Mapping[str, Handler]] = {
    "v2-deployment-create": deployment_creation.create_v2,
    "deployment-create": deployment_creation.create_v1,
    "private-fleets-deployment-create": deployment_creation.create_on_private_fleet,
    "deployment-get": deployments.get,
    "deployment-list": deployments.list_,
    "deployment-update": deployments.update,
    "deployment-delete": deployments.stop,
    "deployment-bulk-delete": deployments.bulk_stop,
    "deployment-self-delete": deployments.self_stop,
    "deployment-logs-get": logs.get,
    "deployment-metrics-get": metrics.get,
    "deployment-report": deployments.report,
    "deployment-tag-list": tags.list_,
    "deployment-tag-create": tags.create,
    "deployment-tag-get": tags.get,
    "deployment-tag-update": tags.update,
    "deployment-tag-delete": tags.delete,
    "private-fleet-hosts-list": private_fleets.list_hosts,
    "location-list": locations.list_locations,
    "beacon-list": locations.list_beacons,
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
    "IP": ip_lookup.own_address,
    "IP lookup": ip_lookup.lookup,
    "IPs lookup": ip_lookup.bulk_lookup,
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
    "monitoring": monitor.monitor,
    **RESOURCE_HANDLERS,
}

AUTHORISE_THEMSELVES: Final = frozenset(
    {"deployment-self-delete", "context-get", "context-create-deployment-tag", "context-delete-deployment-tag"}
)
"""Operations that are authorised by a token of the deployment's container, not by the organisation's."""

__all__ = ["AUTHORISE_THEMSELVES", "HANDLERS"]
