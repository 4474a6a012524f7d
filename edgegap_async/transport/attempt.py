"""One attempt at one HTTP request, over aiohttp."""

from __future__ import annotations

import asyncio
import functools
import math
import ssl
from collections.abc import Mapping
from typing import Final, TypeAlias

import aiohttp
import attrs
from aiohttp import hdrs
from multidict import CIMultiDict
from yarl import URL

from edgegap_async._version import __version__
from edgegap_async.config import parse_proxy_url
from edgegap_async.deadlines import SharedTimer, TaskTimeout
from edgegap_async.errors import PROXY_ADVICE, ClientStateError, Outcome, TransportError
from edgegap_async.operations import Method
from edgegap_async.secret import Secret
from edgegap_async.validation import validate_int

CONNECT_SECONDS: Final = 5.0
"""How long an attempt may take to establish a connection."""

_USER_AGENT: Final = f"edgegap-async/{__version__}"

TLS: TypeAlias = ssl.SSLContext | aiohttp.Fingerprint | bool
"""What aiohttp accepts as ``ssl=``; True is the default verification."""


@attrs.define(kw_only=True)
class HttpRequest:
    """An HTTP request. Its repr shows only the operation: a URL, headers and a body can hold keys and passwords.

    Attributes:
        operation_id: The operation's id, for error messages.
        method: The HTTP method.
        url: The complete URL, already quoted.
        headers: All headers; see ``request_headers``.
        body: The JSON document to send, or None.
    """

    operation_id: str
    method: Method = attrs.field(repr=False)
    url: str = attrs.field(repr=False)
    headers: CIMultiDict[str] = attrs.field(repr=False)
    body: bytes | None = attrs.field(repr=False)


@attrs.define(kw_only=True)
class HttpResponse:
    """An HTTP response.

    Attributes:
        status: The status code.
        headers: The headers; names are case-insensitive.
        body: The decompressed body, empty if it was too large.
        is_too_large: Whether the body is larger than the limit of the session.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    is_too_large: bool = False


def request_headers(token: Secret, *, scheme: str, has_body: bool) -> CIMultiDict[str]:
    """Return the headers of a request, which can be used for any number of requests.

    Args:
        token: Sent in the ``Authorization`` header.
        scheme: The word before the token, empty for none.
        has_body: Whether the request has a JSON document.
    """
    headers = CIMultiDict(
        {"Authorization": token.header(scheme), "Accept": "application/json", "User-Agent": _USER_AGENT}
    )
    if has_body:
        headers["Content-Type"] = "application/json"
    return headers


class HttpSession:
    """The aiohttp session of a client, its own or an injected one.

    It is opened once, in one event loop, and closed once, never by the garbage collector.
    """

    def __init__(
        self,
        injected: aiohttp.ClientSession | None,
        *,
        proxy: str | None,
        tls: TLS,
        max_response_bytes: int,
        max_connections: int,
    ) -> None:
        """Open nothing yet.

        Args:
            injected: A session to use and never to close; None creates one in ``open``.
            proxy: The URL of an HTTP proxy, as aiohttp takes it.
            tls: What aiohttp takes as ``ssl=``.
            max_response_bytes: How much of a body is read at most, decompressed.
            max_connections: How many connections its own session opens at most, 0 for any number. A request that waits
                for a connection is sent later than its slot of the rate bucket.

        Raises:
            ConfigurationError: A setting is invalid.
        """
        self._injected = injected
        self._proxy = None if proxy is None else parse_proxy_url(str(proxy))
        self._tls = tls
        self._max_response_bytes = validate_int(max_response_bytes, "max_response_bytes", minimum=1)
        self._max_connections = max_connections
        self._session: aiohttp.ClientSession | None = None
        self._timer = SharedTimer()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def state(self) -> str:
        """``"not open"``, ``"open"`` or ``"closed"``, for a repr."""
        if self._closed:
            return "closed"
        return "not open" if self._loop is None else "open"

    async def open(self) -> None:
        """Open the session in the running event loop.

        Raises:
            ClientStateError: It was opened before.
        """
        if self._loop is not None:
            raise ClientStateError(
                "this EdgegapClient was already opened: create a new client for each 'async with' block"
            )
        self._loop = asyncio.get_running_loop()
        if self._injected is not None:
            self._session = self._injected
            return
        connector = aiohttp.TCPConnector(limit=self._max_connections)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        # On a dropped connection aiohttp re-sends idempotent requests, which neither the rate limits nor stats() see.
        self._session._retry_connection = False  # pyright: ignore[reportPrivateUsage]

    async def close(self) -> None:
        """Close the session unless it was injected; further calls do nothing."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None and session is not self._injected:
            await session.close()

    def require_open(self) -> aiohttp.ClientSession:
        """Return the open session.

        Raises:
            ClientStateError: The session is not open, is closed, or belongs to another event loop.
        """
        if self._closed:
            raise ClientStateError("this EdgegapClient is closed, nothing was sent: create a new client")
        if self._session is None:
            raise ClientStateError("this EdgegapClient is not open: use 'async with EdgegapClient() as edgegap:'")
        if asyncio.get_running_loop() is not self._loop:
            raise ClientStateError(
                "this EdgegapClient was opened in another event loop: create one client for each event loop"
            )
        if self._session.closed:
            raise ClientStateError("the aiohttp session passed to this EdgegapClient is closed, nothing was sent")
        return self._session

    async def send(self, request: HttpRequest, *, seconds: float) -> HttpResponse:
        """Send a request once and read its response. Redirects are returned, not followed.

        Args:
            request: The request.
            seconds: The timeout of the attempt, from the wait for a connection to the last byte of the body.

        Raises:
            TransportError: No complete response arrived. Its outcome is NOT_SENT only if no connection was made.
        """
        session = self.require_open()
        try:
            with TaskTimeout(seconds, self._timer):
                response = await session.request(
                    request.method,
                    URL(request.url, encoded=True),
                    data=request.body,
                    headers=request.headers,
                    timeout=_connect_timeout(seconds),
                    allow_redirects=False,
                    raise_for_status=False,  # an injected session may have it switched on
                    proxy=None if self._proxy is None else self._proxy.reveal(),
                    ssl=self._tls,
                )
                return await _read(response, self._max_response_bytes)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # ValueError: of yarl, the resolver, the parser
            failure = _transport_error(error, request.operation_id, seconds)
        except BaseException as error:
            _strip_frames(error)
            raise
        # Raised outside of the except blocks: aiohttp's error would be kept as its context.
        raise failure


@functools.lru_cache(maxsize=16)  # nearly all attempts have the same timeout
def _connect_timeout(seconds: float) -> aiohttp.ClientTimeout:
    """Return the timeouts of aiohttp for an attempt, whose whole time is limited by TaskTimeout.

    The wait for a free connection times out slightly before the whole attempt does. The error then shows whether the
    request was sent.
    """
    return aiohttp.ClientTimeout(
        connect=seconds * 0.95,
        sock_connect=min(CONNECT_SECONDS, seconds * 0.9),
        ceil_threshold=math.inf,  # otherwise aiohttp rounds timeouts above 5 s up to whole seconds
    )


async def _read(response: aiohttp.ClientResponse, limit: int) -> HttpResponse:
    """Read a response, and end the connection if its body is larger than ``limit`` bytes.

    What remains of a body is not decompressed: aiohttp decompresses a quarter of a megabyte at a time.
    """
    headers = response.headers
    chunks: list[bytes] = []
    size = 0
    try:
        if hdrs.CONTENT_ENCODING not in headers and hdrs.TRANSFER_ENCODING not in headers:
            length = response.content_length
            if length is not None and length <= limit:  # there are not more bytes than the header says
                return HttpResponse(status=response.status, headers=headers, body=await response.read())
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > limit:
                response.close()
                return HttpResponse(status=response.status, headers=headers, body=b"", is_too_large=True)
            chunks.append(chunk)
    except BaseException:
        response.close()
        raise
    return HttpResponse(status=response.status, headers=headers, body=b"".join(chunks))


def _transport_error(error: Exception, operation: str, seconds: float) -> TransportError:
    """Return the error for an exception of aiohttp, with the exception as its cause unless that can show a secret."""
    cause: BaseException | None = error
    outcome, is_permanent = Outcome.NOT_SENT, False
    match error:
        case aiohttp.ConnectionTimeoutError():
            problem = "could not connect in time; nothing was sent"
        case aiohttp.ClientConnectorError():
            problem = f"could not connect ({error.strerror or error}); nothing was sent"
            cause = error.os_error  # the error itself holds the password of the proxy
        case aiohttp.ServerFingerprintMismatch():
            problem = "the certificate does not have the fingerprint in ssl=; nothing was sent"
        case aiohttp.ClientHttpProxyError():
            problem = f"the proxy refused the connection with status {error.status}; nothing was sent"
            cause = None  # it holds the headers
            if is_permanent := error.status == 407:
                problem += f": {PROXY_ADVICE}"
        case aiohttp.InvalidURL() | UnicodeError() if not isinstance(error, UnicodeDecodeError):
            problem = "the URL is invalid; nothing was sent"
            cause = None  # it holds the URL
        case TimeoutError():
            problem = f"no response within {seconds:.3g} s; the service may have carried out the request"
            outcome = Outcome.UNKNOWN
        case _:
            problem = (
                f"the connection broke before the response was complete ({type(error).__name__}); "
                "the service may have carried out the request"
            )
            outcome = Outcome.UNKNOWN
            if isinstance(error, aiohttp.ClientResponseError):
                cause = None  # it holds the headers
    failure = TransportError(f"{operation}: {problem}", outcome=outcome, operation=operation, is_permanent=is_permanent)
    failure.__cause__ = None if cause is None else _strip_frames(cause)
    return failure


def _strip_frames(error: BaseException) -> BaseException:
    """Strip an error of its traceback and its causes: aiohttp's frames hold the headers, and so the token."""
    error.__traceback__ = error.__cause__ = error.__context__ = None
    return error
