"""Versions: what is checked before it is sent, what is hidden, and waiting for the cache."""

from __future__ import annotations

from typing import Any

import pytest

from edgegap_async import EdgegapClient, Probe, SessionConfig, VersionPort
from edgegap_async.errors import ConfigurationError, NotFound, ReadyTimeout
from edgegap_async.simulator import LocalEdgegap

NEEDS: dict[str, Any] = {"req_cpu": 512, "req_memory": 1024}
IMAGE = {"docker_repository": "registry.studio.example", "docker_image": "studio/kart", "docker_tag": "1.2"}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "more memory than twice the CPU": ({"req_memory": 1025}, "at most twice req_cpu: 512 CPU units can have 1024 MB"),
    "too little CPU": ({"req_cpu": 99, "req_memory": 100}, "req_cpu must be at least 100"),
    "too little memory": ({"req_memory": 99}, "req_memory must be at least 100"),
    "half a CPU unit": ({"req_cpu": 512.5}, "whole number"),
    "a negative GPU": ({"req_video": -1}, "req_video"),
    "a start too soon": ({"time_to_deploy": 14}, "time_to_deploy"),
    "a day and a minute": ({"max_duration": 1441}, "max_duration"),
    "too little grace": ({"termination_grace_period_seconds": 4}, "termination_grace_period_seconds"),
    "a strange restart": (
        {"restart_policy": "sometimes"},
        "restart_policy cannot be 'sometimes': known: always, never",
    ),
    "a port too high": ({"ports": [VersionPort(port=60000)]}, "a port must be between 0 and 59999"),
    "one port, no list": ({"ports": "7777"}, "ports must be a list"),
    "the hour 24": ({"cache_max_hour": 24}, "cache_max_hour"),
    "no seats": ({"session_config": SessionConfig(kind="Seat", sockets=0)}, "sockets"),
    "an instant probe": ({"probe": Probe(optimal_ping=0, rejected_ping=10)}, "optimal_ping"),
    "an empty token": ({"private_token": ""}, "the private token is empty"),
    "an environment over 4 KB": ({"envs": {"MODE": "x" * 4097}}, "over 4 KB"),
    "something there is not": ({"memory": 5}, "a version takes no option 'memory'"),
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_what_cannot_be_is_not_sent(edgegap: EdgegapClient, local: LocalEdgegap, wrong: str) -> None:
    options, told = WRONG[wrong]
    with pytest.raises(ConfigurationError, match=told):
        await edgegap.versions.create("kart", "v1.2", **{**NEEDS, **IMAGE, **options})
    assert local.requests == []


@pytest.mark.parametrize("name", ["", "a/b", "x" * 65])
async def test_a_name_fits_into_a_path(edgegap: EdgegapClient, local: LocalEdgegap, name: str) -> None:
    with pytest.raises(ConfigurationError, match="the version's name"):
        await edgegap.versions.create("kart", name, **NEEDS, **IMAGE)
    with pytest.raises(ConfigurationError, match="the application's name"):
        await edgegap.applications.create("ab", image=b"")
    assert local.requests == []


async def test_an_update_sends_what_is_given_and_no_more(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.applications.create("kart", image=b"png")
    created = await edgegap.versions.create(
        "kart", "v1.2", **NEEDS, **IMAGE, ports=[VersionPort(port=7777, name="game")]
    )
    assert created.ports[0].name == "game"
    changed = await edgegap.versions.update("kart", "v1.2", docker_tag="1.3", is_active=False)
    assert local.requests[-1].body == {"docker_tag": "1.3", "is_active": False}
    assert (changed.docker_tag, changed.is_active, changed.req_cpu) == ("1.3", False, 512)


async def test_a_registrys_token_is_not_shown(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(NotFound) as caught:
        await edgegap.versions.create("kart", "v1.2", **NEEDS, **IMAGE, private_username="ci", private_token="s3cr3t")
    assert "s3cr3t" not in str(caught.value)
    assert local.requests[-1].body["private_token"] == "s3cr3t"
    await edgegap.applications.create("kart", image=b"png")
    version = await edgegap.versions.create("kart", "v1.2", **NEEDS, **IMAGE, private_token="s3cr3t")
    assert "s3cr3t" not in repr(version)
    assert version.private_token is not None
    assert version.private_token.reveal() == "s3cr3t"


async def test_a_version_that_is_created_is_deployed(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **NEEDS, **IMAGE, ports=[VersionPort(port=9000, name="game")])
    request = await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"])
    assert [port.settings.port for port in local.deployments[request.request_id].ports] == [9000]


# the cache


@pytest.mark.looptime
async def test_waiting_for_the_cache(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.applications.create("kart", image=b"png")
        await edgegap.versions.create("kart", "v1.2", **NEEDS, **IMAGE, force_cache=True)
        told: list[float] = []
        version = await edgegap.versions.wait_until_cached("kart", "v1.2", 80, timeout=600, on_progress=told.append)
        assert 80 <= version.cached <= 95
        assert told == sorted(told)
        assert told[0] < 80 <= told[-1] == version.cached
        looks = [request for request in local.requests if request.operation_id == "app-version-get"]
        assert len(looks) == len(told) < 25


@pytest.mark.looptime
async def test_a_cache_that_takes_too_long(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.applications.create("kart", image=b"png")
        await edgegap.versions.create("kart", "v1.2", **NEEDS, **IMAGE, force_cache=True)
        with pytest.raises(
            ReadyTimeout, match=r"the cache of kart v1.2 was not ready within 60 s \(last seen \d+ % cached\)"
        ):
            await edgegap.versions.wait_until_cached("kart", "v1.2", timeout=60)


async def test_what_is_not_cached_is_not_waited_for(edgegap: EdgegapClient) -> None:
    with pytest.raises(NotFound):
        await edgegap.versions.wait_until_cached("kart", "v1.2")
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **NEEDS, **IMAGE, force_cache=False)
    with pytest.raises(ConfigurationError, match="force_cache=True"):
        await edgegap.versions.wait_until_cached("kart", "v1.2")
    with pytest.raises(ConfigurationError, match="percent must be between 0 and 100"):
        await edgegap.versions.wait_until_cached("kart", "v1.2", 101)


# who may reach it


@pytest.mark.parametrize("cidr", ["203.0.113.0/33", "here", ""])
async def test_a_range_that_is_none(edgegap: EdgegapClient, local: LocalEdgegap, cidr: str) -> None:
    with pytest.raises(ConfigurationError, match="cidr is an address or a range"):
        await edgegap.versions.acl.create("kart", "v1.2", cidr=cidr)
    assert local.requests == []
