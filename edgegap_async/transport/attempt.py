"""One attempt at one request, over aiohttp."""

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
from edgegap_async.codec import dumps
from edgegap_async.errors import JSON, ClientStateError, Outcome, TransportError
from edgegap_async.operations import Method

CONNECT_SECONDS: Final = 5.0
_USER_AGENT: Final = f"edgegap-async/{__version__}"

TLS: TypeAlias = ssl.SSLContext | aiohttp.Fingerprint | bool
"""What aiohttp takes for ``ssl=``; True is the usual verification."""


@attrs.frozen(kw_only=True)
class HttpResponse:
    """What came back: the body whole, names of headers in any case."""

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)


class HttpSession:
    """The aiohttp session, owned or lent: opened once, in one loop, closed once and never by the collector."""

    def __init__(self, lent: aiohttp.ClientSession | None, *, proxy: str | None, tls: TLS) -> None:
        self._lent = lent
        self._proxy = proxy
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @property
    def state(self) -> str:
        """In a word, for reprs."""
        if self._closed:
            return "closed"
        return "not open" if self._loop is None else "open"

    async def open(self) -> None:
        """Bind to the running loop. Raises ClientStateError the second time."""
        if self._loop is not None:
            raise ClientStateError("this EdgegapClient was opened before: make one for each 'async with'")
        self._loop = asyncio.get_running_loop()
        if self._lent is not None:
            self._session = self._lent
            return
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        # aiohttp sends idempotent requests again by itself on a dropped connection, unseen by limits and counts.
        self._session._retry_connection = False  # pyright: ignore[reportPrivateUsage]

    async def close(self) -> None:
        """Close what was opened here; a lent session stays open. May be called again."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None and session is not self._lent:
            await session.close()

    def opened(self) -> aiohttp.ClientSession:
        """The session for the running loop. Raises ClientStateError where there is none."""
        if self._closed:
            raise ClientStateError("this EdgegapClient is closed: nothing was sent")
        if self._session is None:
            raise ClientStateError("this EdgegapClient is not open: use 'async with EdgegapClient() as edgegap:'")
        if asyncio.get_running_loop() is not self._loop:
            raise ClientStateError(
                "this EdgegapClient was opened in another event loop: a client belongs to one loop, make another here"
            )
        if self._session.closed:
            raise ClientStateError("the aiohttp session given to this EdgegapClient is closed: nothing was sent")
        return self._session

    async def send(
        self, method: Method, url: str, *, authorization: str, body: JSON, seconds: float, operation: str
    ) -> HttpResponse:
        """Send one request once and read the whole answer, within ``seconds``.

        Redirects are answers like any other. Raises TransportError, whose outcome is NOT_SENT only where no
        connection was made.
        """
        session = self.opened()
        headers = {"Authorization": authorization, "Accept": "application/json", "User-Agent": _USER_AGENT}
        if body is not None:
            headers["Content-Type"] = "application/json"
        # A wait for a free connection ends a little before the whole attempt, so that it can be told from an
        # attempt that was sent and not answered.
        timeout = aiohttp.ClientTimeout(
            total=seconds,
            connect=seconds * 0.95,
            sock_connect=min(CONNECT_SECONDS, seconds * 0.9),
            ceil_threshold=math.inf,  # else aiohttp rounds what is over 5 s up to whole seconds
        )
        try:
            async with session.request(
                method,
                URL(url, encoded=True),
                data=None if body is None else dumps(body),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,
                raise_for_status=False,  # a lent session may be set to do so
                proxy=self._proxy,
                ssl=self._tls,
            ) as response:
                return HttpResponse(status=response.status, headers=response.headers, body=await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _transport_error(error, operation, seconds) from _without_frames(error)


def _transport_error(error: Exception, operation: str, seconds: float) -> TransportError:
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        told, outcome = "no connection in time (nothing was sent)", Outcome.NOT_SENT
    elif isinstance(error, aiohttp.ClientConnectorError):
        told, outcome = f"no connection (nothing was sent): {error.strerror or error}", Outcome.NOT_SENT
    elif isinstance(error, TimeoutError):
        told, outcome = f"no answer within {seconds:.3g} s (it may have been carried out)", Outcome.UNKNOWN
    else:
        told = f"the connection broke before the whole answer was here ({type(error).__name__})"
        outcome = Outcome.UNKNOWN
    return TransportError(f"{operation}: {told}", outcome=outcome, operation=operation)


def _without_frames(error: BaseException) -> BaseException:
    """The cause without its tracebacks: aiohttp's frames hold the serialised headers, and so the token."""
    part: BaseException | None = error
    while part is not None:
        part.__traceback__ = None
        part = part.__cause__ or part.__context__
    return error
