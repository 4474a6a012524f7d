"""Clients that openapi-python-client generates from the documents deploy, poll, list and stop on the local Edgegap."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import os
import shutil
import typing
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import attrs
import pytest
from corrected_documents import allow_null_until_ready, write_document

from edgegap_async.simulator import LocalEdgegap, VirtualClock

COMMAND: Final = os.environ.get("OPENAPI_PYTHON_CLIENT", "openapi-python-client")

CREATIONS: Final[Mapping[str, tuple[str, int, Mapping[str, Any]]]] = {
    "v1": ("deployment_create", 200, {"app_name": "kart", "version_name": "v1", "ip_list": ["203.0.113.7"]}),
    "v2": (
        "v2_deployment_create",
        202,
        {
            "application": "kart",
            "version": "v1",
            "users": [{"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}],
            "webhook_on_ready": {"url": "http://127.0.0.1:9/hooks"},
        },
    ),
}
"""The operation that deploys, the status of its response, and its body, by document."""


@attrs.frozen
class GeneratedClient:
    """A generated client."""

    package: str
    client: Any
    checked: Counter[str]

    async def call(self, module: str, *path: str, status: int, body: Mapping[str, Any] | None = None) -> Any:
        """Call an operation; returns the response as the model that its document names."""
        operation = importlib.import_module(f"{self.package}.api.deployments.{module}").asyncio_detailed
        options: dict[str, Any] = {"client": self.client}
        if body is not None:
            hint = typing.get_type_hints(operation)["body"]
            model = next(each for each in (hint, *typing.get_args(hint)) if attrs.has(each))
            options["body"] = model.from_dict(dict(body))
        response = await operation(*path, **options)
        assert response.status_code is HTTPStatus(status), response
        assert attrs.has(type(response.parsed)), response
        self.checked["calls of generated clients"] += 1
        return response.parsed


Generate = Callable[[str, LocalEdgegap], Awaitable[GeneratedClient]]


@pytest.fixture
async def generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checked: Counter[str]) -> AsyncIterator[Generate]:
    """Generates a client from a document and connects it to a local Edgegap."""
    if shutil.which(COMMAND) is None:
        pytest.skip("openapi-python-client is not installed; nox -s contract installs it")
    pytest.importorskip("httpx", reason="the generated clients need httpx; nox -s contract installs it")
    settings = tmp_path / "settings.json"
    settings.write_text('{"post_hooks": []}')

    async def generated(spec: str, local: LocalEdgegap) -> GeneratedClient:
        document = write_document(spec, tmp_path)
        allow_null_until_ready(document)
        package = f"generated_{spec.replace('-', '_')}_{tmp_path.name.replace('-', '_')}"
        process = await asyncio.create_subprocess_exec(
            COMMAND, "generate", "--path", str(document), "--output-path", str(tmp_path / package),
            "--meta", "none", "--config", str(settings), "--fail-on-warning",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
        assert process.returncode == 0, output
        checked["clients generated"] += 1
        monkeypatch.syspath_prepend(tmp_path)
        authenticated = importlib.import_module(package).AuthenticatedClient
        client = await stack.enter_async_context(authenticated(local.url, local.token, prefix="token"))
        return GeneratedClient(package, client, checked)

    async with contextlib.AsyncExitStack() as stack:
        yield generated


@pytest.mark.contract
@pytest.mark.parametrize("creates_by", CREATIONS)
async def test_a_generated_client_deploys_polls_lists_and_stops(generate: Generate, creates_by: str) -> None:
    clock = VirtualClock()
    async with LocalEdgegap(seed=1, clock=clock, rate_limits=None) as local:
        # the document of v2 has no operation to poll, list or stop
        generated = await generate("v1", local)
        creator = generated if creates_by == "v1" else await generate(creates_by, local)
        deploy, status, body = CREATIONS[creates_by]
        request_id = (await creator.call(deploy, body=body, status=status)).request_id
        (deployment,) = local.deployments
        assert deployment.request_id == request_id
        assert len(deployment.webhooks) == (creates_by == "v2")

        polled = await generated.call("deployment_get", request_id, status=200)
        assert (polled.running, polled.public_ip, polled.ports) == (False, None, None)
        while not polled.running:
            clock.advance(1)
            polled = await generated.call("deployment_get", request_id, status=200)
        assert (polled.current_status, polled.fqdn) == ("Status.READY", deployment.fqdn)
        assert polled.ports.gameport.external == deployment.ports[0].external
        assert polled.location.city == deployment.city

        (row,) = (await generated.call("deployment_list", status=200)).data
        assert (row.request_id, row.ready, row.public_ip) == (request_id, True, deployment.public_ip)

        stopped = await generated.call("deployment_delete", request_id, status=200)
        assert request_id in stopped.message
        assert not local.deployments
        clock.advance(1)
        assert (await generated.call("deployment_list", status=200)).data == []
        await generated.call("deployment_delete", request_id, status=410)
        unknown = await generated.call("deployment_get", "0123456789ab", status=404)
        assert "0123456789ab" in unknown.message
