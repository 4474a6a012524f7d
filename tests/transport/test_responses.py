"""Responses that the service's document does not describe."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest
from aioresponses import aioresponses

from edgegap_async import EdgegapClient, RetryPolicy, State
from edgegap_async.errors import (
    APIError,
    BadRequest,
    Conflict,
    DecodeError,
    FailedDependency,
    Gone,
    NotFound,
    RateLimited,
    ServerError,
    TransportError,
    Unprocessable,
)
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.transport.responses import retry_after

ID = "0123456789ab"
BASE = "http://127.0.0.1:1"
ANY_ADDRESS = re.compile(r"http://127\.0\.0\.1:1/.*")


async def error_of(local: LocalEdgegap, **options: Any) -> APIError:
    """Return the error of a call whose response has this status, body and headers."""
    local.faults.add("deployment-get", "status", **options)
    async with local.client(retry=RetryPolicy(max_attempts=1)) as edgegap:
        with pytest.raises(APIError) as caught:
            await edgegap.deployments.get(ID)
    assert len(local.requests) == 1
    return caught.value


async def decode_error_of(local: LocalEdgegap, body: Any) -> DecodeError:
    local.faults.add("deployment-get", "status", code=200, body=body)
    async with local.client() as edgegap:
        with pytest.raises(DecodeError) as caught:
            await edgegap.deployments.get(ID)
    assert len(local.requests) == 1, "a response that cannot be decoded is not requested again"
    assert caught.value.operation == "deployment-get"
    assert str(caught.value).startswith("the data of deployment-get ")
    return caught.value


# successful statuses with a wrong body


async def test_an_html_page_with_200_is_a_decode_error(local: LocalEdgegap) -> None:
    local.faults.add("deployment-get", "not_json")
    async with local.client() as edgegap:
        with pytest.raises(DecodeError, match=r"is not JSON \(.*byte 0\)\)") as caught:
            await edgegap.deployments.get(ID)
    assert "Sign in" not in str(caught.value)


@pytest.mark.parametrize("body", [None, "", "  \n"])
async def test_an_empty_body_with_200_is_a_decode_error(local: LocalEdgegap, body: str | None) -> None:
    assert "is empty" in str(await decode_error_of(local, body))


@pytest.mark.parametrize("body", ['{"request_id": "abc', '{"request_id": NaN}', "request_id=abc", "\x00", '"\\ud800"'])
async def test_a_body_that_is_not_json_is_a_decode_error(local: LocalEdgegap, body: str) -> None:
    assert "is not JSON" in str(await decode_error_of(local, body))


@pytest.mark.parametrize(
    ("body", "path", "wrong"),
    [
        ([], "$", "expected an object, found a list"),
        ("null", "$", "expected an object, found null"),
        ("42", "$", "expected an object, found a number"),
        ({}, "$.request_id", "no 'request_id'"),
        ({"request_id": None}, "$.request_id", "expected a string, found null"),
        ({"request_id": 42}, "$.request_id", "expected a string, found a number"),
        ({"request_id": ID, "running": "yes"}, "$.running", "expected a boolean, found a string"),
        ({"request_id": ID, "current_status": 7}, "$.current_status", "expected a string, found a number"),
        ({"request_id": ID, "tags": "match-42"}, "$.tags", "expected a list, found a string"),
        ({"request_id": ID, "tags": ["a", None]}, "$.tags[1]", "expected a string, found null"),
        ({"request_id": ID, "ports": []}, "$.ports", "expected an object, found a list"),
        ({"request_id": ID, "start_time": "soon"}, "$.start_time", "expected a date and time, found a string"),
        ({"request_id": ID, "elapsed_time": "long"}, "$.elapsed_time", "expected a number, found a string"),
        ({"request_id": ID, "location": "Montreal"}, "$.location", "expected an object, found a string"),
    ],
)
async def test_json_of_the_wrong_shape_names_the_path(local: LocalEdgegap, body: Any, path: str, wrong: str) -> None:
    error = await decode_error_of(local, body)
    assert error.path == path
    assert str(error) == f"the data of deployment-get does not have the documented shape: {wrong} at {path}"


@pytest.mark.parametrize(
    ("ports", "path"),
    [
        ({"gameport": {"external": "30095"}}, "external"),
        ({"gameport": 30095}, "gameport"),
        ({"gameport": {"external": 30095.5}}, "external"),
    ],
)
async def test_a_wrong_port_is_named_by_the_path(local: LocalEdgegap, ports: Any, path: str) -> None:
    error = await decode_error_of(local, {"request_id": ID, "ports": ports})
    assert "gameport" in error.path
    assert path in error.path
    assert "30095" not in str(error)


async def test_an_incomplete_body_is_a_transport_error(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "truncate")
    async with local.client() as edgegap:
        with pytest.raises(TransportError, match="the connection broke before the response was complete"):
            await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"], guard=False)


async def test_an_unknown_state_is_readable(local: LocalEdgegap) -> None:
    body = {"request_id": ID, "current_status": "Status.HIBERNATING", "last_status": "Status.READY", "new": {"a": 1}}
    local.faults.add("deployment-get", "status", code=200, body=body)
    async with local.client() as edgegap:
        deployment = await edgegap.deployments.get(ID)
    assert deployment.state == "HIBERNATING"
    assert deployment.state is not None
    assert not deployment.state.known
    assert deployment.last_status is State.READY
    assert deployment.extra == {"new": {"a": 1}}


@pytest.mark.parametrize("status", [200, 201, 202, 203, 206])
async def test_every_2xx_status_is_a_success(local: LocalEdgegap, status: int) -> None:
    local.faults.add("deployment-get", "status", code=status, body={"request_id": ID})
    async with local.client() as edgegap:
        assert (await edgegap.deployments.get(ID)).request_id == ID


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_an_operation_without_a_response_model_accepts_any_2xx(local: LocalEdgegap, status: int) -> None:
    local.faults.add("deployment-report", "status", code=status, body=None)
    async with local.client() as edgegap:
        await edgegap.deployments.report(ID, reason="slow")


# errors


async def test_an_unexpected_status_is_a_plain_api_error(local: LocalEdgegap) -> None:
    error = await error_of(local, code=418, body={"message": "I'm a teapot"})
    assert type(error) is APIError
    assert (error.status, error.message) == (418, "I'm a teapot")
    assert str(error) == "deployment-get answered 418: I'm a teapot"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"message": "not today"}, "not today"),
        ({"error": "not today"}, "not today"),
        ({"message": "", "error": "not today"}, "not today"),
        (None, "an empty body"),
        ("  ", "an empty body"),
        ({"message": 42}, "no message (application/json, 14 bytes)"),
        ({"message": ["a"]}, "no message (application/json, 17 bytes)"),
        ({"message": None}, "no message (application/json, 16 bytes)"),
        ([], "no message (application/json, 2 bytes)"),
        ("<html>", "no message (text/plain, 6 bytes)"),
    ],
)
async def test_an_error_has_a_message_for_any_body(local: LocalEdgegap, body: Any, message: str) -> None:
    error = await error_of(local, code=400, body=body)
    assert type(error) is BadRequest
    assert error.message == message


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"message": "bad", "details": {"name": "taken"}}, {"name": "taken"}),
        ({"message": "bad", "errors": {"name": "taken"}}, {"name": "taken"}),
        ({"message": "bad", "errors": {"name": ["too long", "taken"]}}, {"name": ["too long", "taken"]}),
        ({"message": "bad", "details": {}, "errors": {"name": "taken"}}, {"name": "taken"}),
        ({"message": "bad", "details": ["name"]}, {}),
        ({"message": "bad", "details": "name"}, {}),
        ({"message": "bad", "details": None}, {}),
        ({"message": "bad"}, {}),
    ],
)
async def test_details_are_a_mapping_for_any_body(local: LocalEdgegap, body: Any, details: Any) -> None:
    error = await error_of(local, code=409, body=body)
    assert type(error) is Conflict
    assert error.details == details
    assert all(name in str(error) for name in details)


async def test_a_long_message_is_capped_and_on_one_line() -> None:
    endless = "first line\r\n\tsecond\x1b[31m line\x00" + "x" * 5_000_000
    with aioresponses() as service:
        service.get(ANY_ADDRESS, status=400, payload={"message": endless, "details": {"field\n": endless}})
        async with EdgegapClient("abc", base_url=BASE) as edgegap:
            with pytest.raises(BadRequest) as caught:
                await edgegap.deployments.get(ID)
    error = caught.value
    assert len(error.message) == 500
    assert error.message.startswith("first line second [31m line x")
    assert len(str(error)) < 1200
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", str(error))


@pytest.mark.parametrize(
    ("status", "kind"), [(410, Gone), (424, FailedDependency), (422, Unprocessable), (500, ServerError)]
)
async def test_each_status_has_its_error_class(local: LocalEdgegap, status: int, kind: type[APIError]) -> None:
    error = await error_of(local, code=status, body={"message": "no"})
    assert type(error) is kind
    assert (error.status, error.message, error.operation) == (status, "no", "deployment-get")


async def test_a_422_carries_the_request_id_of_the_deployment_in_error(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "unprocessable", message="no capacity")
    async with local.client() as edgegap:
        with pytest.raises(Unprocessable, match="no capacity") as caught:
            await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"], guard=False)
        assert [each.request_id for each in local.history] == [caught.value.request_id]


@pytest.mark.parametrize("body", [{"message": "no", "request_id": 42}, {"message": "no"}, "no"])
async def test_a_422_without_a_request_id_has_none(local: LocalEdgegap, body: Any) -> None:
    assert (await error_of(local, code=422, body=body)).request_id is None


@pytest.mark.parametrize(("status", "advice"), [(401, "EDGEGAP_API_TOKEN"), (403, "may not do this")])
async def test_errors_that_users_can_fix_say_how(local: LocalEdgegap, status: int, advice: str) -> None:
    assert advice in str(await error_of(local, code=status, body={"message": "no"}))


async def test_a_wrong_token_is_an_authentication_error(local: LocalEdgegap) -> None:
    async with EdgegapClient("another", base_url=local.url) as edgegap:
        with pytest.raises(APIError, match="Check EDGEGAP_API_TOKEN") as caught:
            await edgegap.deployments.list().first()
    assert caught.value.status == 401
    assert len(local.requests) == 1


# redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(local: LocalEdgegap, status: int) -> None:
    async with LocalEdgegap(seed=2) as other:
        location = f"{other.url.replace('127.0.0.1', 'localhost')}/v1/secret-path?secret=query#secret-fragment"
        error = await error_of(local, code=status, body=None, headers={"Location": location})
        assert other.requests == []
    assert type(error) is APIError
    assert error.status == status
    assert error.message == "a redirect to localhost, which is not followed"
    assert "secret" not in str(error)


@pytest.mark.parametrize("location", ["/v1/elsewhere", "", "http://[broken", "//evil.example/x"])
async def test_a_redirect_to_any_location_is_an_error(local: LocalEdgegap, location: str) -> None:
    error = await error_of(local, code=301, body=None, headers={"Location": location})
    assert error.message.startswith("a redirect")
    assert error.message.endswith("which is not followed")


async def test_a_redirected_create_is_not_sent_to_the_other_host() -> None:
    with aioresponses() as service:
        service.post(f"{BASE}/v2/deployments", status=307, headers={"Location": "https://evil.example/v2/deployments"})
        async with EdgegapClient("abc", base_url=BASE) as edgegap:
            with pytest.raises(APIError, match=r"evil\.example"):
                await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"], guard=False)
        assert service.requests is not None
        assert [(method, url.host) for method, url in service.requests] == [("POST", "127.0.0.1")]


async def test_cookies_are_not_stored(local: LocalEdgegap) -> None:
    cookie = {"Set-Cookie": "session=abc; Path=/"}
    local.faults.add("deployment-list", "status", code=200, body={"data": []}, headers=cookie)
    # through a host name: cookie jars ignore IP addresses
    async with EdgegapClient(local.token, base_url=local.url.replace("127.0.0.1", "localhost")) as edgegap:
        await edgegap.deployments.list().first()
        await edgegap.deployments.list().first()
    assert len(local.requests) == 2
    assert all("cookie" not in request.headers for request in local.requests)


# Retry-After


NOW = 1_766_000_000.0  # Wed, 17 Dec 2025 19:33:20 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("", None),
        ("   ", None),
        ("0", 0),
        ("3", 3),
        ("1.5", 1.5),
        (" 2 ", 2),
        ("-4", 0),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("soon", None),
        ("3 seconds", None),
        ("Wed, 17 Dec 2025 19:33:30 GMT", 10),
        ("Wednesday, 17-Dec-25 19:33:30 GMT", 10),
        ("Wed, 17 Dec 2025 19:33:10 GMT", 0),
        ("Wed, 17 Dec 2025 20:33:25 +0100", 3605 - 3600),
        ("Wed, 99 Dec 2025 19:33:30 GMT", None),
        ("Wed, 17 Dec 99999 19:33:30 GMT", None),
    ],
)
def test_retry_after_is_parsed_in_every_form(text: str | None, seconds: float | None) -> None:
    headers = {} if text is None else {"Retry-After": text}
    assert retry_after(headers, now=lambda: NOW) == seconds


async def test_a_rate_limited_error_carries_the_retry_after(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployment-get", "rate_limited", times=None, retry_after=30)
    with pytest.raises(RateLimited, match="which other processes use the same token") as caught:
        await edgegap.deployments.get(ID, timeout=1)
    assert caught.value.retry_after == 30


async def test_raise_for_status_of_an_injected_session_is_ignored(local: LocalEdgegap) -> None:
    async with aiohttp.ClientSession(raise_for_status=True) as session, local.client(session=session) as edgegap:
        with pytest.raises(NotFound):
            await edgegap.deployments.logs(ID)
        await edgegap.deployments.stop(ID)
    assert session.closed
