"""The three operations that create a deployment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from edgegap_async.simulator.domain.deployment_parameters import DeploymentParameters
from edgegap_async.simulator.domain.geography import Position
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.resource_types import MAX_VALUE_BYTES
from edgegap_async.simulator.domain.urls import optional_url, validate_url
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.placement import position_of_address, position_of_coordinates, select_cities
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest

_MAX_TAG_LENGTH: Final = 40


def create_v2(world: World, request: ValidatedRequest) -> Reply:
    """POST /v2/deployments."""
    return _create_v2(world, request, private_hosts=())


def create_on_private_fleet(world: World, request: ValidatedRequest) -> Reply:
    """POST /v2/private-fleets/deployments."""
    return _create_v2(world, request, private_hosts=request.body["private_host_ids"])


def _create_v2(world: World, request: ValidatedRequest, private_hosts: Sequence[str]) -> Reply:
    body = request.body
    parameters = DeploymentParameters(
        application=body["application"],
        version=body["version"],
        users=[_position(f"users[{number}]", user) for number, user in enumerate(body["users"])],
        user_count=len(body["users"]),
        private_hosts=private_hosts,
        tags=_tags(body.get("tags", ())),
        environment=_environment("environment_variables", body.get("environment_variables", ())),
        webhooks={
            event: _url(f"webhook_on_{event}.url", body[f"webhook_on_{event}"]["url"])
            for event in ("ready", "error", "terminated")
            if f"webhook_on_{event}" in body
        },
        resources=body.get("resources"),
    )
    try:
        deployment = world.create(parameters, request.planned_failure)
    except Rejection as rejection:
        # the document of v2 has no 404: an unknown application or version is a bad request
        raise Rejection(400 if rejection.status == 404 else rejection.status, rejection.message) from None
    return Reply(202, {"request_id": deployment.request_id})


def create_v1(world: World, request: ValidatedRequest) -> Reply:
    """POST /v1/deploy."""
    body = request.body
    addresses, coordinates = body.get("ip_list") or (), body.get("geo_ip_list") or ()
    if bool(addresses) == bool(coordinates):
        raise Rejection(400, "exactly one of ip_list and geo_ip_list must be given")
    users = [position_of_address(f"ip_list[{number}]", address) for number, address in enumerate(addresses)]
    users += [position_of_coordinates(f"geo_ip_list[{number}]", each) for number, each in enumerate(coordinates)]
    if "location" in body:
        users = [position_of_coordinates("location", body["location"])]
    filters = body.get("filters", [])
    webhook_url = optional_url(body, "webhook_url")
    deployment = world.create(
        DeploymentParameters(
            application=body["app_name"],
            version=body.get("version_name"),
            users=users,
            user_count=len(addresses) + len(coordinates),
            cities=select_cities(filters),
            tags=_tags(body.get("tags", ())),
            environment=_environment("env_vars", body.get("env_vars", ())),
            webhooks={"any": webhook_url} if webhook_url else {},
            command=body.get("command"),
            arguments=body.get("arguments"),
        ),
        request.planned_failure,
    )
    storage = body.get("container_log_storage", {"enabled": None})
    deployment.log_storage = storage["enabled"] and storage.get("endpoint_storage", True)
    repeated = ("location", "ap_sort_strategy")
    return Reply(
        200,
        {
            "request_id": deployment.request_id,
            "request_dns": deployment.fqdn,
            "request_app": deployment.application,
            "request_version": deployment.version,
            "request_user_count": deployment.user_count,
            "filters": filters,
            "tags": deployment.tags,
            "container_log_storage": body.get("container_log_storage", {"enabled": False}),
            **{name: body[name] for name in repeated if name in body},
        },
    )


def _position(field: str, user: Mapping[str, Any]) -> Position:
    user_type, data = user["user_type"], user["user_data"]
    if user_type == "ip_address":
        if "ip_address" not in data:
            raise Rejection(400, f"{field}.user_data.ip_address: this field is required")
        return position_of_address(f"{field}.user_data.ip_address", data["ip_address"])
    if user_type == "geo_coordinates":
        return position_of_coordinates(f"{field}.user_data", data)
    raise Rejection(400, f"{field}.user_type: this must be one of ip_address, geo_coordinates")


def _url(field: str, value: str) -> str:
    validate_url(field, value)
    return value


def _tags(tags: Iterable[str]) -> Sequence[str]:
    for number, tag in enumerate(tags):
        if not 1 <= len(tag) <= _MAX_TAG_LENGTH:
            raise Rejection(400, f"tags[{number}]: this must have 1 to {_MAX_TAG_LENGTH} characters")
    return tuple(dict.fromkeys(tags))


def _environment(field: str, variables: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    for number, each in enumerate(variables):
        if len(each["value"].encode()) > MAX_VALUE_BYTES:
            raise Rejection(400, f"{field}[{number}].value: this must have at most {MAX_VALUE_BYTES} bytes")
    return {each["key"]: each["value"] for each in variables}
