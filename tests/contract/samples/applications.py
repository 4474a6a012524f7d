"""Applications, their versions, and the images of the registry."""

from __future__ import annotations

from edgegap_async import EnvironmentVariable, Probe, Secret, SessionConfig, VersionPort
from samples import Calls

KART = ("kart", "v1.2")
IMAGE = {"docker_repository": "registry.studio.example", "docker_image": "studio/kart", "docker_tag": "1.2"}
OPTIONS = {
    "is_active": True,
    "req_video": 256,
    "private_username": "ci",
    "private_token": Secret("the-registrys-token"),
    "verify_image": True,
    "force_cache": True,
    "time_to_deploy": 30,
    "max_duration": 60,
    "restart_policy": "never",
    "termination_grace_period_seconds": 5,
    "will_deploy_in_mainland_china": False,
    "dns_config": "studio",
    "ports": [VersionPort(port=7777, name="gameport"), VersionPort(port=8080, protocol="WS", tls_upgrade=True)],
    "envs": [EnvironmentVariable(key="MODE", value="ranked", is_hidden=True)],
    "endpoint_storage": "logs",
    "command": "serve",
    "arguments": "--ranked",
    "use_telemetry": False,
    "inject_context_env": True,
    "whitelisting_active": True,
    "cache_min_hour": 0,
    "cache_max_hour": 23,
    "enable_all_locations": False,
    "session_config": SessionConfig(kind="Seat", sockets=10, autodeploy=True, empty_ttl=60, session_max_duration=60),
    "probe": Probe(optimal_ping=60, rejected_ping=180),
}
IMAGE_NAME = "studio/kart"

CALLS: Calls = {
    "application-create": [
        lambda e: e.applications.create("kart", image=b"\x89PNG"),
        lambda e: e.applications.create("kart", image="iVBORw0K", is_active=False, is_telemetry_agent_active=True),
    ],
    "application-get": [lambda e: e.applications.get("kart")],
    "application-update": [
        lambda e: e.applications.update("kart", is_active=False),
        lambda e: e.applications.update(
            "kart", new_name="kart-2", image=b"\x89PNG", is_active=True, is_telemetry_agent_active=False
        ),
    ],
    "application-delete": [lambda e: e.applications.delete("kart")],
    "application-list": [lambda e: e.applications.list().first()],
    "app-version-create": [
        lambda e: e.versions.create(*KART, req_cpu=512, req_memory=1024, **IMAGE),
        lambda e: e.versions.create(*KART, req_cpu=512, req_memory=1024, **IMAGE, kind=0, **OPTIONS),
    ],
    "app-version-get": [lambda e: e.versions.get(*KART)],
    "app-version-update": [
        lambda e: e.versions.update(*KART, docker_tag="1.3"),
        lambda e: e.versions.update(*KART, new_name="v1.3", req_cpu=512, req_memory=1024, **IMAGE, **OPTIONS),
    ],
    "app-version-delete": [lambda e: e.versions.delete(*KART)],
    "app-version-list": [lambda e: e.versions.list("kart").first()],
    "app-version-whitelist-get": [lambda e: e.versions.acl.list(*KART).first()],
    "app-version-whitelist-post": [
        lambda e: e.versions.acl.create(*KART, cidr="203.0.113.0/24"),
        lambda e: e.versions.acl.create(*KART, cidr="203.0.113.7", label="Matchmaker", is_active=True),
    ],
    "app-version-whitelist-entry-get": [lambda e: e.versions.acl.get(*KART, "1")],
    "app-version-whitelist-entry-delete": [lambda e: e.versions.acl.delete(*KART, "1")],
    "registry-image-tag-list": [lambda e: e.registry.list_tags(IMAGE_NAME).first()],
    "registry-image-tag-delete": [lambda e: e.registry.delete_tag(IMAGE_NAME, "1.0")],
    "registry-image-tag-bulk-delete": [lambda e: e.registry.bulk_delete_tags(IMAGE_NAME, ["1.0", "1.1"])],
}
