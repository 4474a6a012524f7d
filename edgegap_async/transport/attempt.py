"""One attempt at one HTTP request, over aiohttp."""

from __future__ import annotations

import asyncio
import math
import ssl
from collections.abc import Mapping
from typing import Final, TypeAlias

import aiohttp
import attrs
from yarl import URL

from edgegap_async._version import __version__
from edgegap_async.errors import JSON, ClientStateError, Outcome, TransportError
from edgegap_async.json_codec import dumps
from edgegap_async.operations import Method

CONNECT_SECONDS: Final = 5.0
"""How long an attempt may take to establish a connection."""

_USER_AGENT: Final = f"edgegap-async/{__version__}"

TLS: TypeAlias = ssl.SSLContext | aiohttp.Fingerprint | bool
"""What aiohttp accepts as ``ssl=``; True is the default verification."""


@attrs.frozen(kw_only=True)
class HttpResponse:
    """An HTTP response that was read completely.

    Attributes:
        status: The status code.
        headers: The headers; names are case-insensitive.
        body: The decompressed body.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


class HttpSession:
    """The aiohttp session of a client, its own or an injected one.

    It is opened once, in one event loop, and closed once, never by the garbage collector.
    """

    def __init__(self, injected: aiohttp.ClientSession | None, *, proxy: str | None, tls: TLS) -> None:
        """Open nothing yet.

        Args:
            injected: A session to use and never to close; None creates one in ``open``.
            proxy: The URL of an HTTP proxy, as aiohttp takes it.
            tls: What aiohttp takes as ``ssl=``.
        """
        self._injected = injected
        self._proxy = proxy
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
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
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
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

    async def send(
        self, method: Method, url: str, *, authorization: str, body: JSON, seconds: float, operation: str
    ) -> HttpResponse:
        """Send one request once and read the complete response. Redirects are returned, not followed.

        Args:
            method: The HTTP method.
            url: The complete URL, already quoted.
            authorization: The value of the Authorization header.
            body: What to send as JSON; None sends no body.
            seconds: The timeout of the attempt, from the wait for a connection to the last byte of the body.
            operation: The operation's id, for error messages.

        Raises:
            TransportError: No complete response arrived. Its outcome is NOT_SENT only if no connection was made.
        """
        session = self.require_open()
        headers = {"Authorization": authorization, "Accept": "application/json", "User-Agent": _USER_AGENT}
        if body is not None:
            headers["Content-Type"] = "application/json"
        # The wait for a free connection times out slightly before the whole attempt does. The error then shows whether
        # the request was sent.
        timeout = aiohttp.ClientTimeout(
            total=seconds,
            connect=seconds * 0.95,
            sock_connect=min(CONNECT_SECONDS, seconds * 0.9),
            ceil_threshold=math.inf,  # otherwise aiohttp rounds timeouts above 5 s up to whole seconds
        )
        try:
            async with session.request(
                method,
                URL(url, encoded=True),
                data=None if body is None else dumps(body),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                raise_for_status=False,  # an injected session may have it switched on
                proxy=self._proxy,
                ssl=self._tls,
            ) as response:
                return HttpResponse(status=response.status, headers=response.headers, body=await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _transport_error(error, operation, seconds) from _without_frames(error)


def _transport_error(error: Exception, operation: str, seconds: float) -> TransportError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        problem, outcome = "could not connect in time; nothing was sent", Outcome.NOT_SENT
    elif isinstance(error, aiohttp.ClientConnectorError):
        problem, outcome = f"could not connect ({error.strerror or error}); nothing was sent", Outcome.NOT_SENT
    elif isinstance(error, TimeoutError):
        problem = f"no response within {seconds:.3g} s; the service may have carried out the request"
        outcome = Outcome.UNKNOWN
    else:
        problem = (
            f"the connection broke before the response was complete ({type(error).__name__}); "
            "the service may have carried out the request"
        )
        outcome = Outcome.UNKNOWN
    return TransportError(f"{operation}: {problem}", outcome=outcome, operation=operation)


def _without_frames(error: BaseException) -> BaseException:
    """Strip the tracebacks from an error and its causes: aiohttp's frames hold the headers, and so the token."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error
