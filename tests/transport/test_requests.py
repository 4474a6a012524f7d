"""What an attempt sends: the URL, the headers, the token, and the timeouts that aiohttp gets."""

from __future__ import annotations

import asyncio
import math
import re
import ssl
import warnings
from types import NoneType
from typing import Any

import aiohttp
import attrs
import pytest
from aioresponses import CallbackResult, aioresponses
from multidict import CIMultiDict
from yarl import URL

from edgegap_async import EdgegapClient, Event, EventKind, RetryPolicy
from edgegap_async.errors import APIError, ClientStateError, ConfigurationError, Outcome, TransportError
from edgegap_async.limits import Priority
from edgegap_async.operations import OPERATIONS
from edgegap_async.secret import Secret
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.transport.call import CallEffect, PendingCall
from edgegap_async.transport.urls import build_url

BASE = "http://127.0.0.1:1"
ID = "0123456789ab"
ANY_ADDRESS = re.compile(".*")


@attrs.define
class Recorder:
    """Responds to every request with 200 and ``{}``, and records what aiohttp got."""

    sent: list[tuple[URL, dict[str, Any]]] = attrs.field(factory=list[tuple[URL, dict[str, Any]]])

    def respond(self, url: URL, **options: Any) -> CallbackResult:
        self.sent.append((url, options))
        return CallbackResult(payload={})

    async def call(self, operation_id: str, *, settings: dict[str, Any] | None = None, **options: Any) -> Any:
        """Make a call; return the URL and what aiohttp got with it."""
        with aioresponses() as service:
            for method in ("GET", "POST", "DELETE"):
                getattr(service, method.lower())(ANY_ADDRESS, callback=self.respond, repeat=True)
            async with EdgegapClient("s3cret", base_url=BASE, **settings or {}) as edgegap:
                await edgegap._pipeline.call(operation_id, type(None), **options)
        return self.sent[-1]


# the URL


async def test_a_path_arrives_as_it_was_quoted(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        with pytest.raises(APIError):
            await edgegap.deployments.tags.delete(ID, "50% (a+b) ~ü!")
    assert local.requests[-1].path == f"/v1/deployments/{ID}/tags/50%25%20%28a%2Bb%29%20~%C3%BC%21"


@pytest.mark.parametrize(
    ("image", "quoted"), [("kart", "kart"), ("team/kart server", "team/kart%20server"), ("a/b/c", "a/b/c")]
)
def test_the_slashes_of_a_nested_name_stay_slashes(image: str, quoted: str) -> None:
    operation = OPERATIONS["registry-image-tag-delete"]
    url = build_url(BASE, operation, {"image_name": image, "tag_name": "a b"}, None)
    assert url == f"{BASE}/v1/container-registry/images/{quoted}/tags/a%20b"


@pytest.mark.parametrize(
    ("image", "tag"), [("team/../kart", "v1"), ("team//kart", "v1"), ("kart", "a/b"), ("kart", ""), (7, "v1"), ("k", 7)]
)
def test_a_name_that_would_change_the_path_is_refused(image: Any, tag: Any) -> None:
    with pytest.raises(ConfigurationError):
        build_url(BASE, OPERATIONS["registry-image-tag-delete"], {"image_name": image, "tag_name": tag}, None)


async def test_the_error_of_a_name_does_not_show_a_secret() -> None:
    with pytest.raises(ConfigurationError, match=r"'a/\*\*\*'") as caught:
        await Recorder().call("deployment-get", path={"deployment_id": "a/hunter2"}, secrets=(Secret("hunter2"),))
    assert caught.value.__context__ is None


# headers and token


async def test_only_a_request_with_a_body_has_a_content_type() -> None:
    _, with_body = await Recorder().call("v2-deployment-create", body={"a": 1})
    _, without = await Recorder().call("deployment-get", path={"deployment_id": ID})
    assert with_body["headers"]["Content-Type"] == "application/json"
    assert "Content-Type" not in without["headers"]
    assert {options["headers"]["Accept"] for options in (with_body, without)} == {"application/json"}
    assert (with_body["data"], without["data"]) == (b'{"a":1}', None)


async def test_a_token_of_the_call_replaces_that_of_the_organisation_and_is_sent_as_it_is() -> None:
    _, usual = await Recorder().call("deployment-get", path={"deployment_id": ID})
    _, other = await Recorder().call("deployment-get", path={"deployment_id": ID}, token=Secret("0ther"))
    assert str(usual["headers"]["Authorization"]) == "token s3cret"
    assert str(other["headers"]["Authorization"]) == "0ther"


async def test_an_error_does_not_show_the_token_of_the_call_that_the_service_repeats() -> None:
    path, token = {"deployment_id": ID}, Secret("0ther-t0ken")
    async with EdgegapClient("s3cret", base_url=BASE) as edgegap:
        with aioresponses() as responses:
            responses.get(f"{BASE}/v1/status/{ID}", status=400, payload={"message": "0ther-t0ken is wrong"})
            with pytest.raises(APIError) as caught:
                await edgegap._pipeline.call("deployment-get", NoneType, path=path, token=token)
    assert caught.value.message == "*** is wrong"


async def test_an_error_does_not_show_the_token_that_the_service_repeats(local: LocalEdgegap) -> None:
    body = {"message": f"{local.token} is wrong"}
    local.faults.add("deployment-get", "status", code=400, body=body)
    async with local.client() as edgegap:
        with pytest.raises(APIError) as caught:
            await edgegap.deployments.get(ID)
    assert caught.value.message == "*** is wrong"


async def test_a_body_that_is_not_json_is_refused_with_the_reason() -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be sent as JSON: .*object"):
        await Recorder().call("v2-deployment-create", body={"a": object()})


# timeouts and TLS


@pytest.mark.parametrize(
    ("seconds", "connect", "sock_connect"), [(20.0, 19.0, 5.0), (2.0, 1.9, 1.8), (5.0, 4.75, 4.5), (60.0, 57.0, 5.0)]
)
@pytest.mark.looptime
async def test_the_connection_is_given_up_before_the_attempt(
    seconds: float, connect: float, sock_connect: float
) -> None:
    settings: dict[str, Any] = {"retry": RetryPolicy(attempt_timeout=seconds), "timeout": 100.0}
    _, options = await Recorder().call("deployment-get", settings=settings, path={"deployment_id": ID})
    timeout = options["timeout"]
    assert (timeout.total, timeout.sock_read) == (None, None)  # the attempt's own timeout covers them
    assert timeout.connect == pytest.approx(connect)
    assert timeout.sock_connect == pytest.approx(sock_connect)
    assert timeout.ceil_threshold == math.inf


async def test_the_tls_settings_are_used() -> None:
    context = ssl.create_default_context()
    _, options = await Recorder().call("deployment-get", settings={"ssl": context}, path={"deployment_id": ID})
    assert options["ssl"] is context


def test_one_byte_is_the_smallest_limit_of_a_response() -> None:
    assert EdgegapClient("abc", max_response_bytes=1)


# before and after


async def test_a_closed_client_says_so(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        await edgegap.deployments.list().first()
    with pytest.raises(ClientStateError, match="is closed"):
        await edgegap.deployments.list().first()
    with pytest.raises(ClientStateError, match="is not open"):
        await local.client().deployments.list().first()
    assert len(local.requests) == 1


async def test_an_operation_of_the_old_document_warns_once_and_others_never() -> None:
    (old, *_) = [each for each in OPERATIONS.values() if not each.in_current_spec and not each.parameters]
    with aioresponses() as service:
        service.get(ANY_ADDRESS, repeat=True, payload={})
        service.post(ANY_ADDRESS, repeat=True, payload={})
        async with EdgegapClient("abc", base_url=BASE) as edgegap:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                for operation_id in ("deployment-list", old.operation_id, old.operation_id, "deployment-list"):
                    await edgegap._pipeline.call(operation_id, type(None))
    assert [(each.category, old.path in str(each.message)) for each in caught] == [(DeprecationWarning, True)]


# what becomes of attempts


@pytest.mark.parametrize("status", [300, 304, 399])
async def test_only_statuses_from_200_to_299_are_a_success(local: LocalEdgegap, status: int) -> None:
    local.faults.add("deployment-report", "status", code=status, body=None)
    async with local.client() as edgegap:
        with pytest.raises(APIError) as caught:
            await edgegap.deployments.report(ID, reason="slow")
    assert caught.value.status == status


@pytest.mark.looptime
async def test_refusals_of_requests_that_were_under_way_together_lower_the_rate_once() -> None:
    number = 0

    async def respond(*_: Any, **__: Any) -> CallbackResult:
        nonlocal number
        number += 1
        status = 429 if number <= 3 else 200
        await asyncio.sleep(1)
        return CallbackResult(status=status, payload={"data": []}, headers={"Retry-After": "0"})

    with aioresponses() as service:
        service.get(ANY_ADDRESS, callback=respond, repeat=True)
        async with EdgegapClient("abc", base_url=BASE, rate_limits={"list": 100}) as edgegap:
            await asyncio.gather(*(edgegap.deployments.list().first() for _ in range(3)))
            stats = edgegap.stats()
    assert stats.rate_limited == 3
    assert stats.buckets["list"].rate == pytest.approx(0.7 * 95, rel=0.01)


@pytest.mark.looptime
async def test_an_urgent_call_gets_its_slot_before_a_poll(local: LocalEdgegap) -> None:
    order: list[Priority] = []
    async with local.client(rate_limits={"list": 1}) as edgegap:

        async def call(priority: Priority) -> None:
            await edgegap._pipeline.call("deployment-list", type(None), priority=priority)
            order.append(priority)

        await call(Priority.CALL)
        await asyncio.gather(*(call(each) for each in (Priority.POLL, Priority.CALL, Priority.URGENT)))
    assert order[:2] == [Priority.CALL, Priority.URGENT]


@pytest.mark.looptime
async def test_the_events_of_a_failed_attempt_have_its_duration(local: LocalEdgegap) -> None:
    events: list[Event] = []
    local.faults.add("v2-deployment-create", "stall")
    await asyncio.sleep(100)
    async with local.client(retry=RetryPolicy(attempt_timeout=2), on_event=events.append) as edgegap:
        with pytest.raises(TransportError):
            await edgegap._pipeline.call("v2-deployment-create", type(None), body={})
    assert [(event.kind, event.seconds) for event in events] == [
        (EventKind.SENT, 0.0),
        (EventKind.FAILED, pytest.approx(2.0, abs=0.01)),
    ]


@pytest.mark.parametrize(
    ("outcome", "ending"),
    [
        (Outcome.NOT_SENT, "while waiting for a response (attempt 3)"),
        (Outcome.UNKNOWN, "while waiting for a response (attempt 3); the service may have carried out the request"),
    ],
)
def test_the_deadline_of_a_call_says_whether_it_may_have_had_an_effect(outcome: Outcome, ending: str) -> None:
    token = Secret("abc")
    call = PendingCall(
        operation=OPERATIONS["deployment-get"],
        operation_id="deployment-get",
        method="GET",
        url=BASE,
        headers=CIMultiDict(),
        body=None,
        secrets=(token,),
        priority=Priority.CALL,
        seconds=2.5,
        deadline=1.0,
        effect=CallEffect(outcome),
        attempt=3,
    )
    error = call.deadline_exceeded()
    assert str(error) == f"deployment-get: the timeout of 2.5 s ended {ending}"
    assert (error.outcome, error.operation) == (outcome, "deployment-get")


# sessions


async def test_an_injected_session_stays_open_and_an_own_one_is_closed(local: LocalEdgegap) -> None:
    async with aiohttp.ClientSession() as session:
        async with local.client(session=session) as edgegap:
            assert edgegap._session.require_open() is session
        assert not session.closed
    async with local.client() as edgegap:
        own = edgegap._session.require_open()
    assert own.closed
