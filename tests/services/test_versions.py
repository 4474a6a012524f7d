"""Versions: validation before sending, secrets, waiting for the cache, and the ACL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from edgegap_async import EdgegapClient, Probe, SessionConfig, VersionPort
from edgegap_async.errors import ConfigurationError, FailedDependency, NotFound, WaitTimeout
from edgegap_async.models.version_options import VersionOptions
from edgegap_async.models.versions import VersionKind
from edgegap_async.simulator import LocalEdgegap

RESOURCES: dict[str, Any] = {"req_cpu": 512, "req_memory": 1024}
IMAGE = {"docker_repository": "registry.studio.example", "docker_image": "studio/kart", "docker_tag": "1.2"}

INVALID: dict[str, tuple[dict[str, Any], str]] = {
    "more memory than twice the CPU": ({"req_memory": 1025}, "at most twice req_cpu: 512 CPU units can have 1024 MB"),
    "too little CPU": ({"req_cpu": 99, "req_memory": 100}, "req_cpu must be at least 100"),
    "too little memory": ({"req_memory": 99}, "req_memory must be at least 100"),
    "half a CPU unit": ({"req_cpu": 512.5}, "whole number"),
    "a negative GPU": ({"req_video": -1}, "req_video"),
    "too few seconds to deploy": ({"time_to_deploy": 14}, "time_to_deploy"),
    "a day and a minute": ({"max_duration": 1441}, "max_duration"),
    "too short a grace period": ({"termination_grace_period_seconds": 4}, "termination_grace_period_seconds"),
    "an unknown restart policy": (
        {"restart_policy": "sometimes"},
        "restart_policy cannot be 'sometimes': .*choose from always, never, on_failure",
    ),
    "a port too high": ({"ports": [VersionPort(port=60000)]}, "a port must be between 0 and 59999"),
    "ports that are not a list": ({"ports": "7777"}, "ports must be a list"),
    "the hour 24": ({"cache_max_hour": 24}, "cache_max_hour"),
    "no sockets": ({"session_config": SessionConfig(kind="Seat", sockets=0)}, "sockets"),
    "a probe of 0 ms": ({"probe": Probe(optimal_ping=0, rejected_ping=10)}, "optimal_ping"),
    "an empty token": ({"private_token": ""}, "the private token is empty"),
    "an environment over 4 KB": ({"envs": {"MODE": "x" * 4097}}, "4 KB|4096 bytes"),
    "a kind that is no word of the page": ({"kind": "Seat"}, "kind cannot be 'Seat': .*session"),
    "a negative kind": ({"kind": -1}, "kind must be at least 0"),
    "a duration below -1": ({"max_duration": -2}, "max_duration must be between -1 and 1440"),
    "an unknown option": (
        {"max_durations": 5},
        "a version takes no option 'max_durations': did you mean 'max_duration'",
    ),
}


@pytest.mark.parametrize("case", INVALID)
async def test_invalid_options_are_refused_before_sending(
    edgegap: EdgegapClient, local: LocalEdgegap, case: str
) -> None:
    options, message = INVALID[case]
    with pytest.raises(ConfigurationError, match=message):
        await edgegap.versions.create("kart", "v1.2", **{**RESOURCES, **IMAGE, **options})
    assert local.requests == []


@pytest.mark.parametrize("name", ["", "a/b", "x" * 65])
async def test_invalid_names_are_refused_before_sending(edgegap: EdgegapClient, local: LocalEdgegap, name: str) -> None:
    with pytest.raises(ConfigurationError, match="the version's name"):
        await edgegap.versions.create("kart", name, **RESOURCES, **IMAGE)
    with pytest.raises(ConfigurationError, match="the application's name"):
        await edgegap.applications.create("ab", image=b"")
    assert local.requests == []


async def test_an_update_sends_only_the_passed_fields(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.applications.create("kart", image=b"png")
    created = await edgegap.versions.create(
        "kart", "v1.2", **RESOURCES, **IMAGE, ports=[VersionPort(port=7777, name="game")]
    )
    assert created.ports[0].name == "game"
    changed = await edgegap.versions.update("kart", "v1.2", docker_tag="1.3", is_active=False)
    assert local.requests[-1].body == {"docker_tag": "1.3", "is_active": False}
    assert (changed.docker_tag, changed.is_active, changed.req_cpu) == ("1.3", False, 512)


# fields on which the provider's documents disagree


@pytest.mark.parametrize("kind", [0, "session", "non-session"])
async def test_a_version_has_a_command_arguments_and_a_kind(
    edgegap: EdgegapClient, local: LocalEdgegap, kind: VersionKind
) -> None:
    await edgegap.applications.create("kart", image=b"png")
    created = await edgegap.versions.create(
        "kart", "v1.2", **RESOURCES, **IMAGE, kind=kind, command="serve", arguments="--ranked"
    )
    expected = ("serve", "--ranked", kind)
    sent = local.requests[-1].body
    assert (sent["command"], sent["arguments"], sent["kind"]) == expected
    for version in (created, await edgegap.versions.get("kart", "v1.2"), await edgegap.versions.list("kart").first()):
        assert version is not None
        assert (version.command, version.arguments, version.kind) == expected


async def test_an_update_sends_null_for_what_can_be_null(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create(
        "kart", "v1.2", **RESOURCES, **IMAGE, command="serve", arguments="--ranked", max_duration=60
    )
    kept = await edgegap.versions.update("kart", "v1.2", is_active=True)
    assert (kept.command, kept.arguments, kept.max_duration) == ("serve", "--ranked", 60)
    options: VersionOptions = {"command": None, "arguments": None, "max_duration": None}
    cleared = await edgegap.versions.update("kart", "v1.2", **options)
    assert local.requests[-1].body == options
    assert (cleared.command, cleared.arguments, cleared.max_duration) == (None, None, 1440)


async def test_a_create_sends_null_for_a_command_but_not_for_a_duration(
    edgegap: EdgegapClient, local: LocalEdgegap
) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, command=None, arguments=None, max_duration=None)
    sent = local.requests[-1].body
    assert (sent["command"], sent["arguments"]) == (None, None)
    assert sent.keys() == {"name", *RESOURCES, *IMAGE, "command", "arguments"}


async def test_an_update_does_not_send_none_where_no_document_allows_null(
    edgegap: EdgegapClient, local: LocalEdgegap
) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, endpoint_storage="logs")
    await edgegap.versions.update("kart", "v1.2", docker_tag=None, command="serve")
    assert local.requests[-1].body == {"command": "serve"}


async def test_an_update_cannot_change_the_kind(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(ConfigurationError, match="a version takes no option 'kind'"):
        await edgegap.versions.update("kart", "v1.2", kind=0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    assert local.requests == []


@pytest.mark.looptime
@pytest.mark.parametrize(("max_duration", "ends"), [(0, False), (-1, False), (1, True)])
async def test_a_duration_of_0_or_less_has_no_end(
    edgegap: EdgegapClient, local: LocalEdgegap, max_duration: int, ends: bool
) -> None:
    await edgegap.applications.create("kart", image=b"png")
    ports = [VersionPort(port=7777)]
    created = await edgegap.versions.create(
        "kart", "v1.2", **RESOURCES, **IMAGE, ports=ports, max_duration=max_duration
    )
    assert created.max_duration == max_duration
    server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
    details = await edgegap.deployments.get(server.request_id)
    assert details.max_duration == max_duration
    assert (details.removal_time is not None) is ends
    await asyncio.sleep(2 * 86_400)
    assert (server.request_id not in {each.request_id for each in local.deployments}) is ends


@pytest.mark.looptime
async def test_a_duration_that_was_set_to_null_is_the_default(edgegap: EdgegapClient) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, max_duration=60)
    await edgegap.versions.update("kart", "v1.2", max_duration=None)
    request = await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"])
    assert (await edgegap.deployments.get(request.request_id)).max_duration == 1440


async def test_a_registry_token_is_sent_but_not_in_an_error_or_repr(
    edgegap: EdgegapClient, local: LocalEdgegap
) -> None:
    with pytest.raises(NotFound) as caught:
        await edgegap.versions.create(
            "kart", "v1.2", **RESOURCES, **IMAGE, private_username="ci", private_token="s3cr3t"
        )
    assert "s3cr3t" not in str(caught.value)
    assert local.requests[-1].body["private_token"] == "s3cr3t"
    await edgegap.applications.create("kart", image=b"png")
    version = await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, private_token="s3cr3t")
    assert "s3cr3t" not in repr(version)
    assert version.private_token is not None
    assert version.private_token.reveal() == "s3cr3t"


async def test_a_deployment_of_a_new_version_has_its_ports(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, ports=[VersionPort(port=9000, name="game")])
    request = await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"])
    assert [port.settings.port for port in local.deployments[request.request_id].ports] == [9000]


# the cache


@pytest.mark.looptime
async def test_wait_until_cached_reports_each_poll_and_ends_at_the_percentage(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.applications.create("kart", image=b"png")
        await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, force_cache=True)
        reported: list[float] = []
        version = await edgegap.versions.wait_until_cached("kart", "v1.2", 80, timeout=600, on_progress=reported.append)
        assert 80 <= version.cached <= 95
        assert reported == sorted(reported)
        assert reported[0] < 80 <= reported[-1] == version.cached
        polls = [request for request in local.requests if request.operation_id == "app-version-get"]
        assert len(polls) == len(reported) < 25


@pytest.mark.looptime
async def test_wait_until_cached_times_out_with_kind_and_id(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.applications.create("kart", image=b"png")
        await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, force_cache=True)
        with pytest.raises(WaitTimeout, match=r"version cache kart/v1\.2 .*within 60 s.*\d+ % cached") as caught:
            await edgegap.versions.wait_until_cached("kart", "v1.2", timeout=60)
        assert (caught.value.kind, caught.value.id) == ("version cache", "kart/v1.2")


async def test_wait_until_cached_refuses_what_can_never_be_cached(edgegap: EdgegapClient) -> None:
    with pytest.raises(NotFound):
        await edgegap.versions.wait_until_cached("kart", "v1.2")
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE, force_cache=False)
    with pytest.raises(ConfigurationError, match="force_cache=True"):
        await edgegap.versions.wait_until_cached("kart", "v1.2")
    with pytest.raises(ConfigurationError, match="percent must be between 0 and 100"):
        await edgegap.versions.wait_until_cached("kart", "v1.2", 101)


# the ACL


@pytest.mark.parametrize("cidr", ["203.0.113.0/33", "here", ""])
async def test_an_invalid_ip_range_is_refused_before_sending(
    edgegap: EdgegapClient, local: LocalEdgegap, cidr: str
) -> None:
    with pytest.raises(ConfigurationError, match="cidr must be an IP address or a range"):
        await edgegap.versions.acl.create("kart", "v1.2", cidr=cidr)
    assert local.requests == []


async def test_delete_returns_none(edgegap: EdgegapClient) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE)
    entry = await edgegap.versions.acl.create("kart", "v1.2", cidr="203.0.113.0/24")
    assert await edgegap.versions.acl.delete("kart", "v1.2", entry.id) is None  # type: ignore[func-returns-value]
    assert await edgegap.versions.delete("kart", "v1.2") is None  # type: ignore[func-returns-value]
    with pytest.raises(NotFound):
        await edgegap.versions.delete("kart", "v1.2")


async def test_delete_succeeds_if_its_lost_response_was_a_success(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    await edgegap.applications.create("kart", image=b"png")
    await edgegap.versions.create("kart", "v1.2", **RESOURCES, **IMAGE)
    local.faults.add("app-version-delete", "drop_after_commit")
    await edgegap.versions.delete("kart", "v1.2")
    assert [request.operation_id for request in local.requests][-2:] == ["app-version-delete"] * 2
    assert await edgegap.versions.list("kart").collect() == []


async def test_verify_image_rejects_an_image_that_cannot_be_pulled(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.applications.create("kart", image="")
    own = {"docker_repository": "registry.edgegap.com", "docker_image": "local/game-server"}
    with pytest.raises(FailedDependency, match=r"docker_tag: .* has no tag 'v9'"):
        await edgegap.versions.create("kart", "v9", **RESOURCES, **own, docker_tag="v9", verify_image=True)
    await edgegap.versions.create("kart", "v1", **RESOURCES, **own, docker_tag="v1.0", verify_image=True)
    local.faults.add("versions.create", "status", code=424, body={"message": "the image is gone"})
    with pytest.raises(FailedDependency, match="the image is gone"):
        await edgegap.versions.create("kart", "v2", **RESOURCES, **IMAGE, verify_image=True)
