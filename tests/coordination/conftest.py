"""Fixtures for the tests of the coordination store: a Valkey server, and each store with a clock that a test sets."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from coordination.stores import Shared, SharedSimulation, SharedValkey

from benchmarks.own_valkey import OwnValkey


@pytest.fixture(scope="session")
def valkey() -> Iterator[OwnValkey]:
    """A Valkey server for tests that do not stop it."""
    server = OwnValkey()
    yield server
    server.stop()


@pytest.fixture
def mortal_valkey() -> Iterator[OwnValkey]:
    """A Valkey server of the test's own."""
    server = OwnValkey()
    yield server
    server.stop()


@pytest.fixture
def organisation() -> str:
    """An organisation that shares nothing with those of other tests."""
    return secrets.token_hex(8)


@pytest.fixture(params=["valkey", "simulated"])
async def shared(request: pytest.FixtureRequest, organisation: str) -> AsyncIterator[Shared]:
    """A real or a simulated store."""
    shared: Shared
    if request.param == "valkey":
        shared = SharedValkey(request.getfixturevalue("valkey"), organisation)
    else:
        shared = SharedSimulation()
    yield shared
    await shared.close()
