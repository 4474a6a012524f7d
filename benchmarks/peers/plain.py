"""What the two clients without models share: they return what orjson parsed."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

import orjson

from benchmarks.bodies import PAGE_SIZE
from benchmarks.peers import See


class PlainClient(abc.ABC):
    @abc.abstractmethod
    async def get(self, path: str) -> Any:
        """Send a request and return the parsed body."""

    async def status(self, request_id: str) -> Any:
        return (await self.get(f"/v1/status/{request_id}"))["request_id"]

    async def rows(self, see: See) -> None:
        number = 1
        while number:
            page = await self.get(f"/v1/deployments?page={number}&limit={PAGE_SIZE}")
            for row in page["data"]:
                see(row["request_id"])
            number = page["pagination"]["next_page_number"]

    @staticmethod
    def decode(body: bytes) -> Sequence[object]:
        rows: list[object] = orjson.loads(body)["data"]
        return rows
