"""Bad input raises a ConfigurationError before anything is sent."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeAlias

import aiohttp
import pytest

from edgegap_async import EdgegapClient, EnvironmentVariable, Filter, Resources, User
from edgegap_async.errors import ClientStateError, ConfigurationError, EdgegapError
from edgegap_async.simulator import LocalEdgegap

Call: TypeAlias = Callable[[Any], Awaitable[object]]

ID = "0123456789ab"
IP = "203.0.113.7"


def create(**arguments: Any) -> Call:
    """Return a call of create with some arguments replaced; callables are called when the create is."""

    async def call(edgegap: Any) -> object:
        made = {name: value() if callable(value) else value for name, value in arguments.items()}
        fields = {"application": "kart", "version": "v1", "users": [IP], **made}
        return await edgegap.deployments.create(fields.pop("application"), fields.pop("version"), **fields)

    return call


def create_v1(**arguments: Any) -> Call:
    return lambda edgegap: edgegap.deployments.create_v1("kart", **{"version": "v1", "users": [IP], **arguments})


def listed(*filter: Any, **arguments: Any) -> Call:
    async def call(edgegap: Any) -> object:
        return await edgegap.deployments.list(*filter, **arguments).collect()

    return call


def filtered(**arguments: Any) -> Call:
    async def call(edgegap: Any) -> object:
        return await edgegap.deployments.list(Filter(**arguments)).collect()

    return call


BAD: dict[str, tuple[Call, str]] = {
    "empty application": (create(application=""), "the application is empty"),
    "blank application": (create(application="  "), "the application is empty"),
    "application that is not a string": (create(application=None), "the application must be a string, not NoneType"),
    "application with a slash": (create(application="kart/x"), "must not hold a slash"),
    "empty version": (create(version=""), "the version is empty"),
    "no users": (create(users=[]), "near at least one"),
    "users that are a string": (create(users=IP), "users must be a list, not str"),
    "users that are None": (create(users=None), "users must be a list, not NoneType"),
    "one position as users": (create(users=(45.5, -73.6)), "a user is a User, an IP address or"),
    "user that is not an address": (create(users=["localhost"]), "IPv4 or IPv6 address, not 'localhost'"),
    "user that is an address and a port": (create(users=[f"{IP}:7777"]), "IPv4 or IPv6 address"),
    "user that is a number": (create(users=[5]), "a user is a User, an IP address or"),
    "user that is None": (create(users=[None]), "a user is a User, an IP address or"),
    "user with neither address nor position": (create(users=lambda: [User()]), ""),
    "user made with half a position": (create(users=lambda: [User(latitude=45.5)]), ""),
    "user made out of range": (create(users=lambda: [User(latitude=145.5, longitude=0.0)]), ""),
    "user whose address is a number": (create(users=lambda: [User.ip(5)]), "IPv4 or IPv6 address"),  # type: ignore[arg-type]
    "latitude out of range": (create(users=[(90.1, 0.0)]), "latitude (degrees) must be between -90 and 90"),
    "longitude out of range": (create(users=[(0.0, -180.5)]), "longitude (degrees) must be between -180 and 180"),
    "latitude that is NaN": (create(users=[(math.nan, 0.0)]), "latitude (degrees) must be between"),
    "longitude that is infinite": (create(users=[(0.0, math.inf)]), "longitude (degrees) must be between"),
    "latitude that is a string": (create(users=[("45.5", "-73.6")]), "a latitude (degrees) must be a number, not str"),
    "tags that are a string": (create(tags="match-42"), "tags must be a list, not str"),
    "tag of 41 characters": (create(tags=["x" * 41]), "at most 40 characters"),
    "empty tag": (create(tags=[""]), "a tag is empty"),
    "tag that is a number": (create(tags=[42]), "a tag must be a string, not int"),
    "environment value over 4 KB": (create(environment_variables={"MAP": "x" * 4097}), "MAP has over 4 KB"),
    "environment value over 4 KB in UTF-8": (create(environment_variables={"MAP": "é" * 2049}), "MAP has over 4 KB"),
    "environment value that is a number": (
        create(environment_variables={"SIZE": 5}),
        "the environment variable SIZE must be a",
    ),
    "environment without a key": (create(environment_variables={"": "x"}), "has no key"),
    "environment that is a string": (create(environment_variables="A=1"), "environment_variables must be a list"),
    "environment of pairs": (create(environment_variables=[("A", "1")]), "environment"),
    "hidden value over 4 KB": (
        create(environment_variables=lambda: [EnvironmentVariable(key="KEY", value="x" * 4097, is_hidden=True)]),
        "KEY has over 4 KB",
    ),
    "unknown option": (create(colour="red"), "takes no option 'colour'"),
    "misspelt option": (create(enviroment_variables={}), "did you mean 'environment_variables'? choose from "),
    "latitude that is a bool": (create(users=[(True, 0.0)]), "a latitude (degrees) must be a number, not bool"),
    "application with a line break": (
        create(application="kart\n"),
        "must not hold a slash, a backslash or a line break",
    ),
    "option of the v1 API": (create(command="bash"), "takes no option 'command'"),
    "create with a timeout of 0": (create(timeout=0), "timeout (seconds) must be above 0"),
    "create with a negative timeout": (create(timeout=-1), "timeout (seconds) must be above 0"),
    "create with a timeout of NaN": (create(timeout=math.nan), "timeout (seconds) must be above 0"),
    "create with a timeout that is a string": (create(timeout="60"), "timeout (seconds) must be a number, not str"),
    "deploy with a timeout of 0": (
        lambda e: e.deployments.deploy("kart", "v1", users=[IP], timeout=0),
        "timeout (seconds) must be",
    ),
    "deploy with an unknown option": (lambda e: e.deployments.deploy("kart", "v1", users=[IP], speed=1), "'speed'"),
    "v1 create with both kinds of users": (create_v1(users=[IP, User.at(1, 2, ip_address=IP)]), "not both"),
    "v1 create with a position alone": (create_v1(users=[(45.5, -73.6)]), "ip_address="),
    "v1 create without users": (create_v1(users=[]), "near at least one"),
    "v1 create with a long tag": (create_v1(tags=["x" * 41]), "at most 40 characters"),
    "v1 create with an empty version": (create_v1(version=""), "the version is empty"),
    "v1 create with an empty log storage": (create_v1(container_log_storage=""), "container_log_storage is empty"),
    "v1 create with a log storage that is an object": (
        create_v1(container_log_storage={"enabled": True}),
        "container_log_storage must be a string, not dict",
    ),
    "fleet deploy without hosts": (
        lambda e: e.private_fleets.create("kart", "v1", private_host_ids=[], users=[IP]),
        "pass at least one host id",
    ),
    "fleet deploy with hosts that are a string": (
        lambda e: e.private_fleets.create("kart", "v1", private_host_ids="alpha", users=[IP]),
        "private_host_ids must be a list",
    ),
    "hosts of a fleet whose name leaves its segment": (
        lambda e: e.private_fleets.hosts("../x").collect(),
        "must not hold a slash",
    ),
    "get of an empty id": (lambda e: e.deployments.get(""), "is empty"),
    "get of an id that leaves its segment": (lambda e: e.deployments.get("../stop/1"), "must not hold a slash"),
    "get of the parent folder": (lambda e: e.deployments.get(".."), "'..'"),
    "get with a line break": (lambda e: e.deployments.get("abc\n"), "line break"),
    "get of a number": (lambda e: e.deployments.get(42), "must be a string, not int"),
    "get with a timeout of 0": (lambda e: e.deployments.get(ID, timeout=0), "timeout (seconds) must be above 0"),
    "stop of an empty id": (lambda e: e.deployments.stop(""), "is empty"),
    "stop of an id that leaves its segment": (lambda e: e.deployments.stop("a/b"), "must not hold a slash"),
    "wait for an empty id": (lambda e: e.deployments.wait_until_ready(""), "the deployment's id is empty"),
    "wait with a negative timeout": (
        lambda e: e.deployments.wait_until_ready(ID, timeout=-5),
        "timeout (seconds) must be above 0",
    ),
    "self-stop with a bad key": (lambda e: e.deployments.self_stop(ID, "a/b", token="t"), "must not hold a slash"),
    "self-stop without a token": (lambda e: e.deployments.self_stop(ID, "1", token=""), "token"),
    "self-stop with a broken token": (lambda e: e.deployments.self_stop(ID, "1", token="t\r\nX: 1"), "token"),
    "tag of 41 characters on a deployment": (lambda e: e.deployments.tags.create(ID, "x" * 41), "at most 40"),
    "empty tag on a deployment": (lambda e: e.deployments.tags.create(ID, ""), "a tag is empty"),
    "new name of 41 characters": (lambda e: e.deployments.tags.update(ID, "a", new_name="x" * 41), "at most 40"),
    "tag that leaves its segment": (lambda e: e.deployments.tags.delete(ID, ".."), "'..'"),
    "reason without characters": (lambda e: e.deployments.report(ID, reason=""), "1 to 255 characters, not 0"),
    "reason of 256 characters": (lambda e: e.deployments.report(ID, reason="x" * 256), "1 to 255 characters, not 256"),
    "bulk stop of everything": (lambda e: e.deployments.bulk_stop(), "would stop everything"),
    "bulk stop of empty lists": (lambda e: e.deployments.bulk_stop(request_ids=[], tags=()), "would stop everything"),
    "bulk stop of a string": (lambda e: e.deployments.bulk_stop(request_ids=ID), "request_ids must be a list"),
    "bulk stop of an empty id": (lambda e: e.deployments.bulk_stop(request_ids=[""]), "empty"),
    "bulk stop of an empty tag": (lambda e: e.deployments.bulk_stop(tags=[""]), "a tag is empty"),
    "bulk stop with an unknown match": (lambda e: e.deployments.bulk_stop(tags=["a"], match="none"), "match"),
    "page size of 0": (listed(page_size=0), "page_size must be at least 1, not 0"),
    "page size below 0": (listed(page_size=-1), "page_size must be at least 1, not -1"),
    "page size of a half": (listed(page_size=2.5), "page_size must be a whole number, not 2.5"),
    "page size that is a bool": (listed(page_size=True), "page_size must be a number, not bool"),
    "list with a timeout of 0": (listed(timeout=0), "timeout (seconds) must be above 0"),
    "unknown order": (listed(order_by="name"), "available_session_sockets or created_at, not by 'name'"),
    "empty order": (listed(order_by="-"), "not by ''"),
    "one unknown order of two": (listed(order_by="-created_at,size"), "not by 'size'"),
    "status among several": (filtered(status=["ready", "error"]), "takes no 'in' on status, only eq, neq"),
    "status like": (filtered(status=Filter.like("re%")), "takes no 'ilike' on status"),
    "tags like": (filtered(tags=Filter.like("match%")), "takes no 'ilike' on tags"),
    "application since": (filtered(version=Filter.created_before(datetime(2026, 1, 1))), "takes no 'lte' on version"),
    "created_at but not": (filtered(created_at=Filter.not_equal("2026-01-01")), "takes no 'neq' on created_at"),
    "created_at among": (filtered(created_at=Filter.is_in(["2026-01-01"])), "takes no 'in' on created_at"),
    "filter on an empty tag": (filtered(tags=""), "strings that are not empty"),
    "filter on no ids": (filtered(request_id=[]), "holds no value"),
    "filter on an id that is empty": (filtered(request_id=[ID, ""]), "strings that are not empty"),
    "filter on a number": (filtered(application=5), "application"),
    "filter on numbers": (filtered(application=[5]), "strings that are not empty, not 5"),
}


@pytest.mark.parametrize(("call", "advice"), BAD.values(), ids=BAD.keys())
async def test_bad_input_is_a_clear_error_and_nothing_is_sent(
    local: LocalEdgegap, edgegap: EdgegapClient, call: Call, advice: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await call(edgegap)
    assert advice in str(caught.value)
    assert local.requests == []
    assert edgegap.stats().requests == 0
    assert isinstance(caught.value, EdgegapError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("field", ["cpu_units", "memory_mib"])
@pytest.mark.parametrize("amount", [99, 0, -1])
def test_resources_are_at_least_100(field: str, amount: int) -> None:
    with pytest.raises(ConfigurationError, match=f"{field} must be at least 100, not {amount}"):
        Resources(**{"cpu_units": 100, "memory_mib": 100, field: amount})


def test_an_unknown_field_of_a_filter_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        Filter(colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "call",
    [
        create(tags=["x" * 40]),
        create(users=[IP, "2001:db8::7", (90, -180), User.at(-90.0, 180.0)]),
        create(environment_variables={"MAP": "x" * 4096}, resources=Resources(cpu_units=100, memory_mib=100)),
        create_v1(users=[User.at(45.5, -73.6, ip_address=IP)]),
        listed(order_by=None, page_size=1),
        listed(Filter(status="Status.READY"), order_by="available_session_sockets,-created_at"),
    ],
)
async def test_values_at_the_bounds_are_accepted(edgegap: EdgegapClient, call: Call) -> None:
    await call(edgegap)


# the state of the client

USES: dict[str, Call] = {
    "a call": lambda edgegap: edgegap.deployments.get(ID),
    "a create": create(),
    "a deploy": lambda edgegap: edgegap.deployments.deploy("kart", "v1", users=[IP]),
    "a list": listed(),
    "a wait": lambda edgegap: edgegap.deployments.wait_until_ready(ID, timeout=1),
}


async def refused(call: Awaitable[object], advice: str) -> None:
    with pytest.raises(ClientStateError, match=advice) as caught:
        await call
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
async def test_using_a_client_before_it_is_open_is_a_clear_error(local: LocalEdgegap, use: Call) -> None:
    await refused(use(local.client()), "is not open: use 'async with")
    assert local.requests == []


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
async def test_using_a_closed_client_is_a_clear_error(local: LocalEdgegap, use: Call) -> None:
    async with local.client() as edgegap:
        pass
    await refused(use(edgegap), "is closed, nothing was sent")
    assert local.requests == []


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
async def test_using_a_client_in_another_event_loop_is_a_clear_error(
    local: LocalEdgegap, edgegap: EdgegapClient, use: Call
) -> None:
    async def elsewhere() -> None:
        await refused(use(edgegap), "opened in another event loop")

    await asyncio.to_thread(asyncio.run, elsewhere())
    assert local.requests == []


async def test_a_client_cannot_be_opened_twice(edgegap: EdgegapClient) -> None:
    with pytest.raises(ClientStateError, match="already opened"):
        async with edgegap:
            pass
    assert await edgegap.deployments.list().collect() == []


async def test_a_closed_client_cannot_be_opened_again(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        pass
    with pytest.raises(ClientStateError, match="already opened"):
        await edgegap.__aenter__()


async def test_a_client_can_be_closed_twice(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.aclose()
    await edgegap.aclose()


async def test_an_injected_session_is_used_and_not_closed(local: LocalEdgegap) -> None:
    async with aiohttp.ClientSession() as session:
        async with local.client(session=session) as edgegap:
            await edgegap.deployments.list().collect()
        assert not session.closed
    assert len(local.requests) == 1


async def test_a_closed_injected_session_is_a_clear_error(local: LocalEdgegap) -> None:
    session = aiohttp.ClientSession()
    await session.close()
    async with local.client(session=session) as edgegap:
        await refused(edgegap.deployments.get(ID), "session passed to this EdgegapClient is closed")


async def test_the_clients_session_is_closed_when_the_block_raises(local: LocalEdgegap) -> None:
    with pytest.raises(KeyError):  # noqa: PT012
        async with local.client() as edgegap:
            await edgegap.deployments.list().collect()
            raise KeyError
    assert repr(edgegap).endswith("closed>")
    await refused(edgegap.deployments.get(ID), "is closed")
