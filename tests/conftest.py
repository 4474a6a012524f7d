"""Fixtures for every test: a local Edgegap, a client for it, and two checks of the event loop.

``@pytest.mark.looptime`` makes the time of the event loop virtual during the test, but not during its fixtures. A test
with that mark makes all its calls itself, so that no rate bucket is used in both times.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeAlias

import aiohttp
import pytest
from blockbuster import BlockBuster
from hypothesis import Phase, find, settings
from hypothesis import strategies as st

import edgegap_async
from edgegap_async import EdgegapClient
from edgegap_async.simulator import LocalEdgegap

# Generate the same cases in every run, and never fail because the machine is busy.
settings.register_profile("deterministic", derandomize=True, deadline=None, database=None, max_examples=60)
# Mutation testing has to know that a test fails, and not the smallest example with which it does.
settings.register_profile("mutation", settings.get_profile("deterministic"), phases=[Phase.explicit, Phase.generate])
settings.load_profile("deterministic")

Arrived: TypeAlias = Callable[[str], list[float]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Add the two checks of the event loop to every asynchronous test."""
    # Hypothesis builds its table of characters once on a machine: that takes seconds, which no test should spend.
    find(st.text(min_size=1), lambda _: True)
    # looptime gets the current loop around synchronous tests too, which would create one that is never closed.
    asyncio.set_event_loop(None)
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(inspect.unwrap(item.obj)):
            # Set up first, so that they are torn down last: after the servers and clients of the test are closed.
            item.fixturenames[:0] = ["no_leaked_tasks", "no_blocking_calls"]


@pytest.fixture
async def no_leaked_tasks() -> AsyncIterator[None]:
    """Fails a test that ends while one of its tasks still runs."""
    before = asyncio.all_tasks()
    yield
    leaked = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not leaked, f"tasks that still run: {sorted(map(repr, leaked))}"


@pytest.fixture(scope="session")
def blocking_call_detector() -> BlockBuster:
    """Detects blocking calls by the client, the local Edgegap or aiohttp."""
    return BlockBuster(scanned_modules=[edgegap_async, aiohttp])


@pytest.fixture
def no_blocking_calls(blocking_call_detector: BlockBuster) -> Iterator[None]:
    """Fails a test that blocks the event loop."""
    blocking_call_detector.activate()
    yield
    blocking_call_detector.deactivate()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the variables of the developer's environment from reaching a test."""
    for name in ("EDGEGAP_API_TOKEN", "EDGEGAP_BASE_URL", "EDGEGAP_COORDINATION_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    """A local Edgegap whose servers are ready after 2 to 6 seconds."""
    async with LocalEdgegap(seed=1, time_to_ready=(2, 6)) as server:
        yield server


@pytest.fixture
async def edgegap(local: LocalEdgegap) -> AsyncIterator[EdgegapClient]:
    """A client for the local Edgegap."""
    async with local.client() as client:
        yield client


@pytest.fixture
def arrived(local: LocalEdgegap) -> Arrived:
    """Returns the arrival times of an operation's requests, in seconds of the event loop's time."""
    return lambda operation_id: [request.at for request in local.requests if request.operation_id == operation_id]
