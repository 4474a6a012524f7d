"""httpx, with bodies that are validated by pydantic models."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Self

import httpx
from pydantic import BaseModel

from benchmarks.bodies import PAGE_SIZE
from benchmarks.peers import See


class Port(BaseModel):
    name: str
    internal: int
    external: int | None
    protocol: str
    link: str | None = None
    tls_upgrade: bool = False


class Location(BaseModel):
    city: str
    country: str
    continent: str
    administrative_division: str
    timezone: str
    latitude: float
    longitude: float


class Deployment(BaseModel):
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
    tags: list[str] = []


class DeploymentRow(BaseModel):
    request_id: str
    fqdn: str
    ready: bool
    public_ip: str | None = None
    start_time: datetime | None = None
    ports: dict[str, Port] | None = None
    tags: list[str] = []


class Pagination(BaseModel):
    number: int
    has_next: bool


class DeploymentPage(BaseModel):
    data: list[DeploymentRow]
    total_count: int
    pagination: Pagination


class Client:
    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, limited: bool = False) -> AsyncIterator[Self]:
        # httpx keeps 20 connections open by default, so that most of 100 concurrent requests would open one
        limits = httpx.Limits(max_connections=100, max_keepalive_connections=100)
        async with httpx.AsyncClient(
            base_url=url, headers={"Authorization": "token benchmark"}, limits=limits, timeout=30, trust_env=False
        ) as client:
            yield cls(client)

    async def _get(self, path: str, **query: Any) -> bytes:
        response = await self._client.get(path, params=query)
        return response.raise_for_status().content

    async def status(self, request_id: str) -> str:
        return Deployment.model_validate_json(await self._get(f"/v1/status/{request_id}")).request_id

    async def rows(self, see: See) -> None:
        number, more = 1, True
        while more:
            page = DeploymentPage.model_validate_json(await self._get("/v1/deployments", page=number, limit=PAGE_SIZE))
            for row in page.data:
                see(row.request_id)
            number, more = number + 1, page.pagination.has_next

    @staticmethod
    def decode(body: bytes) -> Sequence[object]:
        return DeploymentPage.model_validate_json(body).data
