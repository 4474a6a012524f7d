"""No stack frame of this package holds a secret once an error has left a public call.

Every public call that takes a secret is made to fail in every way. The frames of the calling code are its own.
"""

from __future__ import annotations

import asyncio
import copy
import importlib
import inspect
import pickle
import pkgutil
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, suppress
from types import FrameType, FunctionType
from typing import Any

import pytest
from secret_leaks import chain, frames, leaks_of_frames

import edgegap_async.services
from edgegap_async import EdgegapClient, EnvironmentVariable, RetryPolicy, ServerRequest
from edgegap_async.config import Settings
from edgegap_async.container import InjectedEnvironment
from edgegap_async.errors import ConfigurationError
from edgegap_async.frames import clear_locals
from edgegap_async.limits import TokenBucket
from edgegap_async.models.deployments import DeploymentRequest
from edgegap_async.models.matchmakers import RegistryCredentials
from edgegap_async.models.sessions import Selector
from edgegap_async.ownership.creation import Creation
from edgegap_async.secret import Secret
from edgegap_async.services.base import Service
from edgegap_async.simulator import LocalEdgegap

SECRET = "s3cr3t-0f-the-callers"
NUMBER = 918273645546
TOKEN = "t0ken-0f-the-organisation"
SECRETS = (SECRET, str(NUMBER), TOKEN)
ID = "0123456789ab"
USERS = ["203.0.113.7"]

Call = Callable[..., Awaitable[object]]


async def in_block(block: Any) -> None:
    async with block:
        pass


async def first_error(results: Any) -> None:
    async with aclosing(results):
        async for result in results:
            raise result.error


def environment(url: str) -> InjectedEnvironment:
    """What the service injects, for the base URL of a client."""
    return InjectedEnvironment(
        {
            "ARBITRIUM_DELETE_URL": f"{url}/v1/self/stop/{ID}/{SECRET}",
            "ARBITRIUM_DELETE_TOKEN": SECRET,
            "ARBITRIUM_CONTEXT_URL": f"{url}/v1/context/{ID}/{NUMBER}",
            "ARBITRIUM_CONTEXT_TOKEN": SECRET,
        }
    )


VARIABLES = {"PASSWORD": SECRET}
CREATE_OPTIONS: Any = {"environment_variables": VARIABLES}
VERSION = {"req_cpu": 200, "req_memory": 200, "docker_repository": "r", "docker_image": "i", "docker_tag": "t"}
KEYS = {"access_key_id": SECRET, "secret_access_key": SECRET}

CALLS: dict[str, Call] = {
    "Components.create credentials": lambda e, **o: e.matchmakers.components.create(
        "c", repository="r", image="i", tag="t", credentials=RegistryCredentials(username="u", token=SECRET), **o
    ),
    "Components.update credentials": lambda e, **o: e.matchmakers.components.update(
        "c", credentials=RegistryCredentials(username="u", token=SECRET), **o
    ),
    "Context.create_tag token": lambda e, **o: e.context.create_tag(ID, NUMBER, "a", token=SECRET, **o),
    "Context.delete_tag token": lambda e, **o: e.context.delete_tag(ID, NUMBER, "a", token=SECRET, **o),
    "Context.get token": lambda e, **o: e.context.get(ID, NUMBER, token=SECRET, **o),
    "DeploymentCreating.create environment_variables": lambda e, **o: e.deployments.create(
        "kart", "v1", users=USERS, **CREATE_OPTIONS, **o
    ),
    "DeploymentCreating.create_v1 environment_variables": lambda e, **o: e.deployments.create_v1(
        "kart", "v1", users=USERS, environment_variables=[EnvironmentVariable(key="P", value=SECRET)], **o
    ),
    "DeploymentCreating.deploy environment_variables": lambda e, **o: e.deployments.deploy(
        "kart", "v1", users=USERS, **CREATE_OPTIONS, **o
    ),
    "DeploymentCreating.deploy_many requests": lambda e, **o: first_error(
        e.deployments.deploy_many(
            [
                ServerRequest(
                    application="kart", version="v1", users=USERS, options={"environment_variables": VARIABLES}
                )
            ],
            **o,
        )
    ),
    "DeploymentCreating.running environment_variables": lambda e, **o: in_block(
        e.deployments.running("kart", "v1", users=USERS, **CREATE_OPTIONS, **o)
    ),
    "DeploymentStopping.self_stop stop_key": lambda e, **o: e.deployments.self_stop(ID, SECRET, token="t", **o),
    "DeploymentStopping.self_stop token": lambda e, **o: e.deployments.self_stop(ID, "key", token=SECRET, **o),
    "Envs.create value": lambda e, **o: e.matchmakers.envs.create("c", "PASSWORD", value=SECRET, **o),
    "Envs.update value": lambda e, **o: e.matchmakers.envs.update("c", "PASSWORD", value=SECRET, **o),
    "PrivateFleets.create environment_variables": lambda e, **o: e.private_fleets.create(
        "kart", "v1", users=USERS, private_host_ids=["h"], **CREATE_OPTIONS, **o
    ),
    "PrivateFleets.deploy environment_variables": lambda e, **o: e.private_fleets.deploy(
        "kart", "v1", users=USERS, private_host_ids=["h"], **CREATE_OPTIONS, **o
    ),
    "Relays.revoke_user authorization_token": lambda e, **o: e.relays.revoke_user(
        "a1b2c3-S", authorization_token=NUMBER, **o
    ),
    "Sessions.create selectors": lambda e, **o: e.sessions.create(
        "kart", "v1", users=USERS, selectors=[Selector(tag="a", env={"PASSWORD": SECRET})], **o
    ),
    "Sessions.running selectors": lambda e, **o: in_block(
        e.sessions.running("kart", "v1", users=USERS, selectors=[Selector(tag="a", env={"PASSWORD": SECRET})], **o)
    ),
    "Storage.create access_key_id": lambda e, **o: e.storage.create("s", endpoint="e", bucket="b", **KEYS, **o),
    "Storage.update access_key_id": lambda e, **o: e.storage.update("s", **KEYS, **o),
    "Versions.create envs": lambda e, **o: e.versions.create("kart", "v1", envs=VARIABLES, **VERSION, **o),
    "Versions.create private_token": lambda e, **o: e.versions.create(
        "kart", "v1", private_username="u", private_token=SECRET, **VERSION, **o
    ),
    "Versions.update envs": lambda e, **o: e.versions.update("kart", "v1", envs=VARIABLES, **o),
    "Versions.update private_token": lambda e, **o: e.versions.update("kart", "v1", private_token=SECRET, **o),
    "InjectedEnvironment.stop": lambda e, **o: environment(e._pipeline.settings.base_url).stop(**o),
    "InjectedEnvironment.context": lambda e, **o: environment(e._pipeline.settings.base_url).context(**o),
    "InjectedEnvironment.create_tag": lambda e, **o: environment(e._pipeline.settings.base_url).create_tag("a", **o),
    "InjectedEnvironment.delete_tag": lambda e, **o: environment(e._pipeline.settings.base_url).delete_tag("a", **o),
}

OPTIONS_WITH_SECRETS = {
    "CreateOptions": {"environment_variables"},
    "VersionOptions": {"envs", "private_token"},
}
NAMES_OF_SECRETS = re.compile("token|secret|access_key|stop_key|password|credential|environment|^envs?$|^value$")


def services(kind: type[Service] = Service) -> Iterator[type[Service]]:
    for each in kind.__subclasses__():
        yield each
        yield from services(each)


def test_every_call_that_takes_a_secret_is_tested() -> None:
    for module in pkgutil.walk_packages(edgegap_async.services.__path__, "edgegap_async.services."):
        importlib.import_module(module.name)  # the client imports a service when it is used
    found: set[str] = set()
    for service in services():
        for name, method in vars(service).items():
            if name.startswith("_") or not inspect.isfunction(method):
                continue
            parameters = inspect.signature(method).parameters
            found |= {f"{service.__name__}.{name} {each}" for each in parameters if NAMES_OF_SECRETS.search(each)}
            for options, secrets in OPTIONS_WITH_SECRETS.items():
                if any(options in str(each.annotation) for each in parameters.values()):
                    found |= {f"{service.__name__}.{name} {each}" for each in secrets}
    tested = {name.replace("access_key_id", "secret_access_key") for name in CALLS} | set(CALLS)
    assert found - tested == set()
    assert len(found) > 20


def assert_no_leak(error: BaseException) -> None:
    assert list(frames(error)), "the package's frames are in the traceback"
    assert leaks_of_frames(error, *SECRETS) == []
    for link in chain(error):
        shown = repr([link, str(link), link.args, getattr(link, "__dict__", None)])
        assert not [secret for secret in SECRETS if secret in shown]


async def error_of(call: Awaitable[object]) -> BaseException:
    try:
        await call
    except (Exception, asyncio.CancelledError) as error:
        return error
    raise AssertionError("the call did not fail")


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[EdgegapClient]:
    """A client whose clean-up may fail."""
    edgegap = EdgegapClient(TOKEN, base_url=url, timeout=10, retry=RetryPolicy(max_attempts=1))
    await edgegap.__aenter__()
    try:
        yield edgegap
    finally:
        with suppress(ExceptionGroup):
            await edgegap.aclose()


@asynccontextmanager
async def service(response: bytes | None) -> AsyncIterator[str]:
    """The URL of a service that gives one response to all requests, or none."""
    ended = asyncio.Event()
    handlers: set[asyncio.Task[Any] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        try:
            await reader.readuntil(b"\r\n\r\n")
            if response is None:
                await ended.wait()
            else:
                writer.write(response)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            handlers.discard(asyncio.current_task())

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ended.set()
        while handlers:
            await asyncio.sleep(0.001)


def http(status: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


RESPONSES = {
    "500": http("500 Internal Server Error", '{"message": "it failed"}'),
    "403": http("403 Forbidden", '{"message": "no"}'),
    "not JSON": http("200 OK", "nonsense"),
    "not the model": http("200 OK", "[7]"),
    "cut off": http("200 OK", "nonsense")[:-3],
}

by_call = pytest.mark.parametrize("name", CALLS)
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.looptime
@by_call
@pytest.mark.parametrize("response", RESPONSES)
async def test_a_failed_call_shows_no_secret(name: str, response: str) -> None:
    if "delete_tag" in name and response.startswith("not"):
        return  # its response is not read
    async with service(RESPONSES[response]) as url, client_of(url) as edgegap:
        assert_no_leak(await error_of(CALLS[name](edgegap)))


@by_call
async def test_a_refused_connection_shows_no_secret(name: str, unused_tcp_port: int) -> None:
    async with client_of(f"http://127.0.0.1:{unused_tcp_port}") as edgegap:
        assert_no_leak(await error_of(CALLS[name](edgegap, timeout=0.5)))


@pytest.mark.looptime
@by_call
async def test_a_cancelled_call_shows_no_secret(name: str) -> None:
    async with service(None) as url, client_of(url) as edgegap:
        calling = asyncio.ensure_future(CALLS[name](edgegap))
        await asyncio.sleep(1)
        calling.cancel()
        error = await error_of(calling)
        assert isinstance(error, asyncio.CancelledError)
        assert_no_leak(error)


@by_call
@pytest.mark.parametrize("options", [{"timeout": -1}, {"timeout": "soon"}, {"nonsense": 1}], ids=repr)
async def test_a_call_with_an_invalid_argument_shows_no_secret(name: str, options: dict[str, Any]) -> None:
    async with client_of("http://127.0.0.1:1") as edgegap:
        assert_no_leak(await error_of(CALLS[name](edgegap, **options)))


@by_call
async def test_a_call_of_a_closed_client_shows_no_secret(name: str) -> None:
    async with client_of("http://127.0.0.1:1") as edgegap:
        pass
    assert_no_leak(await error_of(CALLS[name](edgegap, timeout=0.5)))


INVALID: dict[str, Call] = {
    "a value above 4 KB": lambda e: e.deployments.create(
        "kart", "v1", users=USERS, environment_variables={"A": SECRET, "B": SECRET * 1000}
    ),
    "a variable without a name": lambda e: e.versions.update("kart", "v1", envs={"": SECRET}),
    "a value that is not a string": lambda e: e.versions.update("kart", "v1", envs={"A": [SECRET]}),
    "variables that are not a mapping": lambda e: e.versions.update("kart", "v1", envs=[SECRET]),
    "an empty tag beside": lambda e: e.deployments.deploy("kart", "v1", users=USERS, tags=[""], **CREATE_OPTIONS),
    "no users beside": lambda e: e.private_fleets.deploy("k", "v", users=[], private_host_ids=["h"], **CREATE_OPTIONS),
    "a key with a slash": lambda e: e.deployments.self_stop(ID, f"{SECRET}/x", token=SECRET),
    "a key with a line break": lambda e: e.deployments.self_stop(ID, f"{SECRET}\n", token=SECRET),
    "half of a surrogate pair": lambda e: e.matchmakers.envs.create("c", "A", value=f"{SECRET}\ud800"),
    "a token with a space": lambda e: e.context.get(ID, NUMBER, token=f"{SECRET} {SECRET}"),
    "an empty secret key": lambda e: e.storage.create("s", endpoint="e", bucket="b", **KEYS | {"access_key_id": ""}),
}


@pytest.mark.parametrize("name", INVALID)
async def test_an_invalid_argument_that_is_a_secret_is_not_shown(name: str) -> None:
    async with client_of("http://127.0.0.1:1") as edgegap:
        error = await error_of(INVALID[name](edgegap))
    assert isinstance(error, ConfigurationError)
    assert_no_leak(error)


@pytest.mark.looptime
async def test_the_error_of_a_running_block_keeps_the_locals_of_the_calling_code(local: LocalEdgegap) -> None:
    async def play() -> None:
        score = "seven"
        raise KeyError(score)

    async with local.client() as edgegap:
        with pytest.raises(KeyError) as caught:
            async with edgegap.deployments.running("kart", "v1", users=USERS, **CREATE_OPTIONS):
                await play()
    assert leaks_of_frames(caught.value, *SECRETS) == []
    *_, (last, _) = traceback.walk_tb(caught.value.__traceback__)
    assert last.f_code.co_name == "play"
    assert last.f_locals == {"score": "seven"}
    assert not local.deployments


# the client and its settings

SETTINGS: list[dict[str, Any]] = [
    {"timeout": -1},
    {"base_url": "ftp://127.0.0.1"},
    {"base_url": f"http://user:{SECRET}@127.0.0.1"},
    {"proxy": f"http://user:{SECRET}@a..b"},
    {"webhook_url": "nowhere"},
    {"webhook_key": ""},
    {"rate_limits": {"nothing": 1}},
    {"max_response_bytes": 0},
    {"prefetch": -1},
    {"nonsense": 1},
]


@pytest.mark.parametrize("setting", SETTINGS, ids=repr)
def test_a_client_that_cannot_be_created_shows_no_secret(setting: dict[str, Any]) -> None:
    with pytest.raises((ConfigurationError, TypeError)) as caught:
        EdgegapClient(**{"token": TOKEN, "webhook_key": SECRET, "proxy": f"http://u:{SECRET}@127.0.0.1"} | setting)
    assert_no_leak(caught.value)


def test_the_repr_of_what_is_not_created_works() -> None:
    for kind in (EdgegapClient, TokenBucket):
        assert repr(kind.__new__(kind)) == f"<{kind.__name__}, not created>"


async def test_no_part_of_a_client_shows_a_secret() -> None:
    settings: dict[str, Any] = {"webhook_key": SECRET, "webhook_url": "http://127.0.0.1/hooks"}
    async with EdgegapClient(TOKEN, proxy=f"http://user:{SECRET}@127.0.0.1:1", **settings) as edgegap:
        parts, remaining = set[int](), [edgegap]
        shown = ""
        while remaining:  # all objects of the package that the client reaches
            part = remaining.pop()
            if id(part) in parts or not type(part).__module__.startswith("edgegap_async"):
                continue
            parts.add(id(part))
            held = [getattr(part, name) for name in _fields(part) if hasattr(part, name)]
            shown += repr(part) + str(part) + repr(getattr(part, "__dict__", None))
            remaining += [] if isinstance(part, Secret) else [each for each in held if not isinstance(each, type)]
        assert len(parts) > 20
    assert not [secret for secret in SECRETS if secret in shown]


def _fields(part: Any) -> list[str]:
    slots = (name for kind in type(part).__mro__ for name in getattr(kind, "__slots__", ()))
    return [*getattr(part, "__dict__", {}), *slots]


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, pickle.dumps], ids=lambda each: each.__name__)
def test_a_client_can_be_neither_pickled_nor_copied(copied: Callable[[Any], object]) -> None:
    edgegap = EdgegapClient(TOKEN, webhook_key=SECRET)
    with pytest.raises(TypeError, match="an EdgegapClient cannot be pickled or copied"):
        copied(edgegap)
    for part in (Settings(token=edgegap._pipeline.settings.token, base_url="http://a", timeout=1), edgegap.deployments):
        if copied is not copy.copy:
            with pytest.raises(TypeError, match="cannot be pickled"):
                copied(part)


def test_what_holds_environment_variables_does_not_show_them() -> None:
    request = ServerRequest(
        application="kart", version="v1", users=USERS, options={"environment_variables": VARIABLES, "tags": ["a"]}
    )
    assert repr(request).endswith("options={'tags': ['a']})")
    assert SECRET not in repr(Selector(tag="a", env={"PASSWORD": SECRET}))
    assert SECRET not in repr(environment("https://a.example"))
    assert str(NUMBER) not in repr(environment("https://a.example")._context_endpoint())
    creation: Creation[DeploymentRequest] = Creation(
        operation_id="v2-deployment-create",
        model=DeploymentRequest,
        body={"environment_variables": [{"key": "PASSWORD", "value": SECRET}]},
        application="kart",
        version="v1",
        adopt=lambda server: DeploymentRequest(request_id=server.request_id),
        seconds=1,
    )
    assert SECRET not in repr(creation)


# clear_locals


async def test_the_locals_of_a_coroutine_that_goes_on_are_not_cleared() -> None:
    """Before Python 3.13, clearing the frame of a suspended coroutine would end it."""
    errors: list[BaseException] = []
    resume = asyncio.Event()

    async def go_on() -> str:
        kept = "kept"
        try:
            {}["missing"]
        except KeyError as error:
            errors.append(error)
        await resume.wait()
        return kept

    go_on_in_package = FunctionType(
        go_on.__code__, {**globals(), "__name__": "edgegap_async.x"}, closure=go_on.__closure__
    )
    going_on = asyncio.create_task(go_on_in_package())
    await asyncio.sleep(0)
    clear_locals(errors[0])
    resume.set()
    assert await going_on == "kept"


def test_the_errors_of_a_group_are_cleared_too() -> None:
    def fail(secret: str) -> None:
        raise KeyError

    fail_in_package = FunctionType(fail.__code__, {"__name__": "edgegap_async.x", "KeyError": KeyError})
    errors: list[Exception] = []
    for _ in range(2):
        try:
            fail_in_package(SECRET)
        except KeyError as error:
            errors.append(error)
    group = ExceptionGroup("two", errors)
    clear_locals(group)
    assert all(not frame.f_locals for error in errors for frame in frames_of_package(error))


def frames_of_package(error: BaseException) -> list[FrameType]:
    found = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return [frame for frame in found if frame.f_globals["__name__"] == "edgegap_async.x"]


def test_what_is_decorated_keeps_its_name_signature_and_kind() -> None:
    deployments = EdgegapClient(TOKEN).deployments
    assert "environment_variables" in inspect.signature(deployments.create_v1).parameters
    assert deployments.create.__name__ == "create"
    assert inspect.iscoroutinefunction(deployments.create)
    assert inspect.isasyncgenfunction(deployments.deploy_many)
    assert "token" in inspect.signature(EdgegapClient).parameters
