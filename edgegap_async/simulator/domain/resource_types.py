"""The things that can be created, got, listed, updated and deleted, as data.

Each names its operations in the table; what it looks like is in the service's documents. A new one is a few
lines here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import attrs

Path: TypeAlias = Mapping[str, str]
"""The parameters of a path, by their names in the table of operations."""

Compute: TypeAlias = Callable[["Record", float], Any]
"""What a field is that follows from a record and the clock's present moment."""

Verb: TypeAlias = Literal["create", "link", "get", "update", "delete", "list"]


@attrs.frozen(kw_only=True, eq=False)
class Resource:
    """One kind of thing.

    ``path`` are the parameters that say which one, its own last; ``parents`` are what it cannot be without,
    and goes with. ``key`` is the field of a body that has its own parameter's value: None for what has no
    body, or is numbered by the service (``number``). ``inside`` is the field that an answer has it in, where
    the document says so. ``times`` are the fields with its two dates. ``computed`` are fields that follow from
    the path or the time, ``hidden`` those that are taken and never shown.
    """

    name: str
    path: tuple[str, ...]
    operations: Mapping[Verb, str]
    key: str | None = "name"
    number: str | None = None
    parents: tuple[Resource, ...] = ()
    inside: str | None = None
    times: tuple[str, str] | None = ("create_time", "last_updated")
    defaults: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    computed: Mapping[str, Compute] = attrs.field(factory=dict[str, Compute])
    hidden: frozenset[str] = frozenset()


@attrs.define(eq=False)
class Record:
    """One thing: where it is, what was sent for it, and since when; the moments are the clock's."""

    path: dict[str, str]
    fields: dict[str, Any]
    created_at: float
    updated_at: float


def _of(parameter: str) -> Compute:
    return lambda record, _: record.path[parameter]


CACHING: Final = 240.0
"""Seconds until an image is cached everywhere."""


def _cached(record: Record, now: float) -> float:
    return round(min((now - record.updated_at) / CACHING, 1.0), 3) if record.fields.get("force_cache") else 0.0


APPLICATION: Final = Resource(
    name="application",
    path=("app_name",),
    operations={
        "create": "application-create",
        "get": "application-get",
        "update": "application-update",
        "delete": "application-delete",
        "list": "application-list",
    },
)

VERSION: Final = Resource(
    name="version",
    path=("app_name", "version_name"),
    parents=(APPLICATION,),
    inside="version",
    # what the document calls the default of time_to_deploy is less than what it calls its minimum
    defaults={"time_to_deploy": 15, "ports": [], "envs": []},
    computed={"caching_percent": _cached},
    operations={
        "create": "app-version-create",
        "get": "app-version-get",
        "update": "app-version-update",
        "delete": "app-version-delete",
        "list": "app-version-list",
    },
)

ACL_ENTRY: Final = Resource(
    name="ACL entry",
    path=("app_name", "version_name", "entry_id"),
    parents=(VERSION,),
    key=None,
    number="id",
    inside="whitelist_entry",
    times=None,
    defaults={"label": "", "is_active": True},
    operations={
        "create": "app-version-whitelist-post",
        "get": "app-version-whitelist-entry-get",
        "delete": "app-version-whitelist-entry-delete",
        "list": "app-version-whitelist-get",
    },
)

ENDPOINT: Final = Resource(
    name="storage endpoint",
    path=("endpoint_name",),
    hidden=frozenset({"secret_access_key"}),
    operations={
        "create": "endpoint-create",
        "get": "endpoint-get",
        "update": "endpoint-update",
        "delete": "endpoint-delete",
        "list": "endpoints-list",
    },
)

PULL_PROFILE: Final = Resource(
    name="pull profile",
    path=("endpoint_name", "pull_profile_name"),
    parents=(ENDPOINT,),
    operations={
        "create": "pull-profile-create",
        "get": "pull-profile-get",
        "update": "pull-profile-update",
        "delete": "pull-profile-delete",
        "list": "pull-profile-list",
    },
)

PULL_PROFILE_LINK: Final = Resource(
    name="link",
    path=("endpoint_name", "pull_profile_name", "app_name", "version_name"),
    parents=(PULL_PROFILE, VERSION),
    key=None,
    computed={
        "app": _of("app_name"),
        "app_version": _of("version_name"),
        "endpoint": _of("endpoint_name"),
        "pull_profile": _of("pull_profile_name"),
    },
    operations={"link": "pull-profile-link-app-version", "delete": "pull-profile-unlink-app-version"},
)

FLEET: Final = Resource(
    name="fleet",
    path=("fleet_name",),
    operations={
        "create": "fleet-create",
        "get": "fleet-get",
        "update": "fleet-update",
        "delete": "fleet-delete",
        "list": "fleets",
    },
)

POLICY: Final = Resource(
    name="policy",
    path=("fleet_name", "policy_name"),
    parents=(FLEET,),
    operations={
        "create": "fleet-policies-create",
        "get": "fleet-policies-get",
        "update": "fleet-policies-update",
        "delete": "fleet-policies-delete",
        "list": "fleet-policies-list",
    },
)

FLEET_LINK: Final = Resource(
    name="link",
    path=("fleet_name", "app_name", "version_name"),
    parents=(FLEET, VERSION),
    key=None,
    computed={"app": _of("app_name"), "app_version": _of("version_name"), "fleet": _of("fleet_name")},
    operations={"link": "fleet-link-app-version", "delete": "fleet-unlink-app-version"},
)

_DATED: Final = ("created_at", "updated_at")
"""What the matchmaker's things call their dates."""

MATCHMAKER: Final = Resource(
    name="matchmaker",
    path=("matchmaker_name",),
    times=_DATED,
    operations={
        "create": "post-matchmaker",
        "get": "get-matchmaker",
        "update": "patch-matchmaker",
        "delete": "delete-matchmaker",
        "list": "get-matchmaker-list",
    },
)

COMPONENT: Final = Resource(
    name="component",
    path=("component_name",),
    times=_DATED,
    operations={
        "create": "post-matchmaker-component",
        "get": "get-matchmaker-component",
        "update": "patch-matchmaker-component",
        "delete": "delete-matchmaker-component",
        "list": "get-component-list",
    },
)

COMPONENT_ENV: Final = Resource(
    name="environment variable",
    path=("component_name", "env_key"),
    parents=(COMPONENT,),
    key="key",
    times=_DATED,
    operations={
        "create": "post-matchmaker-component-env",
        "get": "get-matchmaker-component-env",
        "update": "patch-matchmaker-component-env",
        "delete": "delete-matchmaker-component-env",
        "list": "get-envs-list",
    },
)

_RUN_AS: Final[Mapping[str, Compute]] = {
    "app_name": _of("matchmaker_name"),
    "version_name": _of("release_version"),
}
"""The application and version a matchmaker's release runs as; the document does not say how they are named."""

RELEASE: Final = Resource(
    name="release",
    path=("matchmaker_name", "release_version"),
    parents=(MATCHMAKER,),
    key="version",
    times=_DATED,
    computed=_RUN_AS,
    operations={
        "create": "post-matchmaker-release",
        "get": "get-matchmaker-release",
        "update": "patch-matchmaker-release",
        "delete": "delete-matchmaker-release",
        "list": "get-release-list",
    },
)

MANAGED_RELEASE: Final = Resource(
    name="managed release",
    path=("matchmaker_name", "release_version"),
    parents=(MATCHMAKER,),
    key="version",
    times=_DATED,
    computed=_RUN_AS,
    operations={
        "create": "post-matchmaker-managed-release",
        "get": "get-matchmaker-managed-release",
        "update": "patch-matchmaker-managed-release",
        "delete": "delete-matchmaker-managed-release",
    },
)

RELEASE_CONFIG: Final = Resource(
    name="release configuration",
    path=("config_name",),
    times=_DATED,
    operations={
        "create": "post-matchmaker-release-config",
        "get": "get-matchmaker-release-config",
        "update": "patch-matchmaker-release-config",
        "delete": "delete-matchmaker-release-config",
        "list": "get-release-configs-list",
    },
)

RESOURCES: Final = (
    APPLICATION,
    VERSION,
    ACL_ENTRY,
    ENDPOINT,
    PULL_PROFILE,
    PULL_PROFILE_LINK,
    FLEET,
    POLICY,
    FLEET_LINK,
    MATCHMAKER,
    COMPONENT,
    COMPONENT_ENV,
    RELEASE,
    MANAGED_RELEASE,
    RELEASE_CONFIG,
)
"""All of them, parents before what they hold."""
