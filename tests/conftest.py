"""What every test has: a local Edgegap, a client on it, and two watchmen over the event loop.

``@pytest.mark.looptime`` makes the loop's time virtual during the test, not during its fixtures: such a test makes
its calls itself, so that no rate bucket was used at another time than its own.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TypeAlias

import aiohttp
import pytest
from blockbuster import BlockBuster
from hypothesis import find, settings
from hypothesis import strategies as st

import edgegap_async
from edgegap_async import EdgegapClient
from edgegap_async.simulator import LocalEdgegap

# The same cases every time, and no failure because the machine was busy.
settings.register_profile("steady", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("steady")

Arrived: TypeAlias = Callable[[str], list[float]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Asynchronous tests are watched; the others have no loop to be watched."""
    # hypothesis makes its table of characters once on a machine, in seconds that are no test's.
    find(st.text(min_size=1), lambda _: True)
    # looptime asks for the current loop around synchronous tests too, which would make one that nobody closes.
    asyncio.set_event_loop(None)
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(inspect.unwrap(item.obj)):
            # First in, so that it looks last: after the servers and clients of the test are closed.
            item.fixturenames[:0] = ["no_task_left", "nothing_blocks"]


@pytest.fixture
async def no_task_left() -> AsyncIterator[None]:
    """Fails a test that ends with a task still there."""
    before = asyncio.all_tasks()
    yield
    left = asyncio.all_tasks() - before - {asyncio.current_task()}
    assert not left, f"left behind: {sorted(map(repr, left))}"


@pytest.fixture(scope="session")
def watchman() -> BlockBuster:
    """Knows every call that blocks, made by the client, the local Edgegap or aiohttp."""
    return BlockBuster(scanned_modules=[edgegap_async, aiohttp])


@pytest.fixture
def nothing_blocks(watchman: BlockBuster) -> Iterator[None]:
    """Fails a test that blocks the loop."""
    watchman.activate()
    yield
    watchman.deactivate()


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on, or talks to, what the developer's own environment names."""
    for name in ("EDGEGAP_API_TOKEN", "EDGEGAP_BASE_URL", "EDGEGAP_COORDINATION_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    """A local Edgegap whose servers are ready after 2 to 6 seconds."""
    async with LocalEdgegap(seed=1, time_to_ready=(2, 6)) as server:
        yield server


@pytest.fixture
async def edgegap(local: LocalEdgegap) -> AsyncIterator[EdgegapClient]:
    """A client of the local Edgegap."""
    async with local.client() as client:
        yield client


@pytest.fixture
def arrived(local: LocalEdgegap) -> Arrived:
    """When the requests of an operation arrived, in seconds of the loop's time."""
    return lambda operation_id: [request.at for request in local.requests if request.operation_id == operation_id]
