"""What the error of an attempt without a response says, and which cause it keeps."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from aiohttp.client_reqrep import ConnectionKey
from aioresponses import aioresponses

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.errors import Outcome, TransportError
from edgegap_async.simulator import LocalEdgegap

BASE = "http://127.0.0.1:1"
ID = "0123456789ab"
KEY = ConnectionKey("127.0.0.1", 1, is_ssl=False, ssl=True, proxy=None, proxy_auth=None, proxy_headers_hash=None)
REFUSED = OSError(111, "Connection refused")
ONCE = RetryPolicy(max_attempts=1)


async def error_for(failure: BaseException) -> TransportError:
    with aioresponses() as service:
        service.get(f"{BASE}/v1/status/{ID}", exception=failure)
        async with EdgegapClient("abc", base_url=BASE, retry=ONCE) as edgegap:
            with pytest.raises(TransportError) as caught:
                await edgegap.deployments.get(ID)
    assert caught.value.operation == "deployment-get"
    return caught.value


def proxy_error(kind: type[aiohttp.ClientResponseError]) -> aiohttp.ClientResponseError:
    request: Any = None
    return kind(request, (), status=407, message="who are you?")


TIMED_OUT = aiohttp.ConnectionTimeoutError("too slow")
UNREACHABLE = aiohttp.ClientConnectorError(KEY, REFUSED)
BROKEN = aiohttp.ServerDisconnectedError()
SLOW = TimeoutError()


@pytest.mark.parametrize(
    ("failure", "problem", "cause"),
    [
        (TIMED_OUT, "could not connect in time; nothing was sent", TIMED_OUT),
        (UNREACHABLE, "could not connect (Connection refused); nothing was sent", REFUSED),
        (
            proxy_error(aiohttp.ClientHttpProxyError),
            "the proxy refused the connection with status 407; nothing was sent: check the user name and password in "
            "proxy=",
            None,
        ),
        (aiohttp.InvalidURL("http://a..b"), "the URL is invalid; nothing was sent", None),
        (UnicodeError("label too long"), "the URL is invalid; nothing was sent", None),
        (SLOW, "no response within 20 s; the service may have carried out the request", SLOW),
        (
            BROKEN,
            "the connection broke before the response was complete (ServerDisconnectedError); the service may have "
            "carried out the request",
            BROKEN,
        ),
        (
            proxy_error(aiohttp.ClientResponseError),
            "the connection broke before the response was complete (ClientResponseError); the service may have "
            "carried out the request",
            None,
        ),
    ],
    ids=lambda it: type(it).__name__ if isinstance(it, BaseException) else None,
)
async def test_an_error_says_what_happened_and_keeps_a_cause_that_shows_no_secret(
    failure: Exception, problem: str, cause: BaseException | None
) -> None:
    error = await error_for(failure)
    assert str(error) == f"deployment-get: {problem}"
    assert error.outcome is (Outcome.NOT_SENT if "nothing was sent" in problem else Outcome.UNKNOWN)
    assert error.__cause__ is cause
    assert error.__context__ is None
    if cause is not None:
        assert (cause.__cause__, cause.__context__, cause.__traceback__) == (None, None, None)


@pytest.mark.parametrize("location", ["/v1/elsewhere", "", "http://[broken"])
async def test_a_redirect_without_a_host_names_none(local: LocalEdgegap, location: str) -> None:
    local.faults.add("deployment-get", "status", code=301, headers={"Location": location})
    async with local.client() as edgegap:
        with pytest.raises(Exception, match="a redirect, which is not followed"):
            await edgegap.deployments.get(ID)
