"""This package, as its users call it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import attrs

from benchmarks.peers import See
from edgegap_async import DeploymentRow, EdgegapClient
from edgegap_async.decoding.decoder import decode
from edgegap_async.models.page import PageEnvelope


@attrs.frozen(kw_only=True)
class RowPage(PageEnvelope):
    """A page of the list of deployments."""

    data: tuple[DeploymentRow, ...]


class Client:
    def __init__(self, edgegap: EdgegapClient) -> None:
        self._edgegap = edgegap

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, limited: bool = False) -> AsyncIterator[Self]:
        async with EdgegapClient("benchmark", base_url=url, rate_limits="documented" if limited else None) as edgegap:
            yield cls(edgegap)

    async def status(self, request_id: str) -> str:
        return (await self._edgegap.deployments.get(request_id)).request_id

    async def rows(self, see: See) -> None:
        async for row in self._edgegap.deployments.list():
            see(row.request_id)

    @staticmethod
    def decode(body: bytes) -> Sequence[object]:
        return decode(body, RowPage, operation="deployment-list").data
