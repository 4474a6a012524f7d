"""A local Edgegap in which the examples of requests can be carried out: what they refer to exists."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
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


@attrs.define
class PageWorld:
    """A local Edgegap, and the names and ids of what exists in it.

    Attributes:
        local: The local Edgegap.
        clock: Its clock.
        session: An HTTP session with its address.
        edgegap: A client.
        operation_id: The operation that is sent: only what it needs exists.
        names: The values of path parameters.
        references: The values of fields that refer to something.
    """

    local: LocalEdgegap
    clock: VirtualClock
    session: aiohttp.ClientSession
    edgegap: EdgegapClient
    operation_id: str
    names: dict[str, str] = attrs.field(factory=lambda: dict(NAMES))
    references: dict[str, Any] = attrs.field(factory=dict[str, Any])
    token: str = attrs.field(init=False, default="")

    async def send(self, body: Any) -> PageReply:
        """Send a request body as it is, but for the fields that refer to something."""
        operation = OPERATIONS[self.operation_id]
        path = operation.path
        for name in operation.parameters:
            path = path.replace(f"{{{name}}}", self.names[name])
        options = {"headers": {"Authorization": self.token}, "json": self.referring(body)}
        async with self.session.request(operation.method, path, **options) as response:
            return PageReply(response.status, await response.json() if response.content_type.endswith("json") else None)

    def referring(self, body: Any) -> Any:
        """Return a body whose references are those of this world."""
        known = self.references
        if not isinstance(body, dict):
            return body
        return {name: known[name] if name in known and value != [] else value for name, value in body.items()}

    async def fill(self) -> None:
        """Create what the operation refers to."""
        self.token = f"token {self.local.token}"
        for part, create in _PARTS.items():
            if part in f"{OPERATIONS[self.operation_id].path} {self.operation_id}":
                await create(self)

    async def version(self) -> None:
        await self.edgegap.applications.create("kart", image=b"png")
        await self.edgegap.versions.create(
            "kart",
            "v1.2",
            req_cpu=512,
            req_memory=512,
            **IMAGE,
            ports=[VersionPort(port=7777)],
            session_config=SessionConfig(kind="Seat", sockets=10),
        )

    async def deployment(self) -> None:
        await self.version()
        # what the example of a session selects: a deployment in Montreal that has the tag
        montreal = [(45.5, -73.6)]
        options: dict[str, Any] = {"tags": ["red", "tag"], "guard": False}
        request = await self.edgegap.deployments.create("kart", "v1.2", users=montreal, **options)
        self.clock.advance(30)
        id, own = request.request_id, self.local.deployments[request.request_id]
        self.names |= {"deployment_id": id, "request_id": id, "security_number": own.security_number}
        self.references |= {"deployment_request_id": id, "deployments": [id]}
        if self.operation_id == "session-post":
            self.references |= {"app_name": "kart", "version_name": "v1.2"}
        if self.operation_id.startswith("context"):
            self.token = own.context_token
        name = "table-5" if self.operation_id == "post-custom-session" else "table-4"
        session = await self.edgegap.custom_sessions.create(id, name, users=USERS)
        self.names |= {"session_id": session.session_id}

    async def private_host(self) -> None:
        host = await self.edgegap.private_fleets.hosts("test-fleet").first()
        assert host is not None
        self.references |= {"private_host_ids": [host.host_id]}

    async def relay(self) -> None:
        relay = await self.edgegap.relays.create(users=USERS)
        self.clock.advance(30)
        joined = await self.edgegap.relays.authorize_user(relay.session_id, user_ip="192.0.2.4")
        assert joined.session_user is not None
        token = joined.session_user.authorization_token
        self.references |= {"session_id": relay.session_id, "authorization_token": token}

    async def lobby(self) -> None:
        if self.operation_id != "lobby-create":
            await self.edgegap.lobbies.create("plaza")
            self.references |= {"name": "plaza"}

    async def storage(self) -> None:
        bucket = {"endpoint": "https://s3.example", "bucket": "b", "access_key_id": "a", "secret_access_key": "s"}
        await self.edgegap.storage.create("logs", **bucket)
        files: dict[str, Any] = {"source": "/c", "source_type": "File", "destination": "/srv"}
        await self.edgegap.storage.pull_profiles.create("logs", "config", **files)

    async def fleet(self) -> None:
        await self.edgegap.fleets.create("north")
        policy: dict[str, Any] = {"enabled": True, "type": "Location", "minimum": 1, "maximum": 1, "threshold": 0.9}
        await self.edgegap.fleets.policies.create("north", "montreal", **policy, data={"filters": []})

    async def matchmaker(self) -> None:
        makers = self.edgegap.matchmakers
        await makers.create("ranked")
        await makers.components.create("director", repository="registry.example", image="director", tag="1")
        await makers.envs.create("director", "MODE", value="ranked")
        await makers.configs.create("ranked-4v4", configuration="{}")
        await makers.releases.create("ranked", "r1", **ROLES)
        await makers.managed_releases.create("ranked", "m1", config="ranked-4v4")
        self.names |= {"release_version": "m1" if "managed" in self.operation_id else "r1"}
        self.references |= {f"{role}_component_name": "director" for role in ROLES}
        self.references |= {"release_config_name": "ranked-4v4"}


NAMES: Final[Mapping[str, str]] = {
    "app_name": "kart",
    "version_name": "v1.2",
    "tag_name": "red",
    "image_name": "local/game-server",
    "endpoint_name": "logs",
    "pull_profile_name": "config",
    "fleet_name": "north",
    "policy_name": "montreal",
    "matchmaker_name": "ranked",
    "component_name": "director",
    "env_key": "MODE",
    "config_name": "ranked-4v4",
    "custom_id": "table-4",
}
"""The values of the path's parameters that are no ids."""

_PARTS: Final[Mapping[str, Callable[[PageWorld], Awaitable[None]]]] = {
    "/app": PageWorld.version,
    "{deployment_id}": PageWorld.deployment,
    "{request_id}": PageWorld.deployment,
    "/v1/session": PageWorld.deployment,
    "telemetry": PageWorld.deployment,
    "private-fleets": PageWorld.private_host,
    "relay-": PageWorld.relay,
    "lobby": PageWorld.lobby,
    "/storage": PageWorld.storage,
    "/v1/fleet": PageWorld.fleet,
    "matchmaker": PageWorld.matchmaker,
}
"""What exists, by what the path or the id of an operation holds."""


@asynccontextmanager
async def page_world(operation_id: str) -> AsyncIterator[PageWorld]:
    """Start a local Edgegap in which an operation finds what it refers to."""
    clock = VirtualClock()
    async with (
        LocalEdgegap(clock=clock, rate_limits=None) as local,
        local.client(rate_limits=None) as edgegap,
        aiohttp.ClientSession(local.url) as session,
    ):
        world = PageWorld(local, clock, session, edgegap, operation_id)
        await world.fill()
        yield world
