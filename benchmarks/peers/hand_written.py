"""What a good engineer writes in an afternoon: aiohttp, cattrs, aiolimiter and tenacity."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, Self, TypeVar

import aiohttp
import attrs
import tenacity
from aiolimiter import AsyncLimiter
from cattrs.preconf.orjson import make_converter

from benchmarks.bodies import PAGE_SIZE
from benchmarks.peers import See

T = TypeVar("T")

_TRANSIENT: Final = frozenset({429, 502, 503, 504})
_NEVER_REACHED: Final = 1e9


@attrs.frozen
class Port:
    name: str
    internal: int
    external: int | None
    protocol: str
    link: str | None = None
    tls_upgrade: bool = False


@attrs.frozen
class Location:
    city: str
    country: str
    continent: str
    administrative_division: str
    timezone: str
    latitude: float
    longitude: float


@attrs.frozen
class Deployment:
    request_id: str
    fqdn: str
    app_name: str
    app_version: str
    current_status: str
    running: bool
    error: bool
    public_ip: str | None = None
    start_time: datetime | None = None
    removal_time: datetime | None = None
    elapsed_time: int | None = None
    max_duration: int | None = None
    last_status: str | None = None
    error_detail: str | None = None
    ports: dict[str, Port] | None = None
    location: Location | None = None
    tags: list[str] = attrs.field(factory=list)


@attrs.frozen
class DeploymentRow:
    request_id: str
    fqdn: str
    ready: bool
    public_ip: str | None = None
    start_time: datetime | None = None
    ports: dict[str, Port] | None = None
    tags: list[str] = attrs.field(factory=list)


@attrs.frozen
class Pagination:
    number: int
    has_next: bool


@attrs.frozen
class DeploymentPage:
    data: list[DeploymentRow]
    total_count: int
    pagination: Pagination


class TransientError(Exception):
    """The service responded with a status that may not come back."""


converter: Final = make_converter(detailed_validation=False)


@converter.register_structure_hook
def _time(value: str, _: type) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC)


class Client:
    def __init__(self, session: aiohttp.ClientSession, statuses: AsyncLimiter, lists: AsyncLimiter) -> None:
        self._session = session
        self._statuses = statuses
        self._lists = lists

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, limited: bool = False) -> AsyncIterator[Self]:
        # A bucket that may be full allows as many at once as its size: one at a time keeps to the limit in any second.
        statuses = AsyncLimiter(1, 1 / 20) if limited else AsyncLimiter(_NEVER_REACHED, 1)
        lists = AsyncLimiter(1, 1 / 10) if limited else AsyncLimiter(_NEVER_REACHED, 1)
        async with aiohttp.ClientSession(
            url, headers={"Authorization": "token benchmark"}, timeout=aiohttp.ClientTimeout(total=30)
        ) as session:
            yield cls(session, statuses, lists)

    @tenacity.retry(
        retry=tenacity.retry_if_exception_type((aiohttp.ClientConnectionError, TimeoutError, TransientError)),
        wait=tenacity.wait_random_exponential(max=10),
        stop=tenacity.stop_after_attempt(5),
        reraise=True,
    )
    async def _get(self, limiter: AsyncLimiter, model: type[T], path: str, **query: Any) -> T:
        async with limiter, self._session.get(path, params=query) as response:
            if response.status in _TRANSIENT:
                raise TransientError(response.status)
            response.raise_for_status()
            return converter.loads(await response.read(), model)

    async def get(self, request_id: str) -> Deployment:
        return await self._get(self._statuses, Deployment, f"/v1/status/{request_id}")

    async def list(self) -> AsyncIterator[DeploymentRow]:
        number = 1
        while True:
            page = await self._get(self._lists, DeploymentPage, "/v1/deployments", page=number, limit=PAGE_SIZE)
            for row in page.data:
                yield row
            if not page.pagination.has_next:
                return
            number += 1

    async def status(self, request_id: str) -> str:
        return (await self.get(request_id)).request_id

    async def rows(self, see: See) -> None:
        async for row in self.list():
            see(row.request_id)

    @staticmethod
    def decode(body: bytes) -> Sequence[object]:
        return converter.loads(body, DeploymentPage).data
