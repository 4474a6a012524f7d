"""A local Edgegap in which the examples of requests can be carried out: what they refer to exists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
import attrs

from edgegap_async import EdgegapClient, SessionConfig, VersionPort
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap, VirtualClock

IMAGE: Final = {"docker_repository": "registry.studio.example", "docker_image": "studio/kart", "docker_tag": "1.2"}
ROLES: Final = dict.fromkeys(("frontend", "director", "match_function"), "director")
USERS: Final = ["1.2.3.4"]


@attrs.frozen
class PageReply:
    """A response of the local Edgegap."""

    status: int
    body: Any


@attrs.frozen
class PageWorld:
    """A local Edgegap, and the names and ids of what exists in it.

    Attributes:
        local: The local Edgegap.
        session: An HTTP session with its address.
        names: The values of path parameters.
        references: The values of fields that refer to something.
    """

    local: LocalEdgegap
    session: aiohttp.ClientSession
    names: Mapping[str, str]
    references: Mapping[str, Any]

    async def send(self, operation_id: str, body: Any) -> PageReply:
        """Send a request body as it is, but for the fields that refer to something."""
        operation = OPERATIONS[operation_id]
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", self.names[name])
        token = f"token {self.local.token}"
        if operation_id == "context-create-deployment-tag":
            token = self.names["context_token"]
        options = {"headers": {"Authorization": token}, "json": self.referring(operation_id, body)}
        async with self.session.request(operation.method, path, **options) as response:
            return PageReply(response.status, await response.json() if response.content_type.endswith("json") else None)

    def referring(self, operation_id: str, body: Any) -> Any:
        """Return a body whose references are those of this world."""
        if not isinstance(body, dict):
            return body
        own = {"session_id": self.names["relay_id"]} if operation_id.startswith("relay") else {}
        known = {**self.references, **own}
        if operation_id in {"lobby-deploy", "lobby-terminate"}:
            known = {"name": "plaza"}
        if operation_id == "session-post":
            known |= {"app_name": self.names["app_name"], "version_name": self.names["version_name"]}
        return {name: known.get(name, value) for name, value in body.items()}


@asynccontextmanager
async def page_world(operation_id: str = "") -> AsyncIterator[PageWorld]:
    """Start a local Edgegap with one of everything.

    Args:
        operation_id: The operation that will be sent.
    """
    clock = VirtualClock()
    async with (
        LocalEdgegap(clock=clock, rate_limits=None) as local,
        local.client(rate_limits=None) as edgegap,
        aiohttp.ClientSession(local.url) as session,
    ):
        names, references = await _fill(edgegap, local, clock, operation_id)
        yield PageWorld(local, session, names, references)


async def _fill(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock, operation_id: str
) -> tuple[dict[str, str], dict[str, Any]]:
    host = await edgegap.private_fleets.hosts("test-fleet").first()
    assert host is not None
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create(
        "kart",
        "v1.2",
        req_cpu=512,
        req_memory=512,
        **IMAGE,
        ports=[VersionPort(port=7777)],
        session_config=SessionConfig(kind="Seat", sockets=10),
    )
    # what the example of a session selects: a deployment in Montreal that has the tag
    montreal = [(45.5, -73.6)]
    request = await edgegap.deployments.create("kart", "v1.2", users=montreal, tags=["red", "tag"], guard=False)
    own = local.deployments[request.request_id]
    relay = await edgegap.relays.create(users=USERS)
    clock.advance(30)
    joined = await edgegap.relays.authorize_user(relay.session_id, user_ip="192.0.2.4")
    assert joined.session_user is not None
    await _fill_resources(edgegap)
    sessions = await edgegap.custom_sessions.create(request.request_id, "table-4", users=USERS)
    await edgegap.lobbies.create("plaza")
    names = {
        "app_name": "kart",
        "version_name": "v1.2",
        "deployment_id": request.request_id,
        "request_id": request.request_id,
        "security_number": own.security_number,
        "tag_name": "red",
        "image_name": "local/game-server",
        "endpoint_name": "logs",
        "pull_profile_name": "config",
        "fleet_name": "north",
        "policy_name": "montreal",
        "matchmaker_name": "ranked",
        "component_name": "director",
        "env_key": "MODE",
        "release_version": "m1" if "managed" in operation_id else "r1",
        "config_name": "ranked-4v4",
        "custom_id": "table-5" if operation_id == "post-custom-session" else "table-4",
        "session_id": sessions.session_id,
        "relay_id": relay.session_id,
        "context_token": own.context_token,
    }
    components = {f"{role}_component_name": "director" for role in ROLES}
    references = {
        "authorization_token": joined.session_user.authorization_token,
        "deployment_request_id": request.request_id,
        "deployments": [request.request_id],
        "private_host_ids": [host.host_id],
        "release_config_name": "ranked-4v4",
        **components,
    }
    return names, references


async def _fill_resources(edgegap: EdgegapClient) -> None:
    storage = edgegap.storage
    await storage.create("logs", endpoint="https://s3.example", bucket="b", access_key_id="a", secret_access_key="s")
    await storage.pull_profiles.create("logs", "config", source="/c", source_type="File", destination="/srv")
    await edgegap.fleets.create("north")
    await edgegap.fleets.policies.create(
        "north", "montreal", enabled=True, type="Location", minimum=1, maximum=1, threshold=0.9, data={"filters": []}
    )
    makers = edgegap.matchmakers
    await makers.create("ranked")
    await makers.components.create("director", repository="registry.example", image="director", tag="1")
    await makers.envs.create("director", "MODE", value="ranked")
    await makers.configs.create("ranked-4v4", configuration="{}")
    await makers.releases.create("ranked", "r1", **ROLES)
    await makers.managed_releases.create("ranked", "m1", config="ranked-4v4")
