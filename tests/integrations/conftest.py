"""Fixtures: the application of each framework, and a local Edgegap for it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from integrations.applications import CreateApp, fastapi_application, starlette_application

from edgegap_async.simulator import LocalEdgegap


@pytest.fixture(params=[fastapi_application, starlette_application], ids=["fastapi", "starlette"])
def create_app(request: pytest.FixtureRequest) -> CreateApp:
    """Creates the application of the tests with one framework."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
async def quick() -> AsyncIterator[LocalEdgegap]:
    """A local Edgegap whose servers are ready within 0.2 seconds."""
    async with LocalEdgegap(time_to_ready=(0.1, 0.2)) as local:
        yield local
