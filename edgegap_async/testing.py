"""The pytest plugin: the fixtures ``local_edgegap`` (a local Edgegap) and ``edgegap`` (a client on it).

Both are for async tests under pytest-asyncio; without it the plugin offers nothing and gets in nobody's way.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

try:
    import pytest_asyncio
except ImportError:  # pytest loads every installed plugin, also for projects that do not use this one
    pass
else:
    if TYPE_CHECKING:
        from edgegap_async.client import EdgegapClient
        from edgegap_async.simulator import LocalEdgegap

    @pytest_asyncio.fixture
    async def local_edgegap() -> AsyncIterator[LocalEdgegap]:
        """A local Edgegap on a free loopback port, empty, with the documented limits and a fixed seed."""
        from edgegap_async.simulator import LocalEdgegap  # noqa: PLC0415 - pytest loads plugins at every start

        async with LocalEdgegap(seed=1) as local:
            yield local

    @pytest_asyncio.fixture
    async def edgegap(local_edgegap: LocalEdgegap) -> AsyncIterator[EdgegapClient]:
        """A client on ``local_edgegap``."""
        async with local_edgegap.client() as client:
            yield client
