"""Creating deployments: three operations that ask for the same in different words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from edgegap_async.simulator.domain.geography import Position
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.world import Order, World
from edgegap_async.simulator.handlers.placement import at, at_address, cities
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest

_LONGEST_TAG: Final = 40
_LARGEST_VALUE: Final = 4096
"""Bytes of an environment variable's value."""


def create_v2(world: World, call: ValidatedRequest) -> Reply:
    """POST /v2/deployments."""
    return _create_v2(world, call, private_hosts=())


def create_on_private_fleet(world: World, call: ValidatedRequest) -> Reply:
    """POST /v2/private-fleets/deployments."""
    return _create_v2(world, call, private_hosts=call.body["private_host_ids"])


def _create_v2(world: World, call: ValidatedRequest, private_hosts: Sequence[str]) -> Reply:
    body = call.body
    order = Order(
        application=body["application"],
        version=body["version"],
        users=[_user(f"users[{number}]", user) for number, user in enumerate(body["users"])],
        user_count=len(body["users"]),
        private_hosts=private_hosts,
        tags=_tags(body.get("tags", ())),
        environment=_environment("environment_variables", body.get("environment_variables", ())),
        webhooks={
            event: body[f"webhook_on_{event}"]["url"]
            for event in ("ready", "error", "terminated")
            if f"webhook_on_{event}" in body
        },
        resources=body.get("resources"),
    )
    try:
        deployment = world.create(order, call.planned_failure)
    except Rejection as refusal:
        # this version has no 404: what is not known is a bad request
        raise Rejection(400 if refusal.status == 404 else refusal.status, refusal.message) from None
    return Reply(202, {"request_id": deployment.request_id})


def create_v1(world: World, call: ValidatedRequest) -> Reply:
    """POST /v1/deploy."""
    body = call.body
    addresses, located = body.get("ip_list") or (), body.get("geo_ip_list") or ()
    if bool(addresses) == bool(located):
        raise Rejection(400, "exactly one of ip_list and geo_ip_list must be given")
    users = [at_address(f"ip_list[{number}]", address) for number, address in enumerate(addresses)]
    users += [at(f"geo_ip_list[{number}]", place) for number, place in enumerate(located)]
    if "location" in body:
        users = [at("location", body["location"])]
    filters = body.get("filters", [])
    deployment = world.create(
        Order(
            application=body["app_name"],
            version=body.get("version_name"),
            users=users,
            user_count=len(addresses) + len(located),
            cities=cities(filters),
            tags=_tags(body.get("tags", ())),
            environment=_environment("env_vars", body.get("env_vars", ())),
            webhooks={"any": body["webhook_url"]} if body.get("webhook_url") else {},
            command=body.get("command"),
            arguments=body.get("arguments"),
        ),
        call.planned_failure,
    )
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
        },
    )


# who the players are


def _user(field: str, user: Mapping[str, Any]) -> Position:
    kind, data = user["user_type"], user["user_data"]
    if kind == "ip_address":
        if "ip_address" not in data:
            raise Rejection(400, f"{field}.user_data.ip_address: this field is required")
        return at_address(f"{field}.user_data.ip_address", data["ip_address"])
    if kind == "geo_coordinates":
        return at(f"{field}.user_data", data)
    raise Rejection(400, f"{field}.user_type: this must be one of ip_address, geo_coordinates")


# what it is given


def _tags(tags: Iterable[str]) -> Sequence[str]:
    for number, tag in enumerate(tags):
        if not 1 <= len(tag) <= _LONGEST_TAG:
            raise Rejection(400, f"tags[{number}]: this must have 1 to {_LONGEST_TAG} characters")
    return tuple(dict.fromkeys(tags))


def _environment(field: str, variables: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    for number, each in enumerate(variables):
        if len(each["value"].encode()) > _LARGEST_VALUE:
            raise Rejection(400, f"{field}[{number}].value: this must have at most {_LARGEST_VALUE} bytes")
    return {each["key"]: each["value"] for each in variables}
