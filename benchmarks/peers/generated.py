"""A client that openapi-python-client generates from the service's document."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final, Self

from benchmarks.bodies import PAGE_SIZE
from benchmarks.peers import See

_NAME: Final = "generated_edgegap_client"


def corrected_document() -> bytes:
    """Return the service's document with two corrections.

    The generator leaves out the status of a deployment, because the document calls all of it nullable. What may be null
    is the time at which the deployment is removed.
    """
    document = json.loads((resources.files("edgegap_async.simulator.specification") / "v1.json").read_text())
    status = document["components"]["schemas"]["V1DeploymentStatus"]
    del status["nullable"]
    status["properties"]["removal_time"]["nullable"] = True
    return json.dumps(document).encode()


def generate() -> Path:
    """Generate the client, once for each document and version of the generator; returns the folder that has it."""
    document = corrected_document()
    version = metadata.version("openapi-python-client")
    digest = hashlib.sha256(document + version.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"edgegap-benchmarks-{digest}"
    if not (folder / _NAME / "client.py").exists():
        with tempfile.TemporaryDirectory() as work:
            (Path(work) / "document.json").write_bytes(document)
            program = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
            paths = ["--path", "document.json", "--output-path", _NAME]
            subprocess.run([*program, *paths], cwd=work, check=True, capture_output=True)
            folder.mkdir(exist_ok=True)
            shutil.rmtree(folder / _NAME, ignore_errors=True)
            shutil.move(Path(work) / _NAME, folder / _NAME)
    return folder


@functools.cache
def _module(name: str) -> Any:
    folder = str(generate())
    if folder not in sys.path:
        sys.path.append(folder)
    return importlib.import_module(f"{_NAME}.{name}")


class Client:
    def __init__(self, client: Any) -> None:
        self._client = client
        self._get = _module("api.deployments.deployment_get").asyncio
        self._list = _module("api.deployments.deployment_list").asyncio

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, limited: bool = False) -> AsyncIterator[Self]:
        async with _module("client").AuthenticatedClient(
            base_url=url, token="benchmark", prefix="token", httpx_args={"trust_env": False}
        ) as client:
            yield cls(client)

    async def status(self, request_id: str) -> Any:
        return (await self._get(request_id, client=self._client)).request_id

    async def rows(self, see: See) -> None:
        number, more = 1, True
        while more:
            page = await self._list(client=self._client, page=number, limit=PAGE_SIZE)
            for row in page.data:
                see(row.request_id)
            number, more = number + 1, page.pagination.has_next

    @staticmethod
    def decode(body: bytes) -> Sequence[object]:
        # as the generated code decodes a response: json of the standard library, then the model
        model = _module("models.deployment_list_response_200").DeploymentListResponse200
        rows: list[object] = model.from_dict(json.loads(body)).data
        return rows
