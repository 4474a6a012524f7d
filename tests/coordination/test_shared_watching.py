"""The leader polls for all processes; the others poll every ten seconds, and as usual while they are alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from edgegap_async.coordination.messages import (
    AnyMessage,
    Joined,
    PollFailed,
    Polling,
    ReadyAfter,
    SnapshotShown,
    Watch,
    WatchesChanged,
    encode,
)
from edgegap_async.coordination.shared_watching import SharedWatching
from edgegap_async.coordination.snapshots import snapshot_message
from edgegap_async.errors import AuthenticationError, DecodeError, EdgegapError, NotFound, ServerError
from edgegap_async.models.deployments import Deployment, DeploymentSnapshot
from edgegap_async.models.states import State
from edgegap_async.waiting.intervals import PollInterval
from edgegap_async.waiting.subscriptions import Subscription, WatchEntry
from edgegap_async.waiting.watcher import Watcher

OFFSET = 1.8e9
"""The time of the store's clock minus that of the event loop's."""


def now() -> float:
    return asyncio.get_running_loop().time()


def shown(id: str, state: str) -> Deployment:
    return Deployment(request_id=id, current_status=State(state))


class Probe:
    """Shows the states that a test sets, and records the polls."""

    def __init__(self) -> None:
        self.states: dict[str, str | EdgegapError] = {}
        self.polls: list[tuple[str, float]] = []

    async def poll(self, entry: WatchEntry[DeploymentSnapshot]) -> DeploymentSnapshot:
        self.polls.append((entry.id, now()))
        await asyncio.sleep(0.01)
        state = self.states.get(entry.id, "DEPLOYING")
        if isinstance(state, EdgegapError):
            raise state
        return shown(entry.id, state)

    def times(self, id: str, since: float = 0.0) -> list[float]:
        return [at - since for polled, at in self.polls if polled == id and at >= since]


class FakeOutbox:
    """Records what is sent."""

    member = "me"

    def __init__(self) -> None:
        self.sent: list[AnyMessage] = []
        self.watches: list[tuple[str, Watch | None]] = []

    def send(self, message: AnyMessage, *, within: float = 0.0) -> None:
        self.sent.append(message)

    def watch(self, id: str, watch: Watch | None) -> None:
        self.watches.append((id, watch))


class Process:
    """A watcher, what it is joined with, and a task for each wait."""

    def __init__(self) -> None:
        self.probe = Probe()
        self.outbox = FakeOutbox()
        interval = PollInterval(first=0.1, shortest=0.5, growth=0.0, longest=0.5)
        self.watcher: Watcher[DeploymentSnapshot] = Watcher("deployment", self.probe, interval=interval)
        self.sharing = SharedWatching(self.watcher, self.outbox, lambda at: at + OFFSET)  # type: ignore[arg-type]
        self.received: dict[str, list[object]] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def wait_for(self, id: str) -> None:
        """Wait for a deployment in the background."""
        self.received[id] = []
        self.tasks[id] = asyncio.create_task(self._receive(id))
        await asyncio.sleep(0)

    async def _receive(self, id: str) -> None:
        with self.watcher.subscribe(id, {"request_id": id}) as subscription:
            await self._collect(id, subscription)

    async def _collect(self, id: str, subscription: Subscription[DeploymentSnapshot]) -> None:
        while True:
            try:
                self.received[id].append((await subscription.next()).state)
            except EdgegapError as error:
                self.received[id].append(type(error))

    async def end(self, id: str) -> None:
        task = self.tasks.pop(id)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def sent(self, kind: type[Any]) -> list[Any]:
        return [each for each in self.outbox.sent if isinstance(each, kind)]

    def lead(self, term: int) -> None:
        self.sharing.term = term
        self.sharing.lead()

    def register(self, id: str, member: str = "other", watch: Watch | None = None) -> None:
        """Another process waits for something."""
        self.sharing.on_message(WatchesChanged(sender=member, watches={id: watch or described(id)}))

    def remove(self, id: str, member: str = "other") -> None:
        self.sharing.on_message(WatchesChanged(sender=member, watches={id: None}))


def described(id: str, **fields: Any) -> Watch:
    return Watch(
        fields.get("requested_at", OFFSET + now()),
        fields.get("version"),
        fields.get("has_webhook", False),
    )


@asynccontextmanager
async def process() -> AsyncIterator[Process]:
    found = Process()
    yield found
    for id in [*found.tasks]:
        await found.end(id)
    await found.watcher.close()


def from_leader(id: str, state: str, term: int = 5) -> SnapshotShown:
    return snapshot_message(id, term, shown(id, state))


@pytest.mark.looptime
async def test_a_process_polls_as_usual_until_it_follows_and_sends_nothing() -> None:
    async with process() as own:
        await own.wait_for("a")
        await asyncio.sleep(2.2)
        assert len(own.probe.times("a")) == 5
        assert (own.outbox.sent, own.outbox.watches) == ([], [])
        own.register("b")
        assert own.watcher.entry("b") is None


@pytest.mark.looptime
async def test_a_follower_registers_what_it_waits_for_and_polls_it_every_ten_seconds() -> None:
    async with process() as own:
        await own.wait_for("before")
        await asyncio.sleep(2)
        own.sharing.follow()
        own.watcher.on_requested("after", ("kart", "v1"), has_webhook=True)
        requested_at = now()
        await asyncio.sleep(1)
        await own.wait_for("after")
        followed = now()
        await asyncio.sleep(31)
        assert [id for id, _ in own.outbox.watches] == ["before", "after"]
        assert own.outbox.watches[1][1] == Watch(pytest.approx(OFFSET + requested_at), ("kart", "v1"), has_webhook=True)
        assert own.probe.times("after", followed) == pytest.approx([10, 20, 30], abs=0.1)
        assert len(own.probe.times("before", followed)) <= 4
        await own.end("after")
        assert own.outbox.watches[2:] == [("after", None)]


@pytest.mark.looptime
async def test_a_follower_receives_what_the_leader_polls() -> None:
    async with process() as own:
        own.sharing.follow()
        await own.wait_for("a")
        own.sharing.on_message(from_leader("a", "SCANNING"))
        await asyncio.sleep(0.01)
        own.sharing.on_message(from_leader("other", "SCANNING"))
        own.sharing.on_message(from_leader("a", "ERROR"))
        await asyncio.sleep(0.01)
        assert own.received["a"] == ["SCANNING", "ERROR"]
        assert own.probe.polls == []


@pytest.mark.looptime
async def test_a_message_of_a_former_leader_is_ignored() -> None:
    async with process() as own:
        own.sharing.follow()
        await own.wait_for("a")
        own.sharing.term = 6
        own.sharing.on_message(from_leader("a", "TERMINATED", term=5))
        own.sharing.on_message(PollFailed(sender="old", id="a", term=5))
        await asyncio.sleep(1)
        assert (own.received["a"], own.probe.polls) == ([], [])
        own.sharing.on_message(from_leader("a", "SCANNING", term=6))
        await asyncio.sleep(0.01)
        assert own.received["a"] == ["SCANNING"]


@pytest.mark.looptime
async def test_a_leader_ignores_what_others_poll() -> None:
    async with process() as own:
        own.lead(5)
        await own.wait_for("a")
        own.sharing.on_message(from_leader("a", "TERMINATED"))
        await asyncio.sleep(0.05)
        assert own.received["a"] == ["DEPLOYING"], "its own poll"


@pytest.mark.looptime
async def test_a_leader_polls_what_others_wait_for_and_relays_each_change_once() -> None:
    async with process() as own:
        own.lead(5)
        own.register("a")
        began = now()
        for state in ("DEPLOYING", "SCANNING", "ERROR"):
            own.probe.states["a"] = state
            await asyncio.sleep(2)
        assert len(own.probe.times("a", began)) >= 10
        relayed = own.sent(SnapshotShown)
        assert [each.fields["current_status"] for each in relayed] == ["DEPLOYING", "SCANNING", "ERROR"]
        assert {(each.id, each.term) for each in relayed} == {("a", 5)}
        own.remove("a")
        before = len(own.probe.polls)
        await asyncio.sleep(2)
        assert len(own.probe.polls) == before
        assert own.watcher.entry("a") is None


@pytest.mark.looptime
async def test_a_leader_whose_polls_fail_does_not_say_that_it_polls() -> None:
    async with process() as own:
        own.probe.states["a"] = ServerError(503, "later")
        own.lead(5)
        own.register("a")
        for _ in range(25):
            await asyncio.sleep(0.4)
            own.sharing.on_heartbeat()
        assert own.probe.polls
        assert not own.sent(Polling)


@pytest.mark.looptime
async def test_a_leader_says_that_it_polls_although_nothing_changes() -> None:
    async with process() as own:
        own.lead(5)
        own.register("a")
        for _ in range(25):
            await asyncio.sleep(0.4)
            own.sharing.on_heartbeat()
        assert 4 <= len(own.sent(Polling)) <= 5
        own.probe.states["a"] = ServerError(503, "later")
        await asyncio.sleep(2.5)
        own.sharing.on_heartbeat()
        own.outbox.sent.clear()
        for _ in range(10):
            await asyncio.sleep(0.4)
            own.sharing.on_heartbeat()
        assert not own.sent(Polling), "its polls fail"


@pytest.mark.looptime
@pytest.mark.parametrize(("term", "polls"), [(5, []), (4, [10.0, 20.0, 30.0])])
async def test_a_follower_does_not_poll_while_it_receives_something_from_the_leader(
    term: int, polls: list[float]
) -> None:
    async with process() as own:
        own.sharing.term = 5
        own.sharing.follow()
        began = now()
        await own.wait_for("a")
        for _ in range(7):
            await asyncio.sleep(5)
            own.sharing.on_message(Polling(sender="other", term=term))
        assert own.probe.times("a", began) == pytest.approx(polls, abs=0.2)


@pytest.mark.looptime
async def test_a_process_that_comes_later_is_shown_the_latest_state() -> None:
    async with process() as own:
        own.lead(5)
        await own.wait_for("a")
        own.register("a", "first")
        await asyncio.sleep(1)
        own.register("a", "second")
        own.register("a", "second")  # it was away, and may have missed what was shown
        assert [each.fields["current_status"] for each in own.sent(SnapshotShown)] == ["DEPLOYING"] * 3
        own.remove("a", "first")
        own.probe.states["a"] = "SCANNING"
        await asyncio.sleep(1)
        assert len(own.sent(SnapshotShown)) == 4
        own.remove("a", "second")
        own.probe.states["a"] = "ERROR"
        await asyncio.sleep(1)
        assert len(own.sent(SnapshotShown)) == 4
        assert [*dict.fromkeys(own.received["a"])] == ["DEPLOYING", "SCANNING", "ERROR"], (
            "the leader waits for it itself"
        )


@pytest.mark.looptime
async def test_a_terminated_deployment_is_polled_no_more() -> None:
    async with process() as own:
        own.lead(5)
        own.probe.states["a"] = "TERMINATED"
        own.register("a")
        await asyncio.sleep(5)
        assert len(own.probe.polls) == 1
        assert [each.fields["current_status"] for each in own.sent(SnapshotShown)] == ["TERMINATED"]
        assert own.watcher.entry("a") is None


@pytest.mark.looptime
@pytest.mark.parametrize(
    "error",
    [NotFound(404, "unknown"), AuthenticationError(401, "no"), DecodeError("not JSON", operation="deployment-get")],
    ids=lambda error: type(error).__name__,
)
async def test_a_permanent_error_is_handled_by_the_process_that_waits(error: EdgegapError) -> None:
    async with process() as leader, process() as follower:
        leader.lead(5)
        leader.probe.states["a"] = follower.probe.states["a"] = error
        leader.register("a")
        await asyncio.sleep(3)
        assert len(leader.probe.polls) == 1
        assert leader.outbox.sent == [PollFailed(id="a", term=5)]
        follower.sharing.follow()
        await follower.wait_for("a")
        follower.sharing.on_message(leader.outbox.sent[0])
        await asyncio.sleep(2.2)
        assert follower.received["a"] == [type(error)] * 5, "it polls as if it were alone"


@pytest.mark.looptime
async def test_a_transient_error_is_not_relayed() -> None:
    async with process() as own:
        own.lead(5)
        own.probe.states["a"] = ServerError(503, "later")
        own.register("a")
        await asyncio.sleep(3)
        assert len(own.probe.polls) >= 5
        assert own.outbox.sent == []


@pytest.mark.looptime
async def test_a_process_that_is_alone_again_polls_everything_and_nothing_for_others() -> None:
    async with process() as own:
        own.lead(5)
        own.register("remote")
        own.sharing.disconnect()
        assert own.watcher.entry("remote") is None
        own.sharing.follow()
        await own.wait_for("a")
        own.sharing.disconnect()
        lost = now()
        await asyncio.sleep(2)
        assert own.probe.times("a", lost)[0] <= 0.1
        assert len(own.probe.times("a", lost)) >= 4
        await own.end("a")
        assert [watch for _, watch in own.outbox.watches if watch is None] == []
        own.sharing.follow()
        assert own.outbox.watches[-1] == ("a", None), "the store still had it"


@pytest.mark.looptime
async def test_a_process_that_takes_over_polls_everything_and_removes_its_registrations() -> None:
    async with process() as own:
        own.sharing.follow()
        await own.wait_for("own")
        await asyncio.sleep(1)
        own.outbox.watches.clear()
        own.lead(6)
        await own.sharing.load({"other": {"remote": encode(described("remote"))}}, as_of=now())
        took_over = now()
        await asyncio.sleep(1)
        assert own.outbox.watches == [("own", None)]
        assert own.probe.times("own", took_over)[0] <= 0.1
        assert own.probe.times("remote", took_over)[0] <= 0.1
        assert {(each.id, each.term) for each in own.sent(SnapshotShown)} == {("remote", 6)}
        await own.end("own")
        assert own.outbox.watches == [("own", None)], "it is not registered any more"


@pytest.mark.looptime
async def test_a_leader_that_is_replaced_registers_what_it_waits_for_and_polls_nothing_for_others() -> None:
    async with process() as own:
        own.lead(5)
        await own.wait_for("own")
        own.register("remote")
        own.sharing.follow()
        assert own.watcher.entry("remote") is None
        assert [(id, watch is None) for id, watch in own.outbox.watches] == [("own", False)]
        own.register("later")
        assert own.watcher.entry("later") is None


@pytest.mark.looptime
async def test_what_members_that_left_waited_for_is_polled_no_more() -> None:
    async with process() as own:
        own.lead(5)
        own.register("a", "left")
        own.register("b", "left")
        own.register("b", "stays")
        await asyncio.sleep(1)
        as_of = now()
        await asyncio.sleep(0.1)
        own.register("new", "joined")
        await own.sharing.load({"stays": {"b": encode(described("b"))}}, as_of=as_of)
        assert sorted(entry.id for entry in own.watcher.entries()) == ["b", "new"], "new came while it was loaded"
        own.remove("b", "stays")
        assert own.watcher.entry("b") is None, "the member that left is not counted"


@pytest.mark.looptime
async def test_a_registration_says_when_it_was_requested() -> None:
    async with process() as own:
        await asyncio.sleep(100)
        own.lead(5)
        own.register("a", watch=described("a", requested_at=OFFSET + now() - 20, version=("kart", "v1")))
        own.register("b", watch=described("b", requested_at=OFFSET + now() + 20, has_webhook=True))
        first, second = (own.watcher.entry(id) for id in "ab")
        assert first is not None
        assert second is not None
        assert first.request.requested_at == pytest.approx(now() - 20)
        assert (first.request.version, first.request.has_webhook) == (("kart", "v1"), False)
        assert second.request.requested_at == now(), "a clock that is ahead"
        assert second.request.has_webhook


@pytest.mark.looptime
async def test_how_long_versions_take_is_shared() -> None:
    async with process() as own:
        own.sharing.on_measured(("kart", "v1"), 3.0)
        assert own.outbox.sent == []
        own.lead(5)
        own.sharing.on_measured(("kart", "v1"), 3.0)
        assert own.outbox.sent == [ReadyAfter(version=("kart", "v1"), seconds=[3.0])]
        own.sharing.on_message(ReadyAfter(sender="other", version=("kart", "v2"), seconds=[4.0, 5.0]))
        own.outbox.sent.clear()
        own.sharing.on_message(Joined(sender="new"))
        assert own.outbox.sent == [ReadyAfter(to="new", version=("kart", "v2"), seconds=[4.0, 5.0])]
        own.sharing.follow()
        own.outbox.sent.clear()
        own.sharing.on_message(Joined(sender="new"))
        assert own.outbox.sent == []
