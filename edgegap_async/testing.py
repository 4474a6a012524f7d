"""The pytest plugin: the fixtures ``local_edgegap``, a local Edgegap, and ``edgegap``, a client connected to it.

Both are for async tests with pytest-asyncio; without pytest-asyncio the plugin defines no fixtures. They need the
extra ``simulator``: ``pip install 'edgegap-async[simulator]'``. ::

    async def test_a_match_gets_a_server(edgegap, local_edgegap):
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"])
        assert server.request_id in local_edgegap.deployments
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

try:
    import pytest_asyncio
except ImportError:  # pytest loads every installed plugin, in projects without pytest-asyncio too
    pass
else:
    if TYPE_CHECKING:
        from edgegap_async.client import EdgegapClient
        from edgegap_async.simulator import LocalEdgegap

    @pytest_asyncio.fixture
    async def local_edgegap() -> AsyncIterator[LocalEdgegap]:
        """Run a local Edgegap on a free loopback port: empty, with the documented rate limits and a fixed seed."""
        # imported here: pytest imports this plugin in every project, with or without the extra
        from edgegap_async.simulator import LocalEdgegap  # noqa: PLC0415

        async with LocalEdgegap(seed=1) as local:
            yield local

    @pytest_asyncio.fixture
    async def edgegap(local_edgegap: LocalEdgegap) -> AsyncIterator[EdgegapClient]:
        """Open a client connected to ``local_edgegap``."""
        async with local_edgegap.client() as client:
            yield client
