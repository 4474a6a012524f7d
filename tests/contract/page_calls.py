"""The call of the client that sends an example of a request body: the fields of the example as arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from edgegap_async import (
    CustomSession,
    DeployFilter,
    EdgegapClient,
    EnvironmentVariable,
    Probe,
    RegistryCredentials,
    Resources,
    Selector,
    SessionConfig,
    User,
    VersionPort,
)

Fields: TypeAlias = dict[str, Any]
Send: TypeAlias = Callable[[EdgegapClient, Fields], Awaitable[object]]

ID: Final = "61b1be8f54d9"
SESSION: Final = "7349356945f1-S"
VERSION: Final = ("kart", "v1.2")


def _variables(rows: Sequence[Mapping[str, Any]]) -> list[EnvironmentVariable]:
    return [
        EnvironmentVariable(
            key=row["key"], value=row["value"], is_hidden=row.get("is_hidden", row.get("is_secret", False))
        )
        for row in rows
    ]


def _position(fields: Mapping[str, float]) -> tuple[float, float]:
    return fields["latitude"], fields["longitude"]


def _filters(rows: Sequence[Mapping[str, Any]]) -> list[DeployFilter]:
    return [DeployFilter(**{**row, "values": tuple(row["values"])}) for row in rows]


def _user_v2(user: Mapping[str, Any]) -> User:
    data = user["user_data"]
    return User.ip(data["ip_address"]) if user["user_type"] == "ip_address" else User.at(*_position(data))


def _datetime(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _log_storage(fields: Mapping[str, Any]) -> bool | str:
    storage: bool | str = fields.get("endpoint_storage", fields["enabled"])
    return storage


CONVERSIONS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "container_log_storage": _log_storage,
    "create_time": _datetime,
    "credentials": lambda fields: RegistryCredentials(extra=fields),
    "environment_variables": _variables,
    "env_vars": _variables,
    "envs": _variables,
    "filters": _filters,
    "geo_ip_list": lambda rows: [User.at(*_position(row), ip_address=row["ip"]) for row in rows],
    "last_updated": _datetime,
    "location": _position,
    "ports": lambda rows: [VersionPort(**row) for row in rows],
    "probe": lambda fields: Probe(**fields),
    "resources": lambda fields: Resources(**fields),
    "selectors": lambda rows: [Selector(**row) for row in rows],
    "session_config": lambda fields: SessionConfig(**fields),
    "webhook_on_error": lambda webhook: webhook["url"],
    "webhook_on_ready": lambda webhook: webhook["url"],
    "webhook_on_terminated": lambda webhook: webhook["url"],
}
"""The arguments that are objects of the client."""

RENAMED: Final[Mapping[str, str]] = {
    "app_name": "application",
    "director_component_name": "director",
    "env_vars": "environment_variables",
    "frontend_component_name": "frontend",
    "geo_ip_list": "users",
    "ip_list": "users",
    "ips": "users",
    "match_function_component_name": "match_function",
    "release_config_name": "config",
    "version_name": "version",
}
"""The arguments whose names are not those of the fields."""

READ_ONLY: Final[Mapping[str, frozenset[str]]] = {
    "app-version-create": frozenset({"create_time", "last_updated", "caching_percent"})
}
"""The fields of an example that only responses have."""


def arguments(operation_id: str, fields: Mapping[str, Any]) -> Fields:
    """Return the fields of a request as arguments of the client's method."""
    return {
        RENAMED.get(name, name): CONVERSIONS[name](value) if name in CONVERSIONS else value
        for name, value in fields.items()
        if name not in READ_ONLY.get(operation_id, ())
    }


def _create(method: Callable[[EdgegapClient], Any], *path: str, key: str = "name") -> Send:
    """Return a call whose own name is the last positional argument."""
    return lambda e, f: method(e)(*path, f.pop(key), **f)


def _update(method: Callable[[EdgegapClient], Any], *path: str, key: str = "name") -> Send:
    """Return a call whose new name, if it has one, is the argument ``new_name`` or the like."""
    return lambda e, f: method(e)(*path, **{f"new_{name}" if name == key else name: each for name, each in f.items()})


def _bulk_stop(method: Callable[[EdgegapClient], Any], ids: Mapping[str, str]) -> Send:
    def send(e: EdgegapClient, f: Fields) -> Awaitable[object]:
        wanted: dict[str, list[str]] = {}
        for row in f["filters"]:
            wanted.setdefault(ids[row.field], []).extend(row.values)
        stop: Awaitable[object] = method(e)(**wanted, match=f["filters"][0].filter_type)
        return stop

    return send


def _deploy(method: Callable[[EdgegapClient], Any]) -> Send:
    """Return a create, without the tag of the guard."""
    return lambda e, f: method(e)(f.pop("application"), **{"version": None, **f}, guard=False)


def _policy_data(fields: Fields) -> Fields:
    return {**fields, "data": _filters(fields["data"]["filters"])}


SEND: Final[Mapping[str, Send]] = {
    "deployment-create": _deploy(lambda e: e.deployments.create_v1),
    "v2-deployment-create": lambda e, f: e.deployments.create(
        f.pop("application"), f.pop("version"), users=[_user_v2(user) for user in f.pop("users")], guard=False, **f
    ),
    "private-fleets-deployment-create": lambda e, f: e.private_fleets.create(
        f.pop("application"), f.pop("version"), users=[_user_v2(user) for user in f.pop("users")], guard=False, **f
    ),
    "deployment-bulk-delete": _bulk_stop(
        lambda e: e.deployments.bulk_stop, {"request_id": "request_ids", "deployment_tags": "tags"}
    ),
    "deployment-update": lambda e, f: e.deployments.update(ID, **f),
    "deployment-report": lambda e, f: e.deployments.report(ID, **f),
    "deployment-tag-create": _create(lambda e: e.deployments.tags.create, ID),
    "deployment-tag-update": _update(lambda e: e.deployments.tags.update, ID, "red"),
    "application-create": _create(lambda e: e.applications.create),
    "application-update": _update(lambda e: e.applications.update, "kart"),
    "app-version-create": _create(lambda e: e.versions.create, "kart"),
    "app-version-update": _update(lambda e: e.versions.update, *VERSION),
    "app-version-whitelist-post": lambda e, f: e.versions.acl.create(*VERSION, **f),
    "registry-image-tag-bulk-delete": lambda e, f: e.registry.bulk_delete_tags("studio/kart", f["tags"]),
    "endpoint-create": _create(lambda e: e.storage.create),
    "endpoint-update": _update(lambda e: e.storage.update, "logs"),
    "pull-profile-create": _create(lambda e: e.storage.pull_profiles.create, "logs"),
    "pull-profile-update": _update(lambda e: e.storage.pull_profiles.update, "logs", "config"),
    "fleet-create": _create(lambda e: e.fleets.create),
    "fleet-update": _update(lambda e: e.fleets.update, "north"),
    "fleet-policies-create": lambda e, f: e.fleets.policies.create("north", f.pop("name"), **_policy_data(f)),
    "fleet-policies-update": lambda e, f: e.fleets.policies.update(
        "north", "montreal", new_name=f.pop("name"), **_policy_data(f)
    ),
    "session-post": lambda e, f: e.sessions.create(f.pop("application"), **f),
    "put-users-session": lambda e, f: e.sessions.users.add(SESSION, f["users"]),
    "delete-users-session": lambda e, f: e.sessions.users.remove(SESSION, f["users"]),
    "sessions-bulk-stop": _bulk_stop(
        lambda e: e.sessions.bulk_stop,
        {"session_id": "session_ids", "request_id": "request_ids", "deployment_tags": "tags"},
    ),
    "post-custom-session": lambda e, f: e.custom_sessions.create(ID, "table-4", **f),
    "patch-custom-session": lambda e, f: e.custom_sessions.update(ID, "table-4", **f),
    "post-custom-sessions": lambda e, f: e.custom_sessions.create_many(
        ID, [CustomSession(**arguments("post-custom-session", row)) for row in f["sessions"]]
    ),
    "delete-custom-sessions": lambda e, f: e.custom_sessions.delete_many(ID, f["sessions"]),
    "relay-session-create": lambda e, f: e.relays.create(users=[user["ip"] for user in f.pop("users")], **f),
    "relay-user-authorize": lambda e, f: e.relays.authorize_user(f["session_id"], user_ip=f["user_ip"]),
    "relay-user-revoke": lambda e, f: e.relays.revoke_user(f.pop("session_id"), **f),
    "post-matchmaker": _create(lambda e: e.matchmakers.create),
    "patch-matchmaker": _update(lambda e: e.matchmakers.update, "ranked"),
    "post-matchmaker-component": _create(lambda e: e.matchmakers.components.create),
    "patch-matchmaker-component": _update(lambda e: e.matchmakers.components.update, "director"),
    "post-matchmaker-component-env": _create(lambda e: e.matchmakers.envs.create, "director", key="key"),
    "patch-matchmaker-component-env": _update(lambda e: e.matchmakers.envs.update, "director", "MODE", key="key"),
    "post-matchmaker-release": _create(lambda e: e.matchmakers.releases.create, "ranked", key="version"),
    "patch-matchmaker-release": _update(lambda e: e.matchmakers.releases.update, "ranked", "r1", key="version"),
    "post-matchmaker-managed-release": _create(
        lambda e: e.matchmakers.managed_releases.create, "ranked", key="version"
    ),
    "patch-matchmaker-managed-release": _update(
        lambda e: e.matchmakers.managed_releases.update, "ranked", "m1", key="version"
    ),
    "post-matchmaker-release-config": _create(lambda e: e.matchmakers.configs.create),
    "patch-matchmaker-release-config": _update(lambda e: e.matchmakers.configs.update, "ranked-4v4"),
    "active-deployment-telemetry-post": lambda e, f: e.telemetry.create(f.pop("deployments"), **f),
    "IPs lookup": lambda e, f: e.ip.lookup_many(f["addresses"]),
    "lobby-create": _create(lambda e: e.lobbies.create),
    "lobby-deploy": _create(lambda e: e.lobbies.deploy),
    "lobby-terminate": _create(lambda e: e.lobbies.terminate),
    "context-create-deployment-tag": lambda e, f: e.context.create_tag(ID, 660, f["name"], token="injected"),
}
"""How each operation's request is sent, by operation id."""


def send(edgegap: EdgegapClient, operation_id: str, body: Mapping[str, Any]) -> Awaitable[object]:
    """Send a request body with the method of the client."""
    return SEND[operation_id](edgegap, arguments(operation_id, body))
