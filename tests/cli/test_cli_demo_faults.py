"""The demo when something goes wrong: nothing is left running, and what went wrong is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from edgegap_async.cli.demo import Demo, Plan
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.cli.matches import matches
from edgegap_async.cli.progress import MatchServer, Summary
from edgegap_async.simulator import LocalEdgegap


class Silent:
    """A reporter that says nothing."""

    def began(self, where: str, servers: Sequence[MatchServer]) -> None: ...
    def changed(self, server: MatchServer) -> None: ...
    def stopping(self) -> None: ...
    def patience(self) -> None: ...
    def ended(self, summary: Summary) -> None: ...
    def close(self) -> None: ...


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(time_to_ready=(0, 0)) as local:
        yield local


async def play(local: LocalEdgegap, **settings: Any) -> Summary:
    plan = Plan(application="kart", version="v1.2", matches=matches(3, 1), timeout=10)
    with Interrupts() as interrupts:
        async with local.client(**settings) as edgegap:
            return await Demo(edgegap, plan, Silent(), interrupts).run("here")


@pytest.mark.parametrize("fault", ["errored", "unprocessable"])
async def test_a_deployment_that_fails_is_stopped_and_does_not_end_the_others(local: LocalEdgegap, fault: str) -> None:
    local.faults.add("v2-deployment-create", fault, times=1)
    summary = await play(local)
    assert (summary.ready, summary.stopped, len(local.deployments)) == (2, 3, 0)
    assert not summary.succeeded
    assert [line.partition(":")[0] for line in summary.complaints] == ["1 of 3 servers not ready", "match 1"]


async def test_a_create_whose_answer_is_lost_is_found_by_its_tag_and_stopped(local: LocalEdgegap) -> None:
    local.faults.add("v2-deployment-create", "drop_after_commit", times=1)
    summary = await play(local)
    assert len(local.deployments) == 0
    assert summary.stopped == len(local.history)


async def test_a_stop_that_fails_is_told_with_the_servers_that_may_still_run(local: LocalEdgegap) -> None:
    local.faults.add("deployment-delete", "status", code=400, times=1)
    summary = await play(local)
    (left,) = local.deployments
    assert summary.left == (left.request_id,)
    assert summary.outcome == "stopped 2 servers, 1 may still run"
    assert any(left.request_id in line and "may still run" in line for line in summary.complaints)


async def test_an_error_of_all_of_them_is_told_once(local: LocalEdgegap) -> None:
    local.faults.add("*", "status", code=403, times=None)
    summary = await play(local)
    assert summary.outcome == "nothing was started"
    (line,) = summary.complaints
    assert line.startswith("v2-deployment-create answered 403")
