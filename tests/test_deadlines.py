"""What remains until a deadline."""

from __future__ import annotations

import asyncio

import pytest

from edgegap_async.deadlines import SHORTEST_TIMEOUT, seconds_until


@pytest.mark.looptime
async def test_a_call_gets_a_timeout_above_zero_after_its_deadline() -> None:
    now = asyncio.get_running_loop().time()
    assert seconds_until(now + 2) == 2
    assert seconds_until(now) == seconds_until(now - 5) == SHORTEST_TIMEOUT
    assert SHORTEST_TIMEOUT > 0
