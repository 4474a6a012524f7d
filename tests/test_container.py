"""What a game server reads from its environment, and does about itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.container import InjectedEnvironment
from edgegap_async.errors import AuthenticationError, ConfigurationError, Conflict, NotFound
from edgegap_async.simulator import LocalEdgegap

WHOLE = {
    "ARBITRIUM_REQUEST_ID": "93924761ccde",
    "ARBITRIUM_PUBLIC_IP": "203.0.113.7",
    "ARBITRIUM_HOST_ID": "alpha-north-america-70364ef8",
    "ARBITRIUM_HOST_BASE_CLOCK_FREQUENCY": "2000",
    "ARBITRIUM_DEPLOYMENT_VCPU_UNITS": "256",
    "ARBITRIUM_DEPLOYMENT_MEMORY_MB": "512",
    "ARBITRIUM_DEPLOYMENT_TAGS": "ranked, match-42",
    "ARBITRIUM_DEPLOYMENT_LOCATION": '{"city": "Montreal", "latitude": "45.5", "longitude": -73.6}',
    "ARBITRIUM_PORTS_MAPPING": json.dumps(
        {"ports": {"gameport": {"name": "gameport", "internal": 7777, "external": 31504, "protocol": "UDP"}}}
    ),
    "ARBITRIUM_PORT_GAMEPORT_INTERNAL": "7777",
    "ARBITRIUM_PORT_GAMEPORT_EXTERNAL": "31504",
    "ARBITRIUM_PORT_GAMEPORT_PROTOCOL": "UDP",
    "ARBITRIUM_DELETE_URL": "https://api.edgegap.com/v1/self/stop/93924761ccde/660",
    "ARBITRIUM_DELETE_TOKEN": "delete-secret",
    "ARBITRIUM_CONTEXT_URL": "https://api.edgegap.com/v1/context/93924761ccde/661",
    "ARBITRIUM_CONTEXT_TOKEN": "context-secret",
    "ARBITRIUM_HOST_IN_PRIVATE_FLEET": "true",
    "ARBITRIUM_PRIVATE_FLEET_ID": "test-fleet",
    "ARBITRIUM_HOST_BEACON_ENABLED": "true",
    "ARBITRIUM_HOST_BEACON_PUBLIC_IP": "203.0.113.8",
    "ARBITRIUM_HOST_BEACON_PORT_UDP_EXTERNAL": "30001",
    "ARBITRIUM_HOST_BEACON_PORT_TCP_EXTERNAL": "30002",
}


def test_every_variable_has_its_type() -> None:
    me = InjectedEnvironment(WHOLE)
    assert (me.request_id, me.public_ip) == ("93924761ccde", "203.0.113.7")
    assert (me.deployment_vcpu_units, me.deployment_memory_mb, me.host_base_clock_frequency) == (256, 512, 2000)
    assert me.deployment_tags == ("ranked", "match-42")
    assert me.deployment_location is not None
    assert (me.deployment_location.city, me.deployment_location.latitude) == ("Montreal", 45.5)
    assert me.ports["gameport"].external == 31504
    assert me.ports[7777].protocol == "UDP"
    assert (me.host_id, me.host_in_private_fleet, me.private_fleet_id) == (
        "alpha-north-america-70364ef8",
        True,
        "test-fleet",
    )
    assert (me.host_beacon_enabled, me.host_beacon_public_ip) == (True, "203.0.113.8")
    assert (me.host_beacon_port_udp_external, me.host_beacon_port_tcp_external) == (30001, 30002)


def test_no_secret_shows() -> None:
    shown = repr(InjectedEnvironment(WHOLE))
    assert "secret" not in shown
    assert "660" not in shown
    assert "661" not in shown


def test_outside_of_a_container_there_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in WHOLE:
        monkeypatch.delenv(name, raising=False)
    me = InjectedEnvironment()
    assert me.request_id is None
    assert not me.ports
    assert me.deployment_tags == ()
    assert me.host_in_private_fleet is False
    monkeypatch.setenv("ARBITRIUM_REQUEST_ID", "93924761ccde")
    assert InjectedEnvironment().request_id == "93924761ccde"


def test_without_a_mapping_ports_are_read_one_by_one() -> None:
    me = InjectedEnvironment({**WHOLE, "ARBITRIUM_PORTS_MAPPING": "not json"})
    assert dict(me.ports)["GAMEPORT"].external == 31504


@given(st.dictionaries(st.sampled_from(sorted(WHOLE)), st.text(max_size=20) | st.sampled_from(["", "{}", "[1]", "-1"])))
def test_nothing_that_stands_there_keeps_a_server_from_starting(environ: dict[str, str]) -> None:
    me = InjectedEnvironment(environ)
    assert me.host_in_private_fleet in {True, False}
    assert all(port.internal is None or isinstance(port.internal, int) for port in me.ports.values())


@pytest.mark.parametrize(
    "mapping", ['{"ports": {"a": 1}}', '{"ports": [1]}', '{"ports": {"a": {"internal": null}}}', "1"]
)
def test_a_strange_mapping_is_no_error(mapping: str) -> None:
    ports = InjectedEnvironment({"ARBITRIUM_PORTS_MAPPING": mapping}).ports
    assert all(port.internal is None for port in ports.values())


@pytest.mark.looptime
async def test_a_server_stops_itself(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"], tags=["match-42"])
    me = InjectedEnvironment(local.injected(server.request_id))
    assert me.ports["gameport"].external == server.ports["gameport"].external
    assert me.deployment_tags == ("match-42",)
    assert not (await me.stop()).already_gone
    assert len(local.deployments) == 0
    await me.stop()  # once more is no error


@pytest.mark.looptime
async def test_a_server_looks_at_itself_and_tags_itself(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
        me = InjectedEnvironment(local.injected(server.request_id))
        await me.create_tag("full")
        with pytest.raises(Conflict):
            await me.create_tag("full")
        assert (await me.context()).tags == ("full",)
        await me.delete_tag("full")
        with pytest.raises(NotFound):
            await me.delete_tag("full")
        assert (await edgegap.deployments.get(server.request_id)).tags == ()


@pytest.mark.looptime
async def test_the_context_needs_its_own_token(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
    wrong = {**local.injected(server.request_id), "ARBITRIUM_CONTEXT_TOKEN": local.token}
    with pytest.raises(AuthenticationError):
        await InjectedEnvironment(wrong).context()


@pytest.mark.parametrize("missing", ["ARBITRIUM_DELETE_URL", "ARBITRIUM_DELETE_TOKEN"])
async def test_without_url_or_token_it_says_what_is_missing(missing: str) -> None:
    environ = {name: value for name, value in WHOLE.items() if name != missing}
    with pytest.raises(ConfigurationError, match="ARBITRIUM_DELETE_URL and ARBITRIUM_DELETE_TOKEN") as caught:
        await InjectedEnvironment(environ).stop()
    assert "secret" not in str(caught.value)
