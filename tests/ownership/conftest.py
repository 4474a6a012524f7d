"""A fixture that starts servers without a client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import aiohttp
import pytest

from edgegap_async.simulator import LocalEdgegap

CreateWithTags = Callable[[Sequence[str]], Awaitable[str]]


@pytest.fixture
def create_with_tags(local: LocalEdgegap) -> CreateWithTags:
    """Creates a server with tags that the client itself reserves for its guard, and returns its id."""

    async def create(tags: Sequence[str]) -> str:
        body = {
            "application": "kart",
            "version": "v1",
            "users": [{"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}],
            "tags": [*tags],
        }
        headers = {"Authorization": f"token {local.token}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.post(f"{local.url}/v2/deployments", json=body) as response,
        ):
            assert response.status == 202, await response.text()
            return str((await response.json())["request_id"])

    return create
