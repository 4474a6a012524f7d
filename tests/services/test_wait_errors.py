"""Waits that are not about deployments raise WaitFailed, WaitTerminated and WaitTimeout, with kind and id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import DeadlineExceeded, DeploymentError, WaitError, WaitFailed, WaitTerminated, WaitTimeout
from edgegap_async.simulator import LocalEdgegap


@attrs.frozen
class WaitCase:
    """Something that can be waited for: the status operation, a wait for it, and what its errors carry."""

    operation_id: str
    wait: Callable[[EdgegapClient], Awaitable[object]]
    kind: str
    id: str
    pending: dict[str, Any]
    failed: dict[str, Any] | None = None
    is_terminated_if_unknown: bool = True


WAIT_CASES = {
    "session": WaitCase(
        "get-session",
        lambda e: e.sessions.wait_until_ready("a1b2c3-S", timeout=20),
        kind="session",
        id="a1b2c3-S",
        pending={"session_id": "a1b2c3-S", "status": "Seeking"},
        failed={"session_id": "a1b2c3-S", "status": "Error", "error": "out of memory"},
    ),
    "relay session": WaitCase(
        "relay-session-get",
        lambda e: e.relays.wait_until_ready("a1b2c3-S", timeout=20),
        kind="relay session",
        id="a1b2c3-S",
        pending={"session_id": "a1b2c3-S", "status": "Initializing"},
        failed={"session_id": "a1b2c3-S", "status": "Error", "error": "out of memory"},
    ),
    "lobby": WaitCase(
        "lobby-Get",
        lambda e: e.lobbies.wait_until_ready("plaza", timeout=20),
        kind="lobby",
        id="plaza",
        pending={"name": "plaza", "status": "DEPLOYING"},
        failed={"name": "plaza", "status": "ERROR"},
    ),
    "telemetry": WaitCase(
        "active-deployment-telemetry-get",
        lambda e: e.telemetry.wait_for_result("key-1", timeout=20),
        kind="telemetry result",
        id="key-1",
        pending={"retrieval_key": "key-1", "partial_result": True},
    ),
    "version cache": WaitCase(
        "app-version-get",
        lambda e: e.versions.wait_until_cached("kart", "v1", timeout=20),
        kind="version cache",
        id="kart/v1",
        pending={
            "name": "v1",
            "docker_repository": "registry.studio.example",
            "docker_image": "studio/kart",
            "docker_tag": "1",
            "force_cache": True,
        },
        is_terminated_if_unknown=False,
    ),
}
FAILING = [name for name, case in WAIT_CASES.items() if case.failed is not None]
UNKNOWN = [name for name, case in WAIT_CASES.items() if case.is_terminated_if_unknown]


async def raised(
    local: LocalEdgegap, case: WaitCase, error: type[WaitError], *, code: int, body: dict[str, Any]
) -> WaitError:
    """Wait while the service gives one response; return the error."""
    local.faults.add(case.operation_id, "status", times=None, code=code, body=body)
    async with local.client() as edgegap:
        with pytest.raises(error) as caught:
            await case.wait(edgegap)
    assert caught.value.kind == case.kind
    assert caught.value.id == case.id
    assert f"{caught.value.kind} {caught.value.id} " in str(caught.value)
    assert not isinstance(caught.value, DeploymentError)
    assert not hasattr(caught.value, "request_id")
    return caught.value


@pytest.mark.looptime
@pytest.mark.parametrize("name", WAIT_CASES)
async def test_a_wait_that_takes_too_long_raises_wait_timeout(local: LocalEdgegap, name: str) -> None:
    error = await raised(local, WAIT_CASES[name], WaitTimeout, code=200, body=WAIT_CASES[name].pending)
    assert isinstance(error, DeadlineExceeded)
    assert isinstance(error, TimeoutError)
    assert "was not ready within 20 s" in str(error)


@pytest.mark.looptime
@pytest.mark.parametrize("name", FAILING)
async def test_a_wait_for_what_is_in_error_raises_wait_failed(local: LocalEdgegap, name: str) -> None:
    failed = WAIT_CASES[name].failed or {}
    error = await raised(local, WAIT_CASES[name], WaitFailed, code=200, body=failed)
    assert error.last_state == "ERROR"
    assert error.reason == failed.get("error")
    assert "It still exists" in str(error)


@pytest.mark.looptime
@pytest.mark.parametrize("name", UNKNOWN)
async def test_a_wait_for_what_is_unknown_raises_wait_terminated(local: LocalEdgegap, name: str) -> None:
    error = await raised(local, WAIT_CASES[name], WaitTerminated, code=404, body={"message": "no"})
    assert error.last_state is None
    assert "is terminated: the service does not know it" in str(error)
    assert not isinstance(error, TimeoutError)
