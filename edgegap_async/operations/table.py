"""Every operation of the service, as data: endpoint, rate bucket, idempotency, items of a list, deprecation.

Sources: the published v1 document of 2026-04, the v2 document of 2026-06, and the v1 document of 2024
(``v1-legacy``: operations that only this one lists). The four documented rates are in the provider's own descriptions
of the operations and hold for the whole organisation.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Bucket: TypeAlias = Literal["deploy", "status", "list", "hosts", "stop", "default"]
Idempotency: TypeAlias = Literal["safe", "idempotent", "unsafe", "create"]
Spec: TypeAlias = Literal["v1", "v2", "v1-legacy"]

DOCUMENTED_RATES: Final[Mapping[Bucket, float]] = MappingProxyType(
    {"deploy": 40.0, "status": 20.0, "list": 10.0, "hosts": 10.0}
)
"""Requests a second that the service allows an organisation, summed over all its processes."""

_BY_METHOD: Final[Mapping[Method, Idempotency]] = {
    "GET": "safe",
    "PUT": "idempotent",
    "DELETE": "idempotent",
    "POST": "unsafe",
    "PATCH": "unsafe",
}


@attrs.frozen(kw_only=True)
class Operation:
    """One endpoint of the service.

    Attributes:
        operation_id: The operation's id in the service's own document.
        method: The HTTP method.
        path: The path, with its parameters in braces.
        call: The dotted name of the method of EdgegapClient, such as ``"deployments.tags.create"``.
        bucket: The rate bucket that the operation's requests go through.
        idempotency: Which failures are retried. ``safe`` and ``idempotent``: any transport failure, 429, 502, 503 and
            504. ``unsafe``: 429, and requests that were provably not sent. ``create``: like ``unsafe``; each success
            starts a server that is billed.
        items_key: The key of a list's items in the response, None if the operation is not a list.
        paged: Whether the list documents ``page`` and ``limit``.
        nested: The path parameter whose slashes stay slashes, if there is one.
        deprecated: Whether the service's document marks it as deprecated.
        spec: The document that lists the operation.
    """

    operation_id: str
    method: Method
    path: str
    call: str
    bucket: Bucket = "default"
    idempotency: Idempotency
    items_key: str | None = None
    paged: bool = True
    nested: str | None = None
    deprecated: bool = False
    spec: Spec = "v1"

    @property
    def in_current_spec(self) -> bool:
        """Whether the service's current documents list the operation; if not, only the document of 2024 does."""
        return self.spec != "v1-legacy"

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path parameters, in order."""
        return tuple(re.findall(r"{([^}]+)}", self.path))


def _deploy(operation_id: str, path: str, call: str, *, spec: Spec, deprecated: bool = False) -> Operation:
    return Operation(
        operation_id=operation_id, method="POST", path=path, call=call,
        bucket="deploy", idempotency="create", spec=spec, deprecated=deprecated,
    )  # fmt: skip


def _row(
    operation_id: str,
    method: Method,
    path: str,
    call: str,
    bucket: Bucket = "default",
    *,
    items: str | None = None,
    paged: bool = True,
    nested: str | None = None,
    idempotency: Idempotency | None = None,
    deprecated: bool = False,
    spec: Spec = "v1",
) -> Operation:
    return Operation(
        operation_id=operation_id, method=method, path=path, call=call, bucket=bucket,
        idempotency=idempotency or _BY_METHOD[method],
        items_key=items, paged=paged, nested=nested, deprecated=deprecated, spec=spec,
    )  # fmt: skip


# fmt: off
_TABLE: Final = (
    # deployments
    _deploy("v2-deployment-create", "/v2/deployments", "deployments.create", spec="v2"),
    _deploy("deployment-create", "/v1/deploy", "deployments.create_v1", spec="v1", deprecated=True),
    _row("deployment-get", "GET", "/v1/status/{deployment_id}", "deployments.get", "status"),
    _row("deployment-list", "GET", "/v1/deployments", "deployments.list", "list", items="data"),
    _row("deployment-update", "PATCH", "/v1/deployments/{request_id}", "deployments.update", deprecated=True),
    _row("deployment-delete", "DELETE", "/v1/stop/{deployment_id}", "deployments.stop", "stop"),
    _row("deployment-bulk-delete", "POST", "/v1/deployments/bulk-stop", "deployments.bulk_stop", "stop"),
    _row("deployment-self-delete", "DELETE", "/v1/self/stop/{deployment_id}/{stop_key}", "deployments.self_stop", "stop"),
    _row("deployment-logs-get", "GET", "/v1/deployment/{deployment_id}/container-logs", "deployments.logs"),
    _row("deployment-metrics-get", "GET", "/v1/metrics/deployment/{deployment_id}", "deployments.metrics"),
    _row("deployment-report", "POST", "/v1/deployments/{deployment_id}:report", "deployments.report"),
    # their tags
    _row("deployment-tag-list", "GET", "/v1/deployments/{deployment_id}/tags", "deployments.tags.list", items="tags"),
    _row("deployment-tag-create", "POST", "/v1/deployments/{deployment_id}/tags", "deployments.tags.create"),
    _row("deployment-tag-get", "GET", "/v1/deployments/{deployment_id}/tags/{tag_name}", "deployments.tags.get"),
    _row("deployment-tag-update", "PATCH", "/v1/deployments/{deployment_id}/tags/{tag_name}", "deployments.tags.update"),
    _row("deployment-tag-delete", "DELETE", "/v1/deployments/{deployment_id}/tags/{tag_name}", "deployments.tags.delete"),
    # private fleets
    _deploy("private-fleets-deployment-create", "/v2/private-fleets/deployments", "private_fleets.create", spec="v2"),
    _row("private-fleet-hosts-list", "GET", "/v2/private-fleets/{fleet-name}/hosts", "private_fleets.hosts", "hosts", items="data", paged=False, spec="v2"),
    # where servers can run
    _row("location-list", "GET", "/v1/locations", "locations.list", items="locations"),
    _row("beacon-list", "GET", "/v1/locations/beacons", "locations.beacons.list", items="locations"),
    # applications and their versions
    _row("application-create", "POST", "/v1/app", "applications.create"),
    _row("application-get", "GET", "/v1/app/{app_name}", "applications.get"),
    _row("application-update", "PATCH", "/v1/app/{app_name}", "applications.update"),
    _row("application-delete", "DELETE", "/v1/app/{app_name}", "applications.delete"),
    _row("application-list", "GET", "/v1/apps", "applications.list", items="applications"),
    _row("app-version-create", "POST", "/v1/app/{app_name}/version", "versions.create"),
    _row("app-version-get", "GET", "/v1/app/{app_name}/version/{version_name}", "versions.get"),
    _row("app-version-update", "PATCH", "/v1/app/{app_name}/version/{version_name}", "versions.update"),
    _row("app-version-delete", "DELETE", "/v1/app/{app_name}/version/{version_name}", "versions.delete"),
    _row("app-version-list", "GET", "/v1/app/{app_name}/versions", "versions.list", items="versions", paged=False),
    _row("app-version-whitelist-get", "GET", "/v1/app/{app_name}/version/{version_name}/whitelist", "versions.acl.list", items="whitelist_entries", paged=False, deprecated=True, spec="v1-legacy"),
    _row("app-version-whitelist-post", "POST", "/v1/app/{app_name}/version/{version_name}/whitelist", "versions.acl.create", deprecated=True, spec="v1-legacy"),
    _row("app-version-whitelist-entry-get", "GET", "/v1/app/{app_name}/version/{version_name}/whitelist/{entry_id}", "versions.acl.get", deprecated=True, spec="v1-legacy"),
    _row("app-version-whitelist-entry-delete", "DELETE", "/v1/app/{app_name}/version/{version_name}/whitelist/{entry_id}", "versions.acl.delete", deprecated=True, spec="v1-legacy"),
    # the container registry
    _row("registry-image-tag-list", "GET", "/v1/container-registry/images/{image_name}/tags", "registry.list_tags", items="data", nested="image_name"),
    _row("registry-image-tag-delete", "DELETE", "/v1/container-registry/images/{image_name}/tags/{tag_name}", "registry.delete_tag", nested="image_name"),
    _row("registry-image-tag-bulk-delete", "POST", "/v1/container-registry/images/{image_name}/tags/bulk-delete", "registry.bulk_delete_tags", nested="image_name"),
    # relays
    _row("relay-session-create", "POST", "/v1/relays/sessions", "relays.create"),
    _row("relay-session-get", "GET", "/v1/relays/sessions/{session_id}", "relays.get"),
    _row("relay-session-delete", "DELETE", "/v1/relays/sessions/{session_id}", "relays.delete", "stop"),
    _row("relay-session-list", "GET", "/v1/relays/sessions", "relays.list", items="sessions", paged=False),
    _row("relay-user-authorize", "POST", "/v1/relays/sessions:authorize-user", "relays.authorize_user"),
    _row("relay-user-revoke", "POST", "/v1/relays/sessions:revoke-user", "relays.revoke_user"),
    # endpoint storage and what is pulled from it
    _row("endpoint-create", "POST", "/v1/storage/endpoint", "storage.create"),
    _row("endpoint-get", "GET", "/v1/storage/endpoint/{endpoint_name}", "storage.get"),
    _row("endpoint-update", "PATCH", "/v1/storage/endpoint/{endpoint_name}", "storage.update"),
    _row("endpoint-delete", "DELETE", "/v1/storage/endpoint/{endpoint_name}", "storage.delete"),
    _row("endpoints-list", "GET", "/v1/storage/endpoints", "storage.list", items="endpoints"),
    _row("pull-profile-create", "POST", "/v1/storage/endpoint/{endpoint_name}/pull-profile", "storage.pull_profiles.create"),
    _row("pull-profile-get", "GET", "/v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}", "storage.pull_profiles.get"),
    _row("pull-profile-update", "PATCH", "/v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}", "storage.pull_profiles.update"),
    _row("pull-profile-delete", "DELETE", "/v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}", "storage.pull_profiles.delete"),
    _row("pull-profile-list", "GET", "/v1/storage/endpoint/{endpoint_name}/pull-profiles", "storage.pull_profiles.list", items="pull_profiles"),
    _row("pull-profile-link-app-version", "PUT", "/v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}/app/{app_name}/version/{version_name}", "storage.pull_profiles.link_version"),
    _row("pull-profile-unlink-app-version", "DELETE", "/v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}/app/{app_name}/version/{version_name}", "storage.pull_profiles.unlink_version"),
    # smart fleets
    _row("fleet-create", "POST", "/v1/fleet", "fleets.create", deprecated=True, spec="v1-legacy"),
    _row("fleet-get", "GET", "/v1/fleet/{fleet_name}", "fleets.get", deprecated=True, spec="v1-legacy"),
    _row("fleet-update", "PATCH", "/v1/fleet/{fleet_name}", "fleets.update", deprecated=True, spec="v1-legacy"),
    _row("fleet-delete", "DELETE", "/v1/fleet/{fleet_name}", "fleets.delete", deprecated=True, spec="v1-legacy"),
    _row("fleets", "GET", "/v1/fleets", "fleets.list", items="fleets", deprecated=True, spec="v1-legacy"),
    _row("fleet-link-app-version", "PUT", "/v1/fleet/{fleet_name}/app/{app_name}/version/{version_name}", "fleets.link_version", deprecated=True, spec="v1-legacy"),
    _row("fleet-unlink-app-version", "DELETE", "/v1/fleet/{fleet_name}/app/{app_name}/version/{version_name}", "fleets.unlink_version", deprecated=True, spec="v1-legacy"),
    _row("fleet-policies-create", "POST", "/v1/fleet/{fleet_name}/policies", "fleets.policies.create", deprecated=True, spec="v1-legacy"),
    _row("fleet-policies-get", "GET", "/v1/fleet/{fleet_name}/policies/{policy_name}", "fleets.policies.get", deprecated=True, spec="v1-legacy"),
    _row("fleet-policies-update", "PATCH", "/v1/fleet/{fleet_name}/policies/{policy_name}", "fleets.policies.update", deprecated=True, spec="v1-legacy"),
    _row("fleet-policies-delete", "DELETE", "/v1/fleet/{fleet_name}/policies/{policy_name}", "fleets.policies.delete", deprecated=True, spec="v1-legacy"),
    _row("fleet-policies-list", "GET", "/v1/fleet/{fleet_name}/policies", "fleets.policies.list", items="policies", deprecated=True, spec="v1-legacy"),
    # sessions
    _row("session-post", "POST", "/v1/session", "sessions.create", deprecated=True, spec="v1-legacy"),
    _row("get-session", "GET", "/v1/session/{session_id}", "sessions.get", deprecated=True, spec="v1-legacy"),
    _row("session-delete", "DELETE", "/v1/session/{session_id}", "sessions.delete", "stop", deprecated=True, spec="v1-legacy"),
    _row("list-sessions", "GET", "/v1/sessions", "sessions.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    _row("sessions-bulk-stop", "POST", "/v1/sessions/bulk-stop", "sessions.bulk_stop", deprecated=True, spec="v1-legacy"),
    _row("get-users-session", "GET", "/v1/session/{session_id}/users", "sessions.users.list", items="session_users", paged=False, deprecated=True, spec="v1-legacy"),
    _row("put-users-session", "PUT", "/v1/session/{session_id}/users", "sessions.users.add", deprecated=True, spec="v1-legacy"),
    _row("delete-users-session", "DELETE", "/v1/session/{session_id}/users", "sessions.users.remove", deprecated=True, spec="v1-legacy"),
    # custom sessions
    _row("post-custom-session", "POST", "/v1/deployment/{request_id}/custom/session/{custom_id}", "custom_sessions.create", deprecated=True, spec="v1-legacy"),
    _row("get-custom-session", "GET", "/v1/deployment/{request_id}/custom/session/{custom_id}", "custom_sessions.get", deprecated=True, spec="v1-legacy"),
    _row("patch-custom-session", "PATCH", "/v1/deployment/{request_id}/custom/session/{custom_id}", "custom_sessions.update", deprecated=True, spec="v1-legacy"),
    _row("delete-custom-session", "DELETE", "/v1/deployment/{request_id}/custom/session/{custom_id}", "custom_sessions.delete", deprecated=True, spec="v1-legacy"),
    _row("get-custom-sessions", "GET", "/v1/deployment/{request_id}/custom/sessions", "custom_sessions.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    _row("post-custom-sessions", "POST", "/v1/deployment/{request_id}/custom/sessions", "custom_sessions.create_many", deprecated=True, spec="v1-legacy"),
    _row("delete-custom-sessions", "DELETE", "/v1/deployment/{request_id}/custom/sessions", "custom_sessions.delete_many", deprecated=True, spec="v1-legacy"),
    # the matchmaker
    _row("post-matchmaker", "POST", "/v1/aom/matchmaker", "matchmakers.create", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker", "GET", "/v1/aom/matchmaker/{matchmaker_name}", "matchmakers.get", deprecated=True, spec="v1-legacy"),
    _row("patch-matchmaker", "PATCH", "/v1/aom/matchmaker/{matchmaker_name}", "matchmakers.update", deprecated=True, spec="v1-legacy"),
    _row("delete-matchmaker", "DELETE", "/v1/aom/matchmaker/{matchmaker_name}", "matchmakers.delete", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker-list", "GET", "/v1/aom/matchmakers", "matchmakers.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    _row("post-matchmaker-component", "POST", "/v1/aom/component", "matchmakers.components.create", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker-component", "GET", "/v1/aom/component/{component_name}", "matchmakers.components.get", deprecated=True, spec="v1-legacy"),
    _row("patch-matchmaker-component", "PATCH", "/v1/aom/component/{component_name}", "matchmakers.components.update", deprecated=True, spec="v1-legacy"),
    _row("delete-matchmaker-component", "DELETE", "/v1/aom/component/{component_name}", "matchmakers.components.delete", deprecated=True, spec="v1-legacy"),
    _row("get-component-list", "GET", "/v1/aom/components", "matchmakers.components.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    _row("post-matchmaker-component-env", "POST", "/v1/aom/component/{component_name}/env", "matchmakers.envs.create", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker-component-env", "GET", "/v1/aom/component/{component_name}/env/{env_key}", "matchmakers.envs.get", deprecated=True, spec="v1-legacy"),
    _row("patch-matchmaker-component-env", "PATCH", "/v1/aom/component/{component_name}/env/{env_key}", "matchmakers.envs.update", deprecated=True, spec="v1-legacy"),
    _row("delete-matchmaker-component-env", "DELETE", "/v1/aom/component/{component_name}/env/{env_key}", "matchmakers.envs.delete", deprecated=True, spec="v1-legacy"),
    _row("get-envs-list", "GET", "/v1/aom/component/{component_name}/envs", "matchmakers.envs.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    _row("post-matchmaker-release", "POST", "/v1/aom/matchmaker/{matchmaker_name}/release", "matchmakers.releases.create", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker-release", "GET", "/v1/aom/matchmaker/{matchmaker_name}/release/{release_version}", "matchmakers.releases.get", deprecated=True, spec="v1-legacy"),
    _row("patch-matchmaker-release", "PATCH", "/v1/aom/matchmaker/{matchmaker_name}/release/{release_version}", "matchmakers.releases.update", deprecated=True, spec="v1-legacy"),
    _row("delete-matchmaker-release", "DELETE", "/v1/aom/matchmaker/{matchmaker_name}/release/{release_version}", "matchmakers.releases.delete", deprecated=True, spec="v1-legacy"),
    _row("get-release-list", "GET", "/v1/aom/matchmaker/{matchmaker_name}/releases", "matchmakers.releases.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    _row("post-matchmaker-managed-release", "POST", "/v1/aom/matchmaker/{matchmaker_name}/release/managed", "matchmakers.managed_releases.create", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker-managed-release", "GET", "/v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}", "matchmakers.managed_releases.get", deprecated=True, spec="v1-legacy"),
    _row("patch-matchmaker-managed-release", "PATCH", "/v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}", "matchmakers.managed_releases.update", deprecated=True, spec="v1-legacy"),
    _row("delete-matchmaker-managed-release", "DELETE", "/v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}", "matchmakers.managed_releases.delete", deprecated=True, spec="v1-legacy"),
    _row("post-matchmaker-release-config", "POST", "/v1/aom/release/config", "matchmakers.configs.create", deprecated=True, spec="v1-legacy"),
    _row("get-matchmaker-release-config", "GET", "/v1/aom/release/config/{config_name}", "matchmakers.configs.get", deprecated=True, spec="v1-legacy"),
    _row("patch-matchmaker-release-config", "PATCH", "/v1/aom/release/config/{config_name}", "matchmakers.configs.update", deprecated=True, spec="v1-legacy"),
    _row("delete-matchmaker-release-config", "DELETE", "/v1/aom/release/config/{config_name}", "matchmakers.configs.delete", deprecated=True, spec="v1-legacy"),
    _row("get-release-configs-list", "GET", "/v1/aom/release/configs", "matchmakers.configs.list", items="data", paged=False, deprecated=True, spec="v1-legacy"),
    # telemetry, addresses, lobbies
    _row("active-deployment-telemetry-post", "POST", "/v1/telemetry/active-deployments", "telemetry.create", deprecated=True, spec="v1-legacy"),
    _row("active-deployment-telemetry-get", "GET", "/v1/telemetry/active-deployments/{retrieval_key}", "telemetry.get", deprecated=True, spec="v1-legacy"),
    _row("IP", "GET", "/v1/ip", "ip.get", deprecated=True, spec="v1-legacy"),
    _row("IP lookup", "GET", "/v1/ip/{ip}/lookup", "ip.lookup", deprecated=True, spec="v1-legacy"),
    _row("IPs lookup", "POST", "/v1/ips/lookup", "ip.lookup_many", idempotency="safe", deprecated=True, spec="v1-legacy"),
    _row("lobby-create", "POST", "/v1/lobbies", "lobbies.create", deprecated=True, spec="v1-legacy"),
    _row("lobby-Get", "GET", "/v1/lobbies/{lobby_name}", "lobbies.get", deprecated=True, spec="v1-legacy"),
    _row("lobby-deploy", "POST", "/v1/lobbies:deploy", "lobbies.deploy", deprecated=True, spec="v1-legacy"),
    _row("lobby-terminate", "POST", "/v1/lobbies:terminate", "lobbies.terminate", deprecated=True, spec="v1-legacy"),
    # from inside a container, and the service itself
    _row("context-get", "GET", "/v1/context/{request_id}/{security_number}", "context.get", deprecated=True, spec="v1-legacy"),
    _row("context-create-deployment-tag", "POST", "/v1/context/{request_id}/{security_number}/tags", "context.create_tag", deprecated=True, spec="v1-legacy"),
    _row("context-delete-deployment-tag", "DELETE", "/v1/context/{request_id}/{security_number}/tags/{tag_name}", "context.delete_tag", deprecated=True, spec="v1-legacy"),
    _row("monitoring", "GET", "/monitor", "monitor.get", deprecated=True, spec="v1-legacy"),
)
# fmt: on

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({row.operation_id: row for row in _TABLE})
"""Every operation by its ``operation_id``, its name in the service's own document."""
