"""Neither the token nor the keys of containers appear in reprs, logs, errors or tracebacks."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from edgegap_async import EdgegapClient, EnvironmentVariable, Event, RetryPolicy
from edgegap_async.config import Settings, parse_token
from edgegap_async.errors import EdgegapError
from edgegap_async.secret import Secret
from edgegap_async.simulator import LocalEdgegap

IP = "203.0.113.7"
ID = "0123456789ab"
TOKEN = "s3cr3t-0f-the-whole-organisation"
KEY = "st0p-k3y-of-one-container"


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


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception with all its causes and contexts."""
    seen: set[int] = set()
    open_ends: list[BaseException | None] = [error]
    while open_ends:
        link = open_ends.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            open_ends += [link.__cause__, link.__context__]


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


async def test_a_cancelled_call_does_not_show_the_token(witness: Witness) -> None:
    async with LocalEdgegap(token=TOKEN) as local, observed_client(local, witness) as edgegap:
        local.faults.add("deployment-list", "stall")
        call = asyncio.create_task(edgegap.deployments.list().first())
        while not local.requests:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await call
        shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert TOKEN not in shown


@pytest.mark.parametrize("text", [f"token token {TOKEN}", f"{TOKEN}\n{TOKEN}", f"{TOKEN} {TOKEN}"])
def test_a_refused_token_is_not_shown(witness: Witness, text: str) -> None:
    with pytest.raises(EdgegapError) as caught:
        EdgegapClient(text)
    assert TOKEN not in str(caught.value)
    assert TOKEN not in repr(caught.value)


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


def test_a_secret_is_scrubbed_from_bytes() -> None:
    assert Secret("xyz").scrub(b'{"xyz": ["a xyz b", "xyzxyz"]}') == b'{"***": ["a *** b", "******"]}'


def test_a_secret_has_no_dict() -> None:
    assert not hasattr(Secret(TOKEN), "__dict__")
    assert Secret(TOKEN).reveal() == TOKEN


def test_hidden_environment_variables_are_not_shown() -> None:
    assert TOKEN not in repr(EnvironmentVariable(key="PASSWORD", value=TOKEN, is_hidden=True))


def test_events_have_no_field_that_can_hold_a_secret() -> None:
    fields = set(Event.__slots__) - {"__weakref__"}
    assert fields == {"kind", "operation_id", "bucket", "attempt", "seconds", "status", "reason"}
