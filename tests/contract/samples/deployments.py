"""Deployments, their tags, private fleets, locations."""

from __future__ import annotations

from datetime import UTC, datetime

from edgegap_async import DeployFilter, EnvironmentVariable, Filter, Resources, User
from samples import Calls

ID = "61b1be8f54d9"
NOON = datetime(2026, 4, 22, 12, 0, tzinfo=UTC)
OPTIONS = {
    "tags": ["match-42"],
    "environment_variables": [EnvironmentVariable(key="MODE", value="ranked", is_hidden=True)],
    "resources": Resources(cpu_units=512, memory_mib=512),
    "require_cached_locations": True,
    "webhook_on_ready": "https://studio.example/ready",
    "webhook_on_error": "https://studio.example/error",
    "webhook_on_terminated": "https://studio.example/gone",
}
USERS = ["203.0.113.7", (45.5, -73.6)]

CALLS: Calls = {
    "v2-deployment-create": [
        lambda e: e.deployments.create("kart", "v1.2", users=["203.0.113.7"]),
        lambda e: e.deployments.create("kart", "v1.2", users=USERS, **OPTIONS),
    ],
    "deployment-create": [
        lambda e: e.deployments.create_v1("kart", users=["203.0.113.7"]),
        lambda e: e.deployments.create_v1(
            "kart",
            "v1.2",
            users=[User.at(45.5, -73.6, ip_address="203.0.113.7")],
            tags=["match-42"],
            environment_variables={"MODE": "ranked"},
            filters=[DeployFilter(field="city", values=("Montreal",))],
            webhook_url="https://studio.example/hook",
            container_log_storage="logs",
            command="serve",
            arguments="--ranked",
            is_public_app=False,
            telemetry_profile_uuid_list=["1f7a5a2e"],
            skip_telemetry=True,
            location=(45.5, -73.6),
            city="Montreal",
            country="Canada",
            continent="North America",
            region="Quebec",
            administrative_division="Quebec",
            ap_sort_strategy="weighted",
        ),
    ],
    "deployment-get": [lambda e: e.deployments.get(ID)],
    "deployment-list": [
        lambda e: e.deployments.list(order_by=None).first(),
        lambda e: e.deployments.list(Filter(status="ready", created_at=Filter.created_after(NOON))).first(),
    ],
    "deployment-update": [lambda e: e.deployments.update(ID, is_joinable_by_session=True)],
    "deployment-delete": [
        lambda e: e.deployments.stop(ID),
        lambda e: e.deployments.stop(ID, container_log_storage="logs"),
    ],
    "deployment-bulk-delete": [
        lambda e: e.deployments.bulk_stop(request_ids=[ID]),
        lambda e: e.deployments.bulk_stop(request_ids=[ID], tags=["match-42"], match="all"),
    ],
    "deployment-self-delete": [
        lambda e: e.deployments.self_stop(ID, "660", token="injected"),
        lambda e: e.deployments.self_stop(ID, "660", token="injected", container_log_storage="logs"),
    ],
    "deployment-logs-get": [lambda e: e.deployments.logs(ID)],
    "deployment-metrics-get": [
        lambda e: e.deployments.metrics(ID),
        lambda e: e.deployments.metrics(ID, start_time=NOON, end_time=NOON, steps="30s", raw=True),
    ],
    "deployment-report": [
        lambda e: e.deployments.report(ID, reason="slow"),
        lambda e: e.deployments.report(ID, reason="slow", metadata={"ping": 300}),
    ],
    "deployment-tag-list": [lambda e: e.deployments.tags.list(ID).first()],
    "deployment-tag-create": [lambda e: e.deployments.tags.create(ID, "ranked")],
    "deployment-tag-get": [lambda e: e.deployments.tags.get(ID, "ranked")],
    "deployment-tag-update": [lambda e: e.deployments.tags.update(ID, "ranked", new_name="casual")],
    "deployment-tag-delete": [lambda e: e.deployments.tags.delete(ID, "ranked")],
    "private-fleets-deployment-create": [
        lambda e: e.private_fleets.create("kart", "v1.2", private_host_ids=["alpha"], users=USERS),
        lambda e: e.private_fleets.create("kart", "v1.2", private_host_ids=["alpha"], users=USERS, **OPTIONS),
    ],
    "private-fleet-hosts-list": [lambda e: e.private_fleets.hosts("test-fleet").first()],
    "location-list": [
        lambda e: e.locations.list().first(),
        lambda e: e.locations.list(application="kart", version="v1.2").first(),
        lambda e: e.locations.list(type="edge", tags="gpu").first(),
    ],
    "beacon-list": [lambda e: e.locations.beacons.list().first()],
}
