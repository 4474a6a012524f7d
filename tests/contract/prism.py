"""Prism, the specification's own mock and validating proxy, as a process (it needs node)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import aiohttp
from documents import _DOCUMENTS, _FILES, _nameless

from edgegap_async.operations import OPERATIONS

COMMAND: Final = os.environ.get("PRISM", "prism")
"""The program; nox installs it and says where."""

_STARTING_SECONDS: Final = 30.0


def written(spec: str, folder: Path, only: Collection[str] | None = None) -> Path:
    """A document as a file that Prism reads right; ``only`` has the operations to keep, None keeps all.

    It routes by the paths alone, so v2 gets its prefix there; dates in the service's own form and a few
    examples and defaults that break their own bounds would make it refuse everything.
    """
    document = json.loads(json.dumps(_DOCUMENTS[spec]))
    prefix = _FILES[spec][1]
    document["paths"] = {prefix + path: item for path, item in document["paths"].items()}
    if only is not None:
        kept = {(_nameless(OPERATIONS[each].path), OPERATIONS[each].method.lower()) for each in only}
        for path, item in document["paths"].items():
            for method in [method for method in item if (_nameless(path), method) not in kept]:
                del item[method]
        document["paths"] = {path: item for path, item in document["paths"].items() if item}
    document["servers"] = [{"url": "http://127.0.0.1"}]
    _mend(document)
    components = document["components"]["schemas"].get("MatchmakerComponentListResponse")
    if components is not None:  # a list by its name and its count, and one component by its schema
        rows = components["properties"]["data"]
        components["properties"]["data"] = {"type": "array", "items": rows}
    file = folder / f"{spec}.json"
    file.write_text(json.dumps(document))
    return file


def _mend(part: Any) -> None:
    if isinstance(part, dict):
        if part.get("format") in {"date", "date-time"}:
            del part["format"]
        least = part.get("minimum")
        for name in ("example", "default"):
            if isinstance(least, (int, float)) and isinstance(part.get(name), (int, float)) and part[name] < least:
                del part[name]
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        _mend(inner)


@asynccontextmanager
async def prism(*arguments: str) -> AsyncIterator[str]:
    """Prism on a free port, started with these arguments; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        COMMAND, arguments[0], "-h", "127.0.0.1", "-p", str(port), "-v", "fatal", *arguments[1:],
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(_STARTING_SECONDS):
            while not await _answers(port):
                await asyncio.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


class Violations:
    """Collects what Prism says of each exchange, for an aiohttp session's ``trace_configs``."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.exchanges = 0
        self.trace = aiohttp.TraceConfig()
        self.trace.on_request_end.append(self._note)

    async def _note(self, _: aiohttp.ClientSession, __: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        self.exchanges += 1
        told = end.response.headers.get("sl-violations")
        if told:
            # what the mock makes up from examples is its own affair
            asked = [each for each in json.loads(told) if each["location"][0] == "request"]
            self.found += [f"{end.method} {end.url.path}: {each}" for each in asked]
