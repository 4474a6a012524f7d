"""Ports and addresses of game servers, and the same game server from a status and from a row of the list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from edgegap_async import Deployment, DeploymentRow, GameServer, State
from edgegap_async.decoding.decoder import structure
from edgegap_async.errors import ConfigurationError
from edgegap_async.models.ports import Port, Ports

ID = "0123456789ab"
GAME = {"external": 30095, "internal": 7777, "protocol": "UDP", "name": "gameport", "tls_upgrade": False, "link": "x"}
WEB = {"external": 31000, "internal": 8080, "protocol": "Websocket", "name": None, "link": "wss://x:31000", "proxy": 1}


def ports(**by_name: Any) -> Ports:
    return structure({"request_id": ID, "ports": by_name}, Deployment, operation="test").ports


# ports


def test_a_port_is_found_by_name_by_number_and_by_number_as_a_string() -> None:
    both = ports(gameport=GAME, **{"8080": WEB})
    assert both["gameport"] is both[7777] is both["7777"]
    assert both["8080"] is both[8080]
    assert both["gameport"].external == 30095
    assert both[8080].proxy == 1
    assert list(both) == ["gameport", "8080"]
    assert len(both) == 2


def test_a_name_comes_before_a_number() -> None:
    odd = ports(**{"7777": WEB, "gameport": GAME})  # a port whose name is the number of another
    assert odd["7777"].internal == 8080


def test_an_unnamed_port_is_keyed_by_its_number() -> None:
    only = ports(**{"7777": {"external": 30095}})
    assert only["7777"].external == 30095
    assert only[7777].external == 30095


@pytest.mark.parametrize("key", ["nope", 1, "1", "", None])
def test_a_lookup_of_an_unknown_port_names_the_known_ones(key: Any) -> None:
    with pytest.raises(KeyError) as caught:
        ports(gameport=GAME, **{"8080": WEB})[key]
    assert caught.value.args[0] == f"no port {key!r}; known: gameport (7777), 8080 (8080)"


def test_a_lookup_without_any_ports_says_none_yet() -> None:
    with pytest.raises(KeyError, match="known: none yet"):
        Ports()["gameport"]


def test_ports_are_a_mapping() -> None:
    both = ports(gameport=GAME, **{"8080": WEB})
    assert "gameport" in both
    assert "7777" in both
    assert "nope" not in both
    assert both.get("nope") is None
    assert [port.external for port in both.values()] == [30095, 31000]
    assert both == ports(gameport=GAME, **{"8080": WEB})
    assert hash(both) == hash(ports(**{"8080": WEB}, gameport=GAME))
    assert both != ports(gameport=GAME)
    assert repr(both).startswith("Ports({'gameport': Port(")
    with pytest.raises(TypeError):
        both["new"] = Port()  # type: ignore[index]


# addresses


def server(**fields: Any) -> GameServer:
    defaults = {"request_id": ID, "fqdn": "x.net", "public_ip": "192.0.2.1", "ports": ports(gameport=GAME)}
    return GameServer(**{**defaults, **fields})


@pytest.mark.parametrize("port", [None, "gameport", 7777, "7777"])
def test_address_accepts_the_name_and_the_number_of_a_port(port: Any) -> None:
    assert server().address(port) == "x.net:30095"


def test_address_uses_the_ip_address_if_there_is_no_host_name() -> None:
    assert server(fqdn="").address() == "192.0.2.1:30095"


def test_address_of_a_server_with_several_ports_needs_the_port() -> None:
    two = server(ports=ports(gameport=GAME, **{"8080": WEB}))
    with pytest.raises(ConfigurationError, match=rf"{ID} has 2 ports \(gameport, 8080\): pass the name of one"):
        two.address()
    assert two.address("8080") == "x.net:31000"


def test_address_of_a_server_without_ports_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="0 ports"):
        server(ports=Ports()).address()


def test_address_of_an_unknown_port_is_an_error() -> None:
    with pytest.raises(KeyError, match="no port 'web'"):
        server().address("web")


def test_address_of_a_port_that_is_not_open_is_an_error() -> None:
    closed = server(ports=Ports({"gameport": Port(name="gameport", internal=7777)}))
    with pytest.raises(KeyError, match="it is not open"):
        closed.address()


# the same server from every response


FIELDS: dict[str, Any] = {
    "request_id": ID,
    "fqdn": "x.net",
    "public_ip": "192.0.2.1",
    "ports": {"gameport": GAME},
    "tags": ["a", "b"],
    "start_time": "2026-04-22 12:00:46.444265",
}


def test_a_status_and_a_row_give_the_same_server() -> None:
    status = structure({**FIELDS, "current_status": "Status.READY", "app_name": "kart"}, Deployment, operation="test")
    row = structure({**FIELDS, "status": "ready", "ready": True, "new": 1}, DeploymentRow, operation="test")
    assert status.server() == row.server()
    assert hash(status.server()) == hash(row.server())
    assert status.server().start_time == datetime(2026, 4, 22, 12, 0, 46, 444265, UTC)
    assert status.is_reachable
    assert row.is_reachable


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"status": "ready"}, State.READY),
        ({"status": "error", "ready": True}, State.ERROR),
        ({"ready": True}, State.READY),
        ({"ready": False}, None),
        ({}, None),
        ({"status": None, "ready": None}, None),
    ],
)
def test_the_state_of_a_row_follows_status_and_ready(fields: dict[str, Any], state: State | None) -> None:
    assert structure({"request_id": ID, **fields}, DeploymentRow, operation="test").state == state


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"current_status": "Status.DEPLOYING"}, State.DEPLOYING),
        ({"current_status": "Status.DEPLOYING", "running": True}, State.READY),
        ({"current_status": "Status.READY", "running": False}, State.READY),
        ({"current_status": "Status.READY", "error": True}, State.ERROR),
        ({"current_status": "Status.TERMINATED", "error": True, "running": True}, State.TERMINATED),
        ({"current_status": "Status.TERMINATING", "running": True}, State.TERMINATING),
        ({"running": True}, State.READY),
        ({}, None),
    ],
)
def test_the_state_of_a_deployment_follows_status_and_flags(fields: dict[str, Any], state: State | None) -> None:
    assert structure({"request_id": ID, **fields}, Deployment, operation="test").state == state


@pytest.mark.parametrize("missing", ["fqdn public_ip", "ports"])
def test_a_ready_deployment_without_address_or_ports_is_not_reachable(missing: str) -> None:
    fields = {**FIELDS, "status": "ready", **dict.fromkeys(missing.split())}
    row = structure(fields, DeploymentRow, operation="test")
    assert row.is_ready
    assert not row.is_reachable


def test_an_ip_address_without_a_host_name_is_reachable() -> None:
    row = structure({**FIELDS, "status": "ready", "fqdn": None}, DeploymentRow, operation="test")
    assert row.is_reachable
    assert row.server().address() == "192.0.2.1:30095"


def test_a_server_is_frozen() -> None:
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        server().fqdn = "other"  # type: ignore[misc]


def test_ready_after_is_ignored_by_equality_and_hash() -> None:
    row = structure({**FIELDS, "status": "ready"}, DeploymentRow, operation="test")
    measured = row.server(ready_after=2.5)
    assert measured.ready_after == 2.5
    assert row.server().ready_after is None
    assert measured == row.server()
    assert hash(measured) == hash(row.server())
