"""Sessions: awaited until they can be played, deleted whatever happens; telemetry, lobbies, addresses."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from edgegap_async import EdgegapClient, State
from edgegap_async.errors import (
    ConfigurationError,
    DeploymentFailed,
    DeploymentTerminated,
    ReadyTimeout,
    ServerError,
    Unprocessable,
)
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7", "198.51.100.9"]
SEATS = {"kart": {"v1.2": {"session_config": {"kind": "Seat", "sockets": 2, "autodeploy": False}}}}


@pytest.mark.looptime
async def test_a_session_is_ready_with_its_server(local: LocalEdgegap) -> None:
    seen: list[State | None] = []
    async with local.client() as edgegap:
        created = await edgegap.sessions.create("kart", "v1.2", users=USERS)
        session = await edgegap.sessions.wait_until_ready(
            created.session_id, on_status=lambda change: seen.append(change.new)
        )
        assert session.deployment is not None
        assert session.deployment.server().address("gameport")
        assert (session.user_count, session.linked) == (2, True)
        assert seen[-1] is State.READY


@pytest.mark.looptime
@pytest.mark.parametrize("ends", [None, RuntimeError("the game crashed")])
async def test_running_deletes_the_session_and_not_the_server(local: LocalEdgegap, ends: Exception | None) -> None:
    async with local.client() as edgegap:
        with suppress(RuntimeError):
            async with edgegap.sessions.running("kart", "v1.2", users=USERS):
                assert len(local.sessions) == 1
                if ends:
                    raise ends
        assert len(local.sessions) == 0
        assert len(local.deployments) == 1


@pytest.mark.looptime
async def test_one_that_is_cancelled_while_it_waits_is_deleted(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:

        async def play() -> None:
            async with edgegap.sessions.running("kart", "v1.2", users=USERS):
                raise AssertionError("too early")

        task = asyncio.create_task(play())
        await asyncio.sleep(1)
        assert len(local.sessions) == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(local.sessions) == 0


@pytest.mark.looptime
async def test_without_a_seat_it_is_late(local: LocalEdgegap) -> None:
    async with LocalEdgegap(seed=1, applications=SEATS) as full, full.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=USERS)
        first = await edgegap.sessions.create("kart", "v1.2", users=USERS)
        await edgegap.sessions.wait_until_ready(first.session_id)
        second = await edgegap.sessions.create("kart", "v1.2", users=["192.0.2.4"])
        with pytest.raises(ReadyTimeout, match=f"session {second.session_id} was not ready within 30 s"):
            await edgegap.sessions.wait_until_ready(second.session_id, timeout=30)
        with pytest.raises(Unprocessable):
            await edgegap.sessions.users.add(first.session_id, ["192.0.2.5"])
        await edgegap.sessions.delete(first.session_id)
        ready = await edgegap.sessions.wait_until_ready(second.session_id)
        assert ready.deployment is not None
        assert ready.deployment.request_id == server.request_id


@pytest.mark.looptime
async def test_one_whose_server_fails_fails(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        created = await edgegap.sessions.create("kart", "v1.2", users=USERS)
        (server,) = local.deployments
        server.fail("out of memory")
        with pytest.raises(DeploymentFailed, match="out of memory"):
            await edgegap.sessions.wait_until_ready(created.session_id)


@pytest.mark.looptime
async def test_one_that_is_not_there_is_gone(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        with pytest.raises(DeploymentTerminated, match="session 000000000000-S is gone"):
            await edgegap.sessions.wait_until_ready("000000000000-S")


async def test_what_would_end_everything_is_not_sent(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(ConfigurationError, match="would stop everything"):
        await edgegap.sessions.bulk_stop()
    with pytest.raises(ConfigurationError, match="match cannot be 'some': choose from all, any, not"):
        await edgegap.sessions.bulk_stop(tags=["a"], match="some")  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="IPv4 or IPv6"):
        await edgegap.custom_sessions.create("61b1be8f54d9", "table-1", users=["here"])
    with pytest.raises(ConfigurationError, match="users is empty"):
        await edgegap.sessions.users.add("61b1be8f54d9-S", [])
    assert local.requests == []


# telemetry


@pytest.mark.looptime
async def test_telemetry_is_waited_for_until_it_is_whole(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = [
            (await edgegap.deployments.create("kart", "v1", users=[place])).request_id
            for place in ((45, -73), (1, 103))
        ]
        request = await edgegap.telemetry.create(ids, users=["203.0.113.7"])
        assert (await edgegap.telemetry.get(request.retrieval_key)).partial_result is True
        result = await edgegap.telemetry.wait_for_result(request.retrieval_key)
        assert {score.request_id for score in result.scores} == set(ids)
        assert await edgegap.telemetry.best_deployment(ids, users=["203.0.113.7"]) == result.scores[0].request_id
        assert await edgegap.telemetry.best_deployment([], users=["203.0.113.7"]) is None


@pytest.mark.looptime
async def test_a_result_that_stays_partial_is_late(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        ids = [(await edgegap.deployments.create("kart", "v1", users=[(45, -73)])).request_id for _ in range(4)]
        with pytest.raises(ReadyTimeout, match=r"telemetry \w+ was not ready within 1 s \(last seen \d scores\)"):
            await edgegap.telemetry.best_deployment(ids, users=["203.0.113.7"], timeout=1)


# addresses


async def test_many_addresses_are_looked_up_twenty_at_a_time(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    wanted = [f"203.0.113.{number}" for number in range(1, 46)]
    found = await edgegap.ip.lookup_many(wanted)
    assert [one.ip_address for one in found] == wanted
    assert sorted(len(request.body["addresses"]) for request in local.requests) == [5, 20, 20]


async def test_of_many_addresses_the_first_failure_is_told(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    local.faults.add("IPs lookup", "status", code=500, times=3)
    with pytest.raises(ServerError):
        await edgegap.ip.lookup_many([f"203.0.113.{number}" for number in range(1, 46)])
    with pytest.raises(ConfigurationError, match="IPv4 or IPv6"):
        await edgegap.ip.lookup_many(["203.0.113.1", "nowhere"])


# lobbies


@pytest.mark.looptime
async def test_a_lobby_is_awaited(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.lobbies.create("plaza")
        await edgegap.lobbies.deploy("plaza")
        assert (await edgegap.lobbies.wait_until_ready("plaza")).status is State.READY
        await edgegap.lobbies.terminate("plaza")
        with pytest.raises(DeploymentTerminated, match="lobby plaza is gone"):
            await edgegap.lobbies.wait_until_ready("plaza")
