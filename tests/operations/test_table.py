"""The table of operations, and the command that prints it."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from operator import attrgetter
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.operations import DOCUMENTED_RATES, OPERATIONS, Operation
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.transport.retry import RULES

COLUMNS = {"operation_id", "method", "path", "call", "bucket", "idempotency", "deprecated", "spec"}
every_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


@cache
def printed(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "edgegap_async.operations", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    ran = printed("--json")
    assert ran.returncode == 0, ran.stderr
    assert ran.stderr == ""
    return json.loads(ran.stdout)  # type: ignore[no-any-return]


def test_json_lists_every_operation_with_every_column(rows: list[dict[str, Any]]) -> None:
    assert [row["operation_id"] for row in rows] == list(OPERATIONS)
    assert all(set(row) == COLUMNS for row in rows)
    for row in rows:
        operation = OPERATIONS[row["operation_id"]]
        assert row == {column: getattr(operation, column) for column in COLUMNS}


def test_the_default_output_is_a_line_for_each_operation() -> None:
    ran = printed()
    assert (ran.returncode, ran.stderr) == (0, "")
    lines = ran.stdout.splitlines()
    assert len(lines) == len(OPERATIONS)
    for line, operation in zip(lines, OPERATIONS.values(), strict=True):
        assert operation.call in line
        assert operation.path in line
        assert ("deprecated" in line) == operation.deprecated


@every_operation
def test_the_call_of_an_operation_is_a_method_of_the_client(operation: Operation) -> None:
    assert callable(attrgetter(operation.call)(EdgegapClient("abc")))


def test_every_service_method_is_an_operation_or_a_combined_one() -> None:
    combined = {
        "deployments.deploy",
        "private_fleets.deploy",
        "deployments.deploy_many",
        "deployments.release",
        "deployments.stop_in_background",
        "deployments.wait_until_stopped",
        "deployments.watch",
        "deployments.running",
        "deployments.wait_until_ready",
        "relays.running",
        "relays.wait_until_ready",
        "versions.wait_until_cached",
        "sessions.running",
        "sessions.wait_until_ready",
        "telemetry.best_deployment",
        "telemetry.wait_for_result",
        "lobbies.wait_until_ready",
    }
    calls = {operation.call for operation in OPERATIONS.values()}
    found: set[str] = set()

    def collect(owner: object, prefix: str) -> None:
        for name in dir(owner):
            if name.startswith("_"):
                continue
            part = getattr(owner, name)
            if isinstance(part, Service):
                collect(part, f"{prefix}{name}.")
            elif callable(part) and isinstance(owner, Service):
                found.add(prefix + name)

    collect(EdgegapClient("abc"), "")
    assert found - combined == calls


def test_the_documented_rates_are_read_only() -> None:
    assert DOCUMENTED_RATES == {"deploy": 40, "status": 20, "list": 10, "hosts": 10}
    with pytest.raises(TypeError):
        DOCUMENTED_RATES["deploy"] = 4000  # type: ignore[index]


def test_each_documented_rate_limits_the_documented_paths() -> None:
    limited: dict[str, set[str]] = {}
    for operation in OPERATIONS.values():
        limited.setdefault(operation.bucket, set()).add(operation.path)
    assert limited["deploy"] == {"/v1/deploy", "/v2/deployments", "/v2/private-fleets/deployments"}
    assert limited["status"] == {"/v1/status/{deployment_id}"}
    assert limited["list"] == {"/v1/deployments"}
    assert limited["hosts"] == {"/v2/private-fleets/{fleet-name}/hosts"}


def test_what_ends_something_that_is_billed_has_a_bucket_of_its_own() -> None:
    assert {operation.call for operation in OPERATIONS.values() if operation.bucket == "stop"} == {
        "deployments.stop",
        "deployments.bulk_stop",
        "deployments.self_stop",
        "relays.delete",
        "sessions.delete",
    }


@every_operation
def test_the_row_of_an_operation_is_consistent(operation: Operation) -> None:
    expected = {"GET": {"safe"}, "PUT": {"idempotent"}, "DELETE": {"idempotent"}, "PATCH": {"unsafe"}}
    is_lookup = operation.path.endswith("/lookup")  # a POST that changes nothing
    assert operation.idempotency in expected.get(operation.method, {"safe"} if is_lookup else {"unsafe", "create"})
    assert (operation.idempotency == "create") == (operation.bucket == "deploy")
    assert operation.idempotency in RULES
    assert operation.path.startswith(f"/{operation.spec[:2]}/") or operation.path == "/monitor"
    if operation.items_key is not None:
        assert operation.call.endswith((".list", ".hosts", ".list_tags"))
    assert operation.nested in {None, *operation.parameters}
    assert operation.path.count("{") == len(operation.parameters) == operation.path.count("}")


def test_no_two_operations_share_an_endpoint_or_a_call() -> None:
    assert len({(it.method, it.path) for it in OPERATIONS.values()}) == len(OPERATIONS)
    assert len({it.call for it in OPERATIONS.values()}) == len(OPERATIONS)


async def test_lists_send_nothing_before_they_are_iterated(edgegap: EdgegapClient) -> None:
    assert isinstance(edgegap.deployments.list(), PageStream)
    assert edgegap.stats().requests == 0
