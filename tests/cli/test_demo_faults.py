"""The demo on a service with faults: all servers are stopped, and the errors are reported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from edgegap_async import GuardPolicy
from edgegap_async.cli.demo.match_server import MatchServer
from edgegap_async.cli.demo.matches import generate_matches
from edgegap_async.cli.demo.runner import DemoPlan, DemoRunner
from edgegap_async.cli.demo.summary import DemoSummary
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.simulator import LocalEdgegap


class SilentReporter:
    """A reporter that shows nothing."""

    def started(self, service: str, servers: Sequence[MatchServer]) -> None: ...
    def updated(self, server: MatchServer) -> None: ...
    def stopping(self) -> None: ...
    def still_stopping(self) -> None: ...
    def finished(self, summary: DemoSummary) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(time_to_ready=(0, 0)) as local:
        yield local


async def run_demo(local: LocalEdgegap, **settings: Any) -> DemoSummary:
    plan = DemoPlan(application="kart", version="v1.2", matches=generate_matches(3, 1), timeout=10)
    with Interrupts() as interrupts:
        runner = DemoRunner(plan, SilentReporter(), interrupts)
        return await runner.run(local.client(on_event=runner.count_stop, **settings), "here")


@pytest.mark.parametrize("fault", ["errored", "unprocessable"])
async def test_a_deployment_that_fails_is_stopped_and_does_not_end_the_others(local: LocalEdgegap, fault: str) -> None:
    local.faults.add("v2-deployment-create", fault, times=1)
    summary = await run_demo(local)
    assert (summary.ready, summary.stopped, len(local.deployments)) == (2, 3, 0)
    assert not summary.succeeded
    assert [line.partition(":")[0] for line in summary.problems] == ["1 of 3 servers not ready", "match 1"]


async def test_a_server_whose_create_response_was_lost_is_stopped(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "drop_after_commit", times=1)
    summary = await run_demo(local)
    assert len(local.deployments) == 0
    assert summary.stopped == len(local.history)


async def test_a_server_of_a_failed_create_is_stopped_before_the_demo_ends() -> None:
    policy = GuardPolicy(settle_seconds=0.1, max_settle_seconds=0.1, watch_seconds=2, max_attempts=1)
    # the list shows the server only after the client has given up the creation
    async with LocalEdgegap(time_to_ready=(0, 0), list_lag=0.6) as local:
        local.faults.add("v2-deployment-create", "drop_after_commit", times=1)
        summary = await run_demo(local, guard=policy)
        assert not summary.succeeded
        assert len(local.deployments) == 0
        assert summary.stopped == len(local.history)
        assert summary.may_still_run == ()


async def test_a_stop_that_fails_is_reported_with_the_servers_that_may_still_run(local: LocalEdgegap) -> None:
    local.faults.add("deployment-delete", "status", code=400, times=1)
    summary = await run_demo(local)
    (running,) = local.deployments
    assert summary.may_still_run == (running.request_id,)
    assert summary.outcome == "stopped 2 servers, 1 may still run"
    assert any(running.request_id in line and "may still run" in line for line in summary.problems)


async def test_a_cleanup_of_the_client_that_fails_is_reported(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "unprocessable", times=1)
    local.faults.add("deployment-delete", "status", code=403, times=None)
    summary = await run_demo(local)
    assert sorted(summary.may_still_run) == sorted(deployment.request_id for deployment in local.deployments)
    assert not summary.succeeded


async def test_an_error_of_all_servers_is_reported_once(local: LocalEdgegap) -> None:
    local.faults.add("*", "status", code=403, times=None)
    summary = await run_demo(local)
    assert summary.outcome == "nothing was started"
    (line,) = summary.problems
    assert line.startswith("v2-deployment-create ")
    assert "403" in line
