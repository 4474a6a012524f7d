"""Neither the token nor the keys of containers appear in reprs, logs, errors, tracebacks or their stack frames."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import time
import traceback
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest
from aioresponses import aioresponses
from secret_leaks import chain, frames, held, leaks_of_frames

from edgegap_async import EdgegapClient, EnvironmentVariable, Event, RetryPolicy
from edgegap_async.config import Settings, parse_base_url, parse_proxy_url, parse_token
from edgegap_async.container import InjectedEnvironment
from edgegap_async.errors import (
    APIError,
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    DeadlineExceeded,
    DecodeError,
    EdgegapError,
    ServerError,
    TransportError,
    Unprocessable,
)
from edgegap_async.secret import Secret, parse_container_token, parse_secret, validate_secret
from edgegap_async.simulator import LocalEdgegap

IP = "203.0.113.7"
ID = "0123456789ab"
TOKEN = "s3cr3t-0f-the-whole-organisation"
KEY = "st0p-k3y-of-one-container"


def unicode_escaped(text: str) -> str:
    """Return the text as a JSON document in ASCII can hold it, each character escaped."""
    units = memoryview(text.encode("utf-16-le")).cast("H")
    return "".join(f"\\u{unit:04X}" for unit in units)


ESCAPES: list[Callable[[str], str]] = [
    lambda text: text,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    lambda text: json.dumps(text)[1:-1].replace("+", r"\u002B").replace("<", r"\u003c"),
    unicode_escaped,
    lambda text: unicode_escaped(text).lower(),
    lambda text: unicode_escaped(text).replace("\\", "\\\\"),
    quote,
    lambda text: quote(text, safe=""),
]


class Witness:
    """Collects everything that could be shown, and searches it for secrets."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []
        self.errors: list[BaseException] = []

    def record(self, what: str, value: object) -> None:
        self.shown += [
            (f"repr of {what}", repr(value)),
            (f"str of {what}", str(value)),
            (f"format of {what}", f"{value}"),
        ]

    def record_error(self, error: BaseException) -> None:
        self.errors.append(error)
        frames = traceback.TracebackException.from_exception(error, capture_locals=True)
        self.shown.append((f"traceback of {type(error).__name__}", "".join(frames.format())))
        for link in chain(error):
            self.record(f"{type(error).__name__}'s {type(link).__name__}", link)
            self.record(f"arguments of {type(link).__name__}", link.args)
            for name, value in getattr(link, "__dict__", {}).items():
                self.record(f"{type(link).__name__}.{name}", value)

    def record_logs(self, records: list[logging.LogRecord]) -> None:
        formatter = logging.Formatter("%(message)s")
        for record in records:
            self.record("log message", record.msg)
            self.record("log arguments", record.args)
            self.shown.append(("formatted record", formatter.format(record)))
            if record.exc_info and record.exc_info[1]:
                self.record_error(record.exc_info[1])

    def leaks(self, *secrets: str) -> list[str]:
        return [f"{where}: {text[:300]}" for where, text in self.shown for secret in secrets if secret in text]


@pytest.fixture
def witness(caplog: pytest.LogCaptureFixture) -> Witness:
    caplog.set_level(logging.DEBUG)
    return Witness()


def body(text: str) -> dict[str, Any]:
    """Return an error body that repeats ``text`` wherever the client keeps a part of the body."""
    return {"message": f"bad token {text}", "details": {"token": text, f"of {text}": [text, {text: text}]}}


async def fails(witness: Witness, call: Awaitable[object]) -> BaseException:
    with pytest.raises(EdgegapError) as caught:
        await call
    witness.record_error(caught.value)
    return caught.value


def observed_client(local: LocalEdgegap, witness: Witness, **settings: Any) -> EdgegapClient:
    return local.client(on_event=lambda event: witness.record("event", event), **settings)


FAULTS: list[tuple[str, dict[str, Any]]] = [
    *(
        ("status", {"code": code, "body": body(TOKEN)})
        for code in (400, 401, 403, 404, 409, 410, 418, 422, 424, 500, 503)
    ),
    ("status", {"code": 400, "body": f"<p>{TOKEN}</p>", "headers": {"Content-Type": f"text/html; {TOKEN}"}}),
    ("status", {"code": 422, "body": {"message": "in error", "request_id": TOKEN}}),
    ("status", {"code": 301, "headers": {"Location": f"https://evil.example/{TOKEN}?{TOKEN}"}}),
    ("status", {"code": 200, "body": {"request_id": [TOKEN], "data": [{"request_id": [TOKEN]}]}}),
    ("status", {"code": 200, "body": f"not json {TOKEN}"}),
    ("rate_limited", {"retry_after": 60}),
    ("reset", {}),
    ("stall", {}),
    ("truncate", {}),
    ("not_json", {}),
    ("drop_after_commit", {}),
]


@pytest.mark.looptime
@pytest.mark.parametrize(("kind", "options"), FAULTS, ids=[f"{kind} {given.get('code', '')}" for kind, given in FAULTS])
async def test_no_failure_shows_the_token(
    witness: Witness, caplog: pytest.LogCaptureFixture, kind: str, options: dict[str, Any]
) -> None:
    async with LocalEdgegap(token=TOKEN) as local:
        policy = RetryPolicy(max_attempts=2, attempt_timeout=2)
        async with observed_client(local, witness, timeout=5, retry=policy) as edgegap:
            local.faults.add("deployment-list", kind, times=None, **options)
            await fails(witness, edgegap.deployments.list().first())
            local.faults.add("v2-deployment-create", kind, times=None, **options)
            await fails(witness, edgegap.deployments.create("kart", "v1", users=[IP], guard=False))
            witness.record("client", edgegap)
            witness.record("stats", edgegap.stats())
        for request in local.requests:
            witness.record("path", request.path)
            witness.record("query", request.query)
            witness.record("body", request.body)
    witness.record_logs(caplog.records)
    assert witness.errors
    assert not witness.leaks(TOKEN)


@pytest.mark.looptime
async def test_neither_successes_nor_the_clients_objects_show_the_token(
    witness: Witness, caplog: pytest.LogCaptureFixture
) -> None:
    async with LocalEdgegap(token=TOKEN) as local:
        async with observed_client(local, witness) as edgegap:
            async with edgegap.deployments.running("kart", "v1", users=[IP], tags=["a"]) as server:
                witness.record("server", server)
                witness.record("deployment", await edgegap.deployments.get(server.request_id))
            local.faults.add("deployment-list", "status", times=2, code=503)
            local.faults.add("deployment-list", "rate_limited")
            await edgegap.deployments.list().first()
            pipeline = edgegap._pipeline
            for part in (edgegap, pipeline, pipeline.settings, pipeline._session, edgegap.stats(), edgegap.deployments):
                witness.record("a part", part)
            witness.record("what the parts hold", [vars(edgegap), vars(pipeline), vars(pipeline._session)])
        witness.record("closed client", edgegap)
        await fails(witness, edgegap.deployments.get(ID))
        for request in local.requests:
            witness.record("request", request)
    witness.record_logs(caplog.records)
    assert not witness.leaks(TOKEN)


@pytest.mark.looptime
async def test_exceeded_deadlines_do_not_show_the_token(witness: Witness, caplog: pytest.LogCaptureFixture) -> None:
    async with (
        LocalEdgegap(token=TOKEN) as local,
        observed_client(local, witness, rate_limits={"status": 0.01}) as edgegap,
    ):
        it = (await edgegap.deployments.create("kart", "v1", users=[IP])).request_id
        local.faults.add("deployment-get", "stall", times=None)
        await fails(witness, edgegap.deployments.get(it, timeout=3))
        await fails(witness, edgegap.deployments.get(it, timeout=3))  # no slot
        await fails(witness, edgegap.deployments.wait_until_ready(it, timeout=250))
    witness.record_logs(caplog.records)
    assert not witness.leaks(TOKEN)


@pytest.mark.looptime
async def test_a_refused_connection_does_not_show_the_token(witness: Witness, unused_tcp_port: int) -> None:
    async with EdgegapClient(TOKEN, base_url=f"http://127.0.0.1:{unused_tcp_port}") as edgegap:
        await fails(witness, edgegap.deployments.get(ID))
    assert not witness.leaks(TOKEN)


@pytest.mark.parametrize(
    "failure",
    [
        aiohttp.ClientOSError(104, "Connection reset by peer"),
        aiohttp.ServerDisconnectedError(),
        aiohttp.ClientPayloadError("incomplete"),
        aiohttp.ServerTimeoutError(),
        aiohttp.InvalidURL("http://127.0.0.1:1"),
        TimeoutError(),
    ],
    ids=lambda it: type(it).__name__,
)
async def test_no_exception_of_aiohttp_shows_the_token(witness: Witness, failure: Exception) -> None:
    with aioresponses() as service:
        service.post("http://127.0.0.1:1/v2/deployments", exception=failure)
        async with EdgegapClient(TOKEN, base_url="http://127.0.0.1:1") as edgegap:
            await fails(witness, edgegap.deployments.create("kart", "v1", users=[IP], guard=False))
    assert not witness.leaks(TOKEN)


async def test_stack_frames_of_aiohttp_do_not_show_the_token(witness: Witness) -> None:
    """aiohttp serialises the headers, so after a later failure its stack frames hold them as bytes."""

    def write(_: object, **request: Any) -> None:
        serialised = f"Authorization: {request['headers']['Authorization']!s}".encode()
        assert TOKEN.encode() in serialised
        raise aiohttp.ClientOSError(32, "Broken pipe")

    with aioresponses() as service:
        service.post("http://127.0.0.1:1/v2/deployments", callback=write)
        async with EdgegapClient(TOKEN, base_url="http://127.0.0.1:1") as edgegap:
            error = await fails(witness, edgegap.deployments.create("kart", "v1", users=[IP], guard=False))
    assert isinstance(error.__cause__, aiohttp.ClientOSError)
    assert not witness.leaks(TOKEN)


async def error_of_a_cancelled_call(local: LocalEdgegap, edgegap: EdgegapClient) -> asyncio.CancelledError:
    local.faults.add("deployment-list", "stall")
    call = asyncio.create_task(edgegap.deployments.list().first())
    while not local.requests:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await call
    return caught.value


async def test_a_cancelled_call_does_not_show_the_token(witness: Witness) -> None:
    async with LocalEdgegap(token=TOKEN) as local, observed_client(local, witness) as edgegap:
        error = await error_of_a_cancelled_call(local, edgegap)
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert TOKEN not in shown


@pytest.mark.parametrize("text", [f"Bearer {TOKEN}", f"{TOKEN}\n{TOKEN}", f"{TOKEN} {TOKEN}"])
def test_a_refused_token_is_not_shown(witness: Witness, text: str) -> None:
    with pytest.raises(EdgegapError) as caught:
        EdgegapClient(text)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(caught.value)


# what a stack frame holds


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("kind", "options", "raised"),
    [
        ("status", {"code": 401, "body": body(TOKEN)}, AuthenticationError),
        ("status", {"code": 500, "body": body(TOKEN)}, ServerError),
        ("status", {"code": 503, "body": body(TOKEN)}, ServerError),
        ("status", {"code": 200, "body": {"request_id": [TOKEN], "data": [{"request_id": [TOKEN]}]}}, DecodeError),
        ("status", {"code": 200, "body": f"not json {TOKEN}"}, DecodeError),
        ("rate_limited", {"retry_after": 60}, EdgegapError),
        ("reset", {}, TransportError),
        ("truncate", {}, TransportError),
        ("stall", {}, (TransportError, DeadlineExceeded)),
    ],
)
async def test_no_stack_frame_of_a_failed_call_holds_the_token(
    kind: str, options: dict[str, Any], raised: type[EdgegapError]
) -> None:
    async with LocalEdgegap(token=TOKEN) as local:
        for operation_id in ("deployment-list", "deployment-get", "v2-deployment-create"):
            local.faults.add(operation_id, kind, times=None, **options)
        async with local.client(timeout=5, retry=RetryPolicy(max_attempts=2, attempt_timeout=2)) as edgegap:
            for call in (
                edgegap.deployments.list().first(),
                edgegap.deployments.get(ID),
                edgegap.deployments.create("kart", "v1", users=[IP], guard=False),
            ):
                with pytest.raises(raised) as caught:
                    await call
                assert len(list(frames(caught.value))) > 2
                assert not leaks_of_frames(caught.value, TOKEN)


async def test_no_stack_frame_of_a_refused_connection_holds_the_token(unused_tcp_port: int) -> None:
    async with EdgegapClient(TOKEN, base_url=f"http://127.0.0.1:{unused_tcp_port}") as edgegap:
        with pytest.raises(TransportError) as caught:
            await edgegap.deployments.get(ID, timeout=1)
        assert not leaks_of_frames(caught.value, TOKEN)
    with pytest.raises(ConfigurationError) as closed:
        await edgegap.deployments.get(ID)
    assert not leaks_of_frames(closed.value, TOKEN)


async def test_no_stack_frame_of_a_cancelled_call_holds_the_token() -> None:
    async with LocalEdgegap(token=TOKEN) as local, local.client() as edgegap:
        error = await error_of_a_cancelled_call(local, edgegap)
    assert not leaks_of_frames(error, TOKEN)


@pytest.mark.parametrize("text", [f"Bearer {TOKEN}", f"{TOKEN}\n{TOKEN}", f"{TOKEN} {TOKEN}"])
def test_no_stack_frame_holds_an_invalid_token_of_the_environment(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("EDGEGAP_API_TOKEN", text)
    with pytest.raises(ConfigurationError) as caught:
        Settings.read(None, None, 60)
    assert list(frames(caught.value))
    assert not leaks_of_frames(caught.value, TOKEN)


def test_no_stack_frame_holds_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "hunter2")
    monkeypatch.setenv("EDGEGAP_API_TOKEN", TOKEN)
    monkeypatch.setenv("EDGEGAP_BASE_URL", "ftp://user:hunter2@127.0.0.1")
    with pytest.raises(ConfigurationError) as caught:
        Settings.read(None, None, 60)
    assert not leaks_of_frames(caught.value, TOKEN, "hunter2")
    monkeypatch.setenv("EDGEGAP_BASE_URL", "http://127.0.0.1")
    with pytest.raises(ConfigurationError) as caught:
        Settings.read(None, None, -1)
    assert not leaks_of_frames(caught.value, TOKEN, "hunter2")


@pytest.mark.parametrize(
    "check",
    [
        lambda: Settings.read(f"{TOKEN} {TOKEN}", None, 60),
        lambda: Settings.read(TOKEN, None, -1),
        lambda: parse_token(f"Bearer {TOKEN}"),
        lambda: parse_secret(f"{TOKEN}\n", "a token"),
        lambda: parse_container_token(f"{TOKEN}\n", "a token"),
        lambda: validate_secret([TOKEN], "a key"),  # type: ignore[arg-type]
        lambda: parse_base_url(f"ftp://{TOKEN}@127.0.0.1"),
        lambda: parse_base_url(f"user:{TOKEN}@127.0.0.1"),
        lambda: parse_base_url(f"http://user:{TOKEN}@127.0.0.1"),
        lambda: parse_base_url(f"http://127.0.0.1?{TOKEN}"),
        lambda: parse_proxy_url(f"ftp://user:{TOKEN}@127.0.0.1"),
        lambda: parse_proxy_url(f"http://user:{TOKEN}@a..b"),
    ],
)
def test_no_stack_frame_holds_a_setting_that_is_refused(check: Callable[[], object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check()
    assert TOKEN not in str(caught.value)
    assert not leaks_of_frames(caught.value, TOKEN)


async def test_no_attribute_of_a_part_of_the_client_holds_the_token() -> None:
    proxy = f"http://user:{KEY}@127.0.0.1:1"
    async with EdgegapClient(TOKEN, base_url="http://127.0.0.1:1", proxy=proxy) as edgegap:
        for part in (edgegap, edgegap._pipeline, edgegap._session, edgegap._guard, edgegap.deployments):
            for value in (vars(part), *held(vars(part))):
                assert not [secret for secret in (TOKEN, KEY) if secret in repr(value) or secret in str(value)]


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["reset", "stall", "status"])
async def test_no_stack_frame_of_the_transport_holds_the_key_in_a_url(local: LocalEdgegap, kind: str) -> None:
    options = {"code": 403, "body": body(KEY)} if kind == "status" else {}
    local.faults.add("deployment-self-delete", kind, times=None, **options)
    environment = InjectedEnvironment(
        {"ARBITRIUM_DELETE_URL": f"{local.url}/v1/self/stop/{ID}/{KEY}", "ARBITRIUM_DELETE_TOKEN": TOKEN}
    )
    with pytest.raises(EdgegapError) as caught:
        await environment.stop(timeout=3)
    assert not leaks_of_frames(caught.value, TOKEN)
    assert not [
        name
        for frame in frames(caught.value)
        if "/transport/" in frame.f_code.co_filename
        for name, value in frame.f_locals.items()
        if any(KEY in repr(one) for one in held(value))
    ]


# what the service repeats


@pytest.mark.parametrize("token", [TOKEN, "t", "0", "data", "request_id", "running"])
async def test_a_successful_response_is_not_rewritten(token: str) -> None:
    payload = {
        "request_id": ID,
        "current_status": "Status.READY",
        "running": True,
        "new": {"data": [token, f"a{token}"]},
    }
    with aioresponses() as service:
        service.get(f"http://127.0.0.1:1/v1/status/{ID}", payload=payload)
        async with EdgegapClient(token, base_url="http://127.0.0.1:1") as edgegap:
            deployment = await edgegap.deployments.get(ID)
    assert deployment.request_id == ID
    assert deployment.running is True
    assert deployment.extra["new"] == {"data": [token, f"a{token}"]}


async def test_an_environment_value_that_equals_the_token_is_read_unchanged() -> None:
    payload = {"name": "v1", "envs": [{"key": "API_TOKEN", "value": TOKEN, "is_hidden": False}]}
    with aioresponses() as service:
        service.get("http://127.0.0.1:1/v1/app/kart/version/v1", payload=payload)
        async with EdgegapClient(TOKEN, base_url="http://127.0.0.1:1") as edgegap:
            version = await edgegap.versions.get("kart", "v1")
    assert [variable.value for variable in version.envs] == [TOKEN]


async def api_error_of(token: str, status: int, content: str, headers: dict[str, str] | None = None) -> APIError:
    with aioresponses() as service:
        service.get(f"http://127.0.0.1:1/v1/status/{ID}", status=status, body=content, headers=headers)
        async with EdgegapClient(token, base_url="http://127.0.0.1:1", retry=RetryPolicy(max_attempts=1)) as edgegap:
            with pytest.raises(APIError) as caught:
                await edgegap.deployments.get(ID)
    return caught.value


@pytest.mark.parametrize("escape", ESCAPES)
async def test_an_error_does_not_show_a_token_that_is_repeated_in_any_form(escape: Any) -> None:
    token = "s3cret/with+signs=="
    repeated = escape(token)
    text = json.dumps({"message": f"bad: {repeated}", "details": {repeated: [repeated, {repeated: repeated}]}})
    for content in (text, text.replace("/", r"\/"), text.replace("s3", r"\u00733")):
        error = await api_error_of(token, 400, content)
        assert isinstance(error, BadRequest)
        assert error.message == "bad: ***"
        assert error.details == {"***": ["***", {"***": "***"}]}
        assert repeated not in repr([error, vars(error)])
        assert not leaks_of_frames(error, token, repeated)


async def test_a_short_token_changes_only_the_text_of_an_error() -> None:
    content = json.dumps({"message": "not that", "details": {"tag": "taken"}, "request_id": "t1"})
    error = await api_error_of("t", 422, content, {"Retry-After": "3"})
    assert isinstance(error, Unprocessable)
    assert (error.message, error.details) == ("no*** ***ha***", {"***ag": "***aken"})
    assert (error.request_id, error.operation) == ("t1", "deployment-get")
    assert (await api_error_of("3", 422, content, {"Retry-After": "3"})).retry_after == 3


async def test_a_part_of_another_secret_is_scrubbed_after_it() -> None:
    with aioresponses() as service:
        url = f"http://127.0.0.1:1/v1/self/stop/{ID}/{KEY}"
        service.delete(url, status=403, payload={"message": f"no: {KEY}, {KEY[:6]}"})
        async with EdgegapClient("abc", base_url="http://127.0.0.1:1") as edgegap:
            with pytest.raises(APIError) as caught:
                await edgegap.deployments.self_stop(ID, KEY, token=KEY[:6])
    assert caught.value.message == "no: ***, ***"


async def test_a_redirect_does_not_show_a_token_in_its_host() -> None:
    error = await api_error_of("S3cret", 301, "", {"Location": "https://S3cret.example/S3cret"})
    assert error.message == "a redirect to ***.example, which is not followed"


@pytest.mark.parametrize(
    "content",
    [
        {"request_id": [TOKEN]},
        {"request_id": ID, "current_status": {TOKEN: TOKEN}},
        {"request_id": ID, "ports": {TOKEN: 5}},
        {"request_id": ID, "ports": {f"{TOKEN}\n'\"]": {"external": TOKEN}}},
        {"request_id": ID, "ports": {"x" * 40 + TOKEN + "x" * 200: {"external": TOKEN}}},
    ],
)
async def test_a_decode_error_shows_no_value_and_no_key_that_is_the_token(witness: Witness, content: Any) -> None:
    with aioresponses() as service:
        service.get(f"http://127.0.0.1:1/v1/status/{ID}", payload=content)
        async with EdgegapClient(TOKEN, base_url="http://127.0.0.1:1") as edgegap:
            error = await fails(witness, edgegap.deployments.get(ID))
    assert isinstance(error, DecodeError)
    assert error.path in str(error)
    assert not witness.leaks(TOKEN)


async def test_the_path_of_a_decode_error_holds_for_a_short_token() -> None:
    with aioresponses() as service:
        service.get(
            f"http://127.0.0.1:1/v1/status/{ID}", payload={"request_id": ID, "ports": {"tcp": {"external": "x"}}}
        )
        async with EdgegapClient("t", base_url="http://127.0.0.1:1") as edgegap:
            with pytest.raises(DecodeError) as caught:
                await edgegap.deployments.get(ID)
    assert caught.value.path == "$.ports['***cp'].external"
    assert str(caught.value).startswith("the data of deployment-get does not have the documented shape")


# the token and the key of a container


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("status", {"code": 403, "body": body(f"{TOKEN} or {KEY}")}),
        ("status", {"code": 400, "body": body(f"/v1/self/stop/x/{KEY}")}),
        ("status", {"code": 200, "body": {"message": [KEY, TOKEN]}}),
        ("reset", {}),
        ("stall", {}),
    ],
    ids=["403", "400", "decode", "reset", "stall"],
)
async def test_a_failed_self_stop_shows_neither_its_token_nor_its_key(
    witness: Witness, caplog: pytest.LogCaptureFixture, local: LocalEdgegap, kind: str, options: dict[str, Any]
) -> None:
    async with observed_client(local, witness, retry=RetryPolicy(max_attempts=2, attempt_timeout=2)) as edgegap:
        local.faults.add("deployment-self-delete", kind, times=None, **options)
        with pytest.raises(EdgegapError) as caught:
            await edgegap.deployments.self_stop(ID, KEY, token=TOKEN)
        witness.record("client", edgegap)
    # The stack frames of the call hold what the caller passed; what is raised and logged must not.
    for link in chain(caught.value):
        witness.record(type(link).__name__, link)
        witness.record("arguments", link.args)
        witness.record("attributes", getattr(link, "__dict__", {}))
    witness.record_logs(caplog.records)
    assert not witness.leaks(TOKEN, KEY)


async def test_self_stop_sends_its_own_token_and_not_the_organisations() -> None:
    sent: list[Any] = []
    with aioresponses() as service:
        service.delete(
            f"http://127.0.0.1:1/v1/self/stop/{ID}/{KEY}",
            payload={"message": "soon"},
            callback=lambda _, **given: sent.append(dict(given["headers"])),
        )
        async with EdgegapClient("the-organisations", base_url="http://127.0.0.1:1") as edgegap:
            await edgegap.deployments.self_stop(ID, KEY, token=TOKEN)
    (headers,) = sent
    assert headers["Authorization"] == TOKEN
    assert "the-organisations" not in str(headers)


async def test_a_successful_self_stop_does_not_show_its_key(local: LocalEdgegap) -> None:
    local.faults.add("deployment-self-delete", "status", code=200, body={"message": f"stopped with {KEY}"})
    async with local.client() as edgegap:
        receipt = await edgegap.deployments.self_stop(ID, KEY, token=TOKEN)
    assert receipt.message == "stopped with ***"


# the class Secret

WAYS: list[Callable[[Any], str]] = [
    repr,
    str,
    format,
    lambda it: f"{it!s:>50}",
    lambda it: "%s %r" % (it, it),  # noqa: UP031
    lambda it: repr([it, {"token": it}]),
    lambda it: repr(it.header("token")),
    lambda it: repr({"Authorization": it.header("token")}),
    lambda it: repr(Settings(token=it, base_url="http://x", timeout=1)),
]


@pytest.mark.parametrize("show", WAYS)
def test_a_secret_does_not_show_itself(show: Callable[[Any], str]) -> None:
    assert TOKEN not in show(parse_token(TOKEN))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_cannot_be_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Secret(TOKEN), protocol=protocol)


def test_a_secret_cannot_be_deep_copied() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(Settings(token=Secret(TOKEN), base_url="http://x", timeout=1))


def test_secrets_compare_by_value() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert {Secret("a"), Secret("a")} == {Secret("a")}


def test_a_secret_is_scrubbed_from_text() -> None:
    assert Secret("xyz").scrub('{"xyz": ["a xyz b", "xyzxyz"]}') == '{"***": ["a *** b", "******"]}'


@pytest.mark.parametrize("escape", ESCAPES)
@pytest.mark.parametrize(
    "secret", ["abc", "a/b+c", 'p"w', "back\\slash", "<b>'&", "a.b*c(", "t", "pä", "\U0001f511", "a\nb\t"]
)
def test_a_secret_is_scrubbed_in_every_escaped_form(secret: str, escape: Callable[[str], str]) -> None:
    scrubbed = Secret(secret).scrub(f"<<{escape(secret)}>>")
    assert scrubbed == "<<***>>"


def test_a_long_text_of_backslashes_is_searched_in_time() -> None:
    started = time.perf_counter()
    Secret("\\a/b").scrub("\\" * 300_000)
    assert time.perf_counter() - started < 5


def test_an_empty_secret_is_not_scrubbed() -> None:
    assert Secret("").scrub(r"text \u0041 %41") == r"text \u0041 %41"
    assert Secret("").scrub("text") == "text"


def test_a_secret_has_no_dict() -> None:
    assert not hasattr(Secret(TOKEN), "__dict__")
    assert Secret(TOKEN).reveal() == TOKEN


def test_hidden_environment_variables_are_not_shown() -> None:
    assert TOKEN not in repr(EnvironmentVariable(key="PASSWORD", value=TOKEN, is_hidden=True))


def test_events_have_no_field_that_can_hold_a_secret() -> None:
    fields = set(Event.__slots__) - {"__weakref__"}
    assert fields == {"kind", "operation_id", "bucket", "attempt", "seconds", "status", "reason"}
