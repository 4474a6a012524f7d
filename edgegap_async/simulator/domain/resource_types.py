"""The resources that are only created, read, updated, deleted and listed, one row each.

To add one, add a row to ``RESOURCE_TYPES``::

    ResourceType(
        name="fleet",
        path=("fleet_name",),
        operations=_crud("fleet-create", "fleet-get", "fleet-update", "fleet-delete", "fleets"),
    ),

The row is enough: ``handlers/resources.py`` creates a handler for each of its operations, the store keeps its records,
and the fields of requests and responses come from the service's documents. ``path`` has the path's parameters, by their
names in the table of operations. A resource below another one names it in ``parents``: a parent is a constant, to which
other rows can refer. Dates, defaults, computed and hidden fields are further columns (see ``ResourceType``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TypeAlias

import attrs

from edgegap_async.simulator.domain.registry import ContainerRegistry
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.urls import validate_url

PathParameters: TypeAlias = Mapping[str, str]
"""The parameters of a path, by their names in the table of operations."""

ComputeField: TypeAlias = Callable[["ResourceRecord", float], Any]
"""Computes a field from a record and the present moment of the clock."""

ResourceVerb: TypeAlias = Literal["create", "link", "get", "update", "delete", "list"]


@attrs.frozen(kw_only=True, eq=False)
class ResourceType:
    """A kind of resource.

    Attributes:
        name: What messages call it.
        path: The parameters that identify a record, its own last.
        operations: Operation ids by verb. ``link`` creates a record without a body, unless it exists.
        key: The body's field with the value of the record's own parameter. None for a resource without a body, or one
            that the service numbers.
        number: The field with the number, for a resource that the service numbers.
        parents: The types that must exist above a record. Deleting a parent deletes the record.
        wrapper: The response's field that contains the record, where the document has one.
        dates: The fields with the dates of creation and of the last change. None for a resource without dates.
        defaults: The values of fields that a request leaves out.
        computed: Fields that are computed from the path or the time.
        hidden: Fields that are accepted and never returned.
        check: Raises ``Rejection`` if a record may not have some fields, given all fields that it would have and the
            container registry.
    """

    name: str
    path: tuple[str, ...]
    operations: Mapping[ResourceVerb, str]
    key: str | None = "name"
    number: str | None = None
    parents: tuple[ResourceType, ...] = ()
    wrapper: str | None = None
    dates: tuple[str, str] | None = ("create_time", "last_updated")
    defaults: Mapping[str, Any] = attrs.field(factory=dict[str, Any])
    computed: Mapping[str, ComputeField] = attrs.field(factory=dict[str, ComputeField])
    hidden: frozenset[str] = frozenset()
    check: Callable[[Mapping[str, Any], ContainerRegistry], None] = lambda _, __: None


@attrs.define(eq=False)
class ResourceRecord:
    """A stored resource.

    Attributes:
        path: The parameters that identify it.
        fields: The fields of the requests that created and changed it.
        created_at: Seconds of the clock.
        updated_at: Seconds of the clock.
    """

    path: dict[str, str]
    fields: dict[str, Any]
    created_at: float
    updated_at: float


def _crud(create: str, get: str, update: str, delete: str, list_: str) -> Mapping[ResourceVerb, str]:
    return {"create": create, "get": get, "update": update, "delete": delete, "list": list_}


def _from_path(parameter: str) -> ComputeField:
    return lambda record, _: record.path[parameter]


MAX_VALUE_BYTES: Final = 4096
"""The greatest size of an environment variable's value."""

CACHING_SECONDS: Final = 240.0
"""Seconds until a version's image is cached everywhere."""


def _caching_percent(record: ResourceRecord, now: float) -> float:
    return round(min((now - record.updated_at) / CACHING_SECONDS, 1.0), 3) if record.fields.get("force_cache") else 0.0


def _check_version(fields: Mapping[str, Any], registry: ContainerRegistry) -> None:
    limit = 2 * fields["req_cpu"]
    if fields["req_memory"] > limit:
        raise Rejection(400, f"req_memory: this must be at most {limit}, twice the req_cpu of {fields['req_cpu']}")
    for number, each in enumerate(fields["envs"]):
        if len(each["value"].encode()) > MAX_VALUE_BYTES:
            raise Rejection(400, f"envs[{number}].value: this must have at most {MAX_VALUE_BYTES} bytes")
    if fields.get("verify_image"):
        registry.require_image(fields)


def _readable_variables(record: ResourceRecord, _: float) -> list[Mapping[str, Any]]:
    """Return a version's variables without the values that are hidden, which the document of 2024 calls secret."""
    return [
        {**each, "value": ""} if each.get("is_hidden") or each.get("is_secret") else each
        for each in record.fields["envs"]
    ]


def _time_to_deploy(record: ResourceRecord, _: float) -> int:
    # the document's default of 10 is less than the minimum that it states
    seconds: int = record.fields.get("time_to_deploy", 15)
    return seconds


_MATCHMAKER_DATES: Final = ("created_at", "updated_at")

_RUNS_AS: Final[Mapping[str, ComputeField]] = {
    "app_name": _from_path("matchmaker_name"),
    "version_name": _from_path("release_version"),
}
"""The application and version a matchmaker's release runs as. The document does not say how they are named."""

APPLICATION: Final = ResourceType(
    name="application",
    path=("app_name",),
    operations=_crud(
        "application-create", "application-get", "application-update", "application-delete", "application-list"
    ),
)

VERSION: Final = ResourceType(
    name="version",
    path=("app_name", "version_name"),
    parents=(APPLICATION,),
    wrapper="version",
    defaults={"ports": [], "envs": []},
    computed={"caching_percent": _caching_percent, "envs": _readable_variables, "time_to_deploy": _time_to_deploy},
    check=_check_version,
    operations=_crud(
        "app-version-create", "app-version-get", "app-version-update", "app-version-delete", "app-version-list"
    ),
)

ENDPOINT: Final = ResourceType(
    name="storage endpoint",
    path=("endpoint_name",),
    hidden=frozenset({"secret_access_key"}),
    check=lambda fields, _: validate_url("endpoint", fields["endpoint"]),
    operations=_crud("endpoint-create", "endpoint-get", "endpoint-update", "endpoint-delete", "endpoints-list"),
)

PULL_PROFILE: Final = ResourceType(
    name="pull profile",
    path=("endpoint_name", "pull_profile_name"),
    parents=(ENDPOINT,),
    operations=_crud(
        "pull-profile-create", "pull-profile-get", "pull-profile-update", "pull-profile-delete", "pull-profile-list"
    ),
)

FLEET: Final = ResourceType(
    name="fleet",
    path=("fleet_name",),
    operations=_crud("fleet-create", "fleet-get", "fleet-update", "fleet-delete", "fleets"),
)

POLICY: Final = ResourceType(
    name="policy",
    path=("fleet_name", "policy_name"),
    parents=(FLEET,),
    operations=_crud(
        "fleet-policies-create",
        "fleet-policies-get",
        "fleet-policies-update",
        "fleet-policies-delete",
        "fleet-policies-list",
    ),
)

FLEET_LINK: Final = ResourceType(
    name="link",
    path=("fleet_name", "app_name", "version_name"),
    parents=(FLEET, VERSION),
    key=None,
    computed={
        "app": _from_path("app_name"),
        "app_version": _from_path("version_name"),
        "fleet": _from_path("fleet_name"),
    },
    operations={"link": "fleet-link-app-version", "delete": "fleet-unlink-app-version"},
)

MATCHMAKER: Final = ResourceType(
    name="matchmaker",
    path=("matchmaker_name",),
    dates=_MATCHMAKER_DATES,
    operations=_crud(
        "post-matchmaker", "get-matchmaker", "patch-matchmaker", "delete-matchmaker", "get-matchmaker-list"
    ),
)

COMPONENT: Final = ResourceType(
    name="component",
    path=("component_name",),
    dates=_MATCHMAKER_DATES,
    operations=_crud(
        "post-matchmaker-component",
        "get-matchmaker-component",
        "patch-matchmaker-component",
        "delete-matchmaker-component",
        "get-component-list",
    ),
)

RESOURCE_TYPES: Final[tuple[ResourceType, ...]] = (
    APPLICATION,
    VERSION,
    ENDPOINT,
    PULL_PROFILE,
    FLEET,
    POLICY,
    FLEET_LINK,
    MATCHMAKER,
    COMPONENT,
    ResourceType(
        name="ACL entry",
        path=("app_name", "version_name", "entry_id"),
        parents=(VERSION,),
        key=None,
        number="id",
        wrapper="whitelist_entry",
        dates=None,
        defaults={"label": "", "is_active": True},
        operations={
            "create": "app-version-whitelist-post",
            "get": "app-version-whitelist-entry-get",
            "delete": "app-version-whitelist-entry-delete",
            "list": "app-version-whitelist-get",
        },
    ),
    ResourceType(
        name="link",
        path=("endpoint_name", "pull_profile_name", "app_name", "version_name"),
        parents=(PULL_PROFILE, VERSION),
        key=None,
        computed={
            "app": _from_path("app_name"),
            "app_version": _from_path("version_name"),
            "endpoint": _from_path("endpoint_name"),
            "pull_profile": _from_path("pull_profile_name"),
        },
        operations={"link": "pull-profile-link-app-version", "delete": "pull-profile-unlink-app-version"},
    ),
    ResourceType(
        name="environment variable",
        path=("component_name", "env_key"),
        parents=(COMPONENT,),
        key="key",
        dates=_MATCHMAKER_DATES,
        operations=_crud(
            "post-matchmaker-component-env",
            "get-matchmaker-component-env",
            "patch-matchmaker-component-env",
            "delete-matchmaker-component-env",
            "get-envs-list",
        ),
    ),
    ResourceType(
        name="release",
        path=("matchmaker_name", "release_version"),
        parents=(MATCHMAKER,),
        key="version",
        dates=_MATCHMAKER_DATES,
        computed=_RUNS_AS,
        operations=_crud(
            "post-matchmaker-release",
            "get-matchmaker-release",
            "patch-matchmaker-release",
            "delete-matchmaker-release",
            "get-release-list",
        ),
    ),
    ResourceType(
        name="managed release",
        path=("matchmaker_name", "release_version"),
        parents=(MATCHMAKER,),
        key="version",
        dates=_MATCHMAKER_DATES,
        computed=_RUNS_AS,
        operations={
            "create": "post-matchmaker-managed-release",
            "get": "get-matchmaker-managed-release",
            "update": "patch-matchmaker-managed-release",
            "delete": "delete-matchmaker-managed-release",
        },
    ),
    ResourceType(
        name="release configuration",
        path=("config_name",),
        dates=_MATCHMAKER_DATES,
        operations=_crud(
            "post-matchmaker-release-config",
            "get-matchmaker-release-config",
            "patch-matchmaker-release-config",
            "delete-matchmaker-release-config",
            "get-release-configs-list",
        ),
    ),
)
"""Every resource type. The constants are those that other rows or modules refer to."""
