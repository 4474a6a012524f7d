"""What users do with each service, from the first call to the last, on a local Edgegap.

Together with the lifecycles they use every operation.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from edgegap_async import CustomSession, DeployFilter, EdgegapClient, Filter, SessionConfig, User, VersionPort
from edgegap_async.simulator import LocalEdgegap

Scenario: TypeAlias = Callable[[EdgegapClient, LocalEdgegap], Awaitable[None]]

USERS = ["203.0.113.7", "198.51.100.9"]
IMAGE = {"docker_repository": "registry.studio.example", "docker_image": "studio/kart", "docker_tag": "1.2"}


async def deployments(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """Deployments created by each endpoint, used by every operation, and stopped in each way."""
    request = await edgegap.deployments.create(
        "kart", "v1.2", users=[*USERS, (45.5, -73.6)], tags=["match-42"], guard=False
    )
    old = await edgegap.deployments.create_v1("kart", "v1.2", users=[User.at(45.5, -73.6, ip_address=USERS[0])])
    third = await edgegap.deployments.create("kart", "v1.2", users=USERS)
    server = await edgegap.deployments.wait_until_ready(request.request_id)
    await edgegap.deployments.wait_until_ready(old.request_id)
    assert {row.request_id async for row in edgegap.deployments.list(Filter(application="kart"))} >= {
        request.request_id,
        old.request_id,
    }
    await edgegap.deployments.update(server.request_id, is_joinable_by_session=False)
    await edgegap.deployments.logs(server.request_id)
    await edgegap.deployments.metrics(server.request_id)
    await edgegap.deployments.report(server.request_id, reason="lag")
    tags = edgegap.deployments.tags
    await tags.create(server.request_id, "ranked")
    await tags.update(server.request_id, "ranked", new_name="casual")
    await tags.get(server.request_id, "casual")
    assert [tag.name async for tag in tags.list(server.request_id)] == ["match-42", "casual"]
    await tags.delete(server.request_id, "casual")
    await edgegap.deployments.stop(server.request_id)
    await edgegap.deployments.bulk_stop(request_ids=[old.request_id])
    own = local.deployments[third.request_id]
    await edgegap.deployments.self_stop(third.request_id, own.stop_key, token=own.delete_token)
    assert len(local.deployments) == 0


async def private_fleets(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """A deployment on a host of a private fleet."""
    host = await edgegap.private_fleets.hosts("test-fleet").first()
    assert host is not None
    created = await edgegap.private_fleets.create("kart", "v1.2", private_host_ids=[host.host_id], users=USERS)
    server = await edgegap.deployments.wait_until_ready(created.request_id)
    assert server.public_ip == host.ip_address
    await edgegap.deployments.stop(created.request_id)
    assert len(local.deployments) == 0


async def locations(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """Locations, beacons, IP addresses, and the service's own status."""
    assert await edgegap.locations.list().first()
    assert await edgegap.locations.beacons.list().first()
    assert (await edgegap.ip.get()).public_ip == "127.0.0.1"
    (address,) = await edgegap.ip.lookup_many(["203.0.113.7"])
    assert address == await edgegap.ip.lookup("203.0.113.7")
    assert (await edgegap.monitor.get()).host_url == local.url


async def registry(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """Tags of an image are deleted one by one and in bulk."""
    image = "local/game-server"
    tags = [row.tag async for row in edgegap.registry.list_tags(image)]
    assert (await edgegap.registry.delete_tag(image, tags[0])).deleted_tag == tags[0]
    deletions = await edgegap.registry.bulk_delete_tags(image, tags)
    assert [one.status for one in deletions.results] == [404, 204]
    assert await edgegap.registry.list_tags(image).collect() == []


async def applications(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """An application with a version and its ACL, linked to a pull profile and a fleet."""
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", req_cpu=512, req_memory=1024, **IMAGE)
    entry = await edgegap.versions.acl.create("kart", "v1.2", cidr="203.0.113.0/24")
    assert await edgegap.versions.acl.get("kart", "v1.2", entry.id) == entry
    assert await edgegap.versions.acl.list("kart", "v1.2").collect() == [entry]
    await edgegap.versions.acl.delete("kart", "v1.2", entry.id)
    version = {"application": "kart", "version": "v1.2"}
    await edgegap.storage.create(
        "logs", endpoint="https://s3.example", bucket="kart", access_key_id="AKIA", secret_access_key="wJal"
    )
    profiles = edgegap.storage.pull_profiles
    await profiles.create("logs", "config", source="/config", source_type="Folder", destination="/srv")
    await profiles.link_version("logs", "config", **version)
    await profiles.unlink_version("logs", "config", **version)
    await edgegap.fleets.create("north")
    await edgegap.fleets.link_version("north", **version)
    await edgegap.fleets.unlink_version("north", **version)
    await edgegap.applications.delete("kart")


async def relays(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """A relay session to which a player is added and removed."""
    near = [DeployFilter(field="country", values=("Canada",))]
    async with edgegap.relays.running(users=[*USERS, (45.5, -73.6)], filters=near) as session:
        joined = await edgegap.relays.authorize_user(session.session_id, user_ip="192.0.2.4")
        assert joined.session_user is not None
        token = joined.session_user.authorization_token
        assert token is not None
        await edgegap.relays.revoke_user(session.session_id, authorization_token=token)
        assert [row.session_id async for row in edgegap.relays.list()] == [session.session_id]


async def sessions(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """Two sessions that share one server."""
    await edgegap.applications.create("kart", image=b"png")
    seats = SessionConfig(kind="Seat", sockets=4)
    ports = [VersionPort(port=7777)]
    await edgegap.versions.create(
        "kart", "v1.2", req_cpu=512, req_memory=1024, **IMAGE, ports=ports, session_config=seats
    )
    async with edgegap.sessions.running("kart", "v1.2", users=USERS) as first:
        assert first.deployment is not None
        async with edgegap.sessions.running("kart", "v1.2", users=["192.0.2.4"]) as second:
            assert second.deployment is not None
            assert second.deployment.request_id == first.deployment.request_id
            await edgegap.sessions.users.add(second.session_id, ["192.0.2.5"])
            await edgegap.sessions.users.remove(second.session_id, ["192.0.2.4"])
            assert [user.ip async for user in edgegap.sessions.users.list(second.session_id)] == ["192.0.2.5"]
            assert len(await edgegap.sessions.list().collect()) == 2
        third = await edgegap.sessions.create("kart", "v1.2", users=["192.0.2.6"])
        assert await edgegap.sessions.bulk_stop(session_ids=[third.session_id]) == (third.session_id,)
    await edgegap.deployments.stop(first.deployment.request_id)


async def custom_sessions(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """Custom sessions on a server."""
    server = await edgegap.deployments.deploy("kart", "v1.2", users=USERS)
    custom, id = edgegap.custom_sessions, server.request_id
    await custom.create(id, "table-1", users=USERS[:1])
    await custom.update(id, "table-1", users=USERS)
    assert (await custom.get(id, "table-1")).user_count == 2
    created = await custom.create_many(
        id, [CustomSession(custom_id=name, users=USERS) for name in ("table-1", "table-2", "table-3")]
    )
    assert (len(created.sessions), len(created.errors)) == (2, 1)
    assert [row.custom_id async for row in custom.list(id)] != []
    await custom.delete(id, "table-1")
    assert len((await custom.delete_many(id, ["table-2", "table-3"])).sessions) == 2
    await edgegap.deployments.stop(id)


async def telemetry(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """The nearer of two servers is the best for a player."""
    far = await edgegap.deployments.deploy("kart", "v1.2", users=[(-33.9, 151.2)])
    near = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
    ids = [far.request_id, near.request_id]
    assert await edgegap.telemetry.best_deployment(ids, users=["203.0.113.7"]) == near.request_id
    await edgegap.deployments.bulk_stop(request_ids=ids)


async def lobbies(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """A lobby that is deployed and terminated."""
    await edgegap.lobbies.create("plaza")
    await edgegap.lobbies.deploy("plaza")
    assert (await edgegap.lobbies.wait_until_ready("plaza")).url
    await edgegap.lobbies.terminate("plaza")


async def context(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    """A container that reads its deployment and tags it."""
    server = await edgegap.deployments.deploy("kart", "v1.2", users=USERS)
    own = local.deployments[server.request_id]
    me, token = (server.request_id, int(own.security_number)), own.context_token
    await edgegap.context.create_tag(*me, "full", token=token)
    assert (await edgegap.context.get(*me, token=token)).tags == ("full",)
    await edgegap.context.delete_tag(*me, "full", token=token)
    await edgegap.deployments.stop(server.request_id)


SCENARIOS: Mapping[str, Scenario] = {
    scenario.__name__.replace("_", " "): scenario
    for scenario in (
        deployments,
        private_fleets,
        locations,
        registry,
        applications,
        relays,
        sessions,
        custom_sessions,
        telemetry,
        lobbies,
        context,
    )
}
