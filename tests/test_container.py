"""The injected environment of a game server, and the calls that a game server makes for its own deployment."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.container import InjectedEnvironment
from edgegap_async.errors import AuthenticationError, ConfigurationError, Conflict, NotFound
from edgegap_async.simulator import LocalEdgegap

VARIABLES = {
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


def test_every_variable_is_read_with_its_type() -> None:
    environment = InjectedEnvironment(VARIABLES)
    assert (environment.request_id, environment.public_ip) == ("93924761ccde", "203.0.113.7")
    assert (
        environment.deployment_vcpu_units,
        environment.deployment_memory_mb,
        environment.host_base_clock_frequency,
    ) == (256, 512, 2000)
    assert environment.deployment_tags == ("ranked", "match-42")
    assert environment.deployment_location is not None
    assert (environment.deployment_location.city, environment.deployment_location.latitude) == ("Montreal", 45.5)
    assert environment.ports["gameport"].external == 31504
    assert environment.ports[7777].protocol == "UDP"
    assert (environment.host_id, environment.host_in_private_fleet, environment.private_fleet_id) == (
        "alpha-north-america-70364ef8",
        True,
        "test-fleet",
    )
    assert (environment.host_beacon_enabled, environment.host_beacon_public_ip) == (True, "203.0.113.8")
    assert (environment.host_beacon_port_udp_external, environment.host_beacon_port_tcp_external) == (30001, 30002)


def test_the_repr_contains_no_secret() -> None:
    shown = repr(InjectedEnvironment(VARIABLES))
    assert "secret" not in shown
    assert "660" not in shown
    assert "661" not in shown


def test_outside_of_a_container_every_value_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    environment = InjectedEnvironment()
    assert environment.request_id is None
    assert not environment.ports
    assert environment.deployment_tags == ()
    assert environment.host_in_private_fleet is False
    monkeypatch.setenv("ARBITRIUM_REQUEST_ID", "93924761ccde")
    assert InjectedEnvironment().request_id == "93924761ccde"


def test_without_a_valid_mapping_ports_are_read_from_their_own_variables() -> None:
    environment = InjectedEnvironment({**VARIABLES, "ARBITRIUM_PORTS_MAPPING": "not json"})
    assert dict(environment.ports)["GAMEPORT"].external == 31504


@given(
    st.dictionaries(st.sampled_from(sorted(VARIABLES)), st.text(max_size=20) | st.sampled_from(["", "{}", "[1]", "-1"]))
)
def test_no_value_of_a_variable_raises(environ: dict[str, str]) -> None:
    environment = InjectedEnvironment(environ)
    assert environment.host_in_private_fleet in {True, False}
    assert all(port.internal is None or isinstance(port.internal, int) for port in environment.ports.values())


@pytest.mark.parametrize(
    "mapping", ['{"ports": {"a": 1}}', '{"ports": [1]}', '{"ports": {"a": {"internal": null}}}', "1"]
)
def test_a_mapping_with_an_unexpected_shape_raises_nothing(mapping: str) -> None:
    ports = InjectedEnvironment({"ARBITRIUM_PORTS_MAPPING": mapping}).ports
    assert all(port.internal is None for port in ports.values())


@pytest.mark.looptime
async def test_a_server_stops_its_own_deployment(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"], tags=["match-42"])
    environment = InjectedEnvironment(local.injected(server.request_id))
    assert environment.ports["gameport"].external == server.ports["gameport"].external
    assert environment.deployment_tags == ("match-42",)
    assert not (await environment.stop()).already_gone
    assert len(local.deployments) == 0
    await environment.stop()  # stopping it again is not an error


@pytest.mark.looptime
async def test_a_server_reads_and_tags_its_own_deployment(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
        environment = InjectedEnvironment(local.injected(server.request_id))
        await environment.create_tag("full")
        with pytest.raises(Conflict):
            await environment.create_tag("full")
        assert (await environment.context()).tags == ("full",)
        await environment.delete_tag("full")
        with pytest.raises(NotFound):
            await environment.delete_tag("full")
        assert (await edgegap.deployments.get(server.request_id)).tags == ()


@pytest.mark.looptime
async def test_the_context_refuses_the_token_of_the_organisation(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
    wrong = {**local.injected(server.request_id), "ARBITRIUM_CONTEXT_TOKEN": local.token}
    with pytest.raises(AuthenticationError):
        await InjectedEnvironment(wrong).context()


@pytest.mark.parametrize("missing", ["ARBITRIUM_DELETE_URL", "ARBITRIUM_DELETE_TOKEN"])
async def test_a_missing_url_or_token_is_named_in_the_error(missing: str) -> None:
    environ = {name: value for name, value in VARIABLES.items() if name != missing}
    with pytest.raises(ConfigurationError, match="ARBITRIUM_DELETE_URL and ARBITRIUM_DELETE_TOKEN") as caught:
        await InjectedEnvironment(environ).stop()
    assert "secret" not in str(caught.value)
