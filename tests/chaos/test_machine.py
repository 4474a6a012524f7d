"""A state machine of deploys, waits, stops, faults and cancellations in any order: only owned servers run."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import looptime
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edgegap_async import GuardPolicy
from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
FAULTS = st.sampled_from(
    [
        ("v2-deployment-create", "drop_after_commit", {}),
        ("v2-deployment-create", "truncate", {}),
        ("v2-deployment-create", "stall", {}),
        ("v2-deployment-create", "reset", {}),
        ("v2-deployment-create", "status", {"code": 503}),
        ("v2-deployment-create", "status", {"code": 500, "after_commit": True}),
        ("v2-deployment-create", "delay", {"seconds": 3}),
        ("v2-deployment-create", "errored", {}),
        ("v2-deployment-create", "unprocessable", {}),
        ("v2-deployment-create", "rate_limited", {"retry_after": 1}),
        ("deployment-list", "status", {"code": 503}),
        ("deployment-list", "reset", {}),
        ("deployment-get", "reset", {}),
        ("deployment-get", "status", {"code": 502}),
        ("deployment-delete", "drop_after_commit", {}),
        ("deployment-delete", "status", {"code": 500}),
    ]
)


class Matchmaker(RuleBasedStateMachine):
    """One client on a local Edgegap, in virtual time.

    ``work`` holds the calls in progress, ``owned`` the ids of the servers that calls returned and that were not
    stopped since.
    """

    def __init__(self) -> None:
        super().__init__()
        self.loop = looptime.new_event_loop(start=0, _enabled=True)
        self.local = LocalEdgegap(seed=1, time_to_ready=(1, 3), list_lag=0.5)
        self.work: list[asyncio.Task[str]] = []
        self.owned: set[str] = set()
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        await self.local.__aenter__()
        self.edgegap = self.local.client(guard=GuardPolicy(settle_seconds=2, watch_seconds=6))
        await self.edgegap.__aenter__()

    def run(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        for task in [task for task in self.work if task.done()]:
            self.work.remove(task)
            with suppress(EdgegapError, asyncio.CancelledError):
                self.owned.add(task.result())

    # actions

    @rule(fault=FAULTS, times=st.sampled_from([1, 1, 2, 20]))
    def add_fault(self, fault: tuple[str, str, dict[str, Any]], times: int) -> None:
        operation_id, kind, options = fault
        self.local.faults.add(operation_id, kind, times=times, **options)

    @precondition(lambda self: len(self.work) < 6)
    @rule(attempts=st.integers(1, 2), timeout=st.sampled_from([2.0, 30.0]))
    def start_deploy(self, attempts: int, timeout: float) -> None:
        async def deploy() -> str:
            options: Any = {"attempts": attempts, "timeout": timeout}
            return (await self.edgegap.deployments.deploy("kart", "v1", users=USERS, **options)).request_id

        self.work.append(self.loop.create_task(deploy()))

    @precondition(lambda self: len(self.work) < 6)
    @rule()
    def start_create(self) -> None:
        async def create() -> str:
            return (await self.edgegap.deployments.create("kart", "v1", users=USERS, timeout=30)).request_id

        self.work.append(self.loop.create_task(create()))

    @precondition(lambda self: len(self.work) < 6)
    @rule(seconds=st.floats(0, 5))
    def start_running(self, seconds: float) -> None:
        async def run() -> str:
            async with self.edgegap.deployments.running("kart", "v1", users=USERS, timeout=30):
                await asyncio.sleep(seconds)
            raise asyncio.CancelledError  # the server is stopped: the call returns none

        self.work.append(self.loop.create_task(run()))

    @precondition(lambda self: self.work)
    @rule(which=st.integers(0, 5))
    def cancel_a_call(self, which: int) -> None:
        self.work[which % len(self.work)].cancel()
        self.run(0)

    @precondition(lambda self: self.owned)
    @rule(data=st.data())
    def stop_a_server(self, data: st.DataObject) -> None:
        request_id = data.draw(st.sampled_from(sorted(self.owned)))
        self.owned.remove(request_id)

        with suppress(EdgegapError):
            self.loop.run_until_complete(self.edgegap.deployments.stop(request_id))
            return
        self.owned.add(request_id)

    @rule(seconds=st.sampled_from([0.0, 0.05, 0.3, 1.0, 2.5, 7.0]))
    def let_time_pass(self, seconds: float) -> None:
        self.run(seconds)

    @rule()
    def let_everything_finish(self) -> None:
        """After two minutes without faults, exactly the owned servers run."""
        self.local.faults.clear()
        self.run(120)
        assert not self.work
        assert {each.request_id for each in self.local.deployments} == self.owned

    # invariants

    @invariant()
    def owned_servers_run(self) -> None:
        assert self.owned <= {each.request_id for each in self.local.deployments}

    @invariant()
    def each_owned_server_is_of_another_creation(self) -> None:
        tags = [tag for id in self.owned for tag in self.local.deployments[id].tags if GuardTag.parse(tag)]
        assert len(tags) == len(set(tags)) == len(self.owned)

    def teardown(self) -> None:
        try:
            self.local.faults.clear()
            for task in self.work:
                task.cancel()
            self.run(0)
            self.loop.run_until_complete(self._close())
            assert {each.request_id for each in self.local.deployments} == self.owned
        finally:
            self.loop.run_until_complete(self.local.__aexit__(None, None, None))
            self.loop.close()

    async def _close(self) -> None:
        await self.edgegap.aclose()
        assert not [
            task for task in asyncio.all_tasks() if task.get_name().startswith(("create", "stop", "look", "undo"))
        ]


TestMatchmaker = Matchmaker.TestCase
TestMatchmaker.settings = settings(
    max_examples=60, stateful_step_count=25, suppress_health_check=[HealthCheck.too_slow], deadline=None
)
