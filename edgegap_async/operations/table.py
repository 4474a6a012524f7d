"""Every operation of the service that this client knows, as data.

Sources: the published v1 document of 2026-04, the v2 document of 2026-06 and the v1 document of 2024
(``v1-legacy``: operations that only that one lists). The four documented rates stand in the provider's own
descriptions of the operations and hold for the whole organisation.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import attrs

Method: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Bucket: TypeAlias = Literal["deploy", "status", "list", "hosts", "default"]
Idempotency: TypeAlias = Literal["safe", "idempotent", "unsafe", "create"]
Spec: TypeAlias = Literal["v1", "v2", "v1-legacy"]

DOCUMENTED_RATES: Final[Mapping[Bucket, float]] = MappingProxyType(
    {"deploy": 40.0, "status": 20.0, "list": 10.0, "hosts": 10.0}
)
"""Requests a second that the service allows one organisation, all its processes together."""

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

    ``call`` is the dotted name on the client; ``items_key`` is where a list has its items, ``paged`` whether it
    documents ``page`` and ``limit``. ``idempotency`` decides which failures may be sent again: ``safe`` and
    ``idempotent`` after any transport failure, ``unsafe`` only when provably not sent or refused with 429,
    ``create`` like ``unsafe``, and each one that succeeds starts a server that is billed.
    """

    operation_id: str
    method: Method
    path: str
    call: str
    bucket: Bucket = "default"
    idempotency: Idempotency = attrs.field(default=attrs.Factory(lambda self: _BY_METHOD[self.method], takes_self=True))
    items_key: str | None = None
    paged: bool = True
    deprecated: bool = False
    spec: Spec = "v1"

    @functools.cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters, in order."""
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
    deprecated: bool = False,
    spec: Spec = "v1",
) -> Operation:
    return Operation(
        operation_id=operation_id, method=method, path=path, call=call,
        bucket=bucket, items_key=items, paged=paged, deprecated=deprecated, spec=spec,
    )  # fmt: skip


# fmt: off
_TABLE: Final = (
    # deployments
    _deploy("v2-deployment-create", "/v2/deployments", "deployments.create", spec="v2"),
    _deploy("deployment-create", "/v1/deploy", "deployments.create_v1", spec="v1", deprecated=True),
    _row("deployment-get", "GET", "/v1/status/{deployment_id}", "deployments.get", "status"),
    _row("deployment-list", "GET", "/v1/deployments", "deployments.list", "list", items="data"),
    _row("deployment-update", "PATCH", "/v1/deployments/{request_id}", "deployments.update", deprecated=True),
    _row("deployment-delete", "DELETE", "/v1/stop/{deployment_id}", "deployments.stop"),
    _row("deployment-bulk-delete", "POST", "/v1/deployments/bulk-stop", "deployments.bulk_stop"),
    _row("deployment-self-delete", "DELETE", "/v1/self/stop/{deployment_id}/{stop_key}", "deployments.self_stop"),
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
    _deploy("private-fleets-deployment-create", "/v2/private-fleets/deployments", "private_fleets.deploy", spec="v2"),
    _row("private-fleet-hosts-list", "GET", "/v2/private-fleets/{fleet-name}/hosts", "private_fleets.hosts", "hosts", items="data", paged=False, spec="v2"),
    # where servers can run
    _row("location-list", "GET", "/v1/locations", "locations.list", items="locations"),
    _row("beacon-list", "GET", "/v1/locations/beacons", "locations.beacons.list", items="locations"),
)
# fmt: on

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({row.operation_id: row for row in _TABLE})
"""Every operation by its ``operation_id``, the name it has in the service's own document."""
