"""What a snapshot means for a wait: its errors and their attributes, and the states that are tolerated for a while."""

from __future__ import annotations

import attrs
import pytest

from edgegap_async.errors import (
    DeploymentFailed,
    DeploymentTerminated,
    NotFound,
    ReadyTimeout,
    ServerError,
    WaitError,
    WaitFailed,
    WaitTerminated,
    WaitTimeout,
)
from edgegap_async.models.states import Progress, State
from edgegap_async.waiting.conditions import DEPLOYMENT, OWN_DEPLOYMENT, WaitState, WaitTarget

LOBBY = WaitTarget(kind="lobby", incomplete_hint="check it", failed_hint="Delete it", timeout_hint="Wait longer")
MISSING = NotFound(404, "no such lobby", {}, "lobby-get")
UNAVAILABLE = ServerError(503, "later", {}, "lobby-get")


@attrs.frozen
class Seen:
    """A snapshot."""

    progress: Progress
    state: State | None = State.DEPLOYING
    reason: str | None = None


def wait_for(target: WaitTarget = LOBBY) -> WaitState[Seen]:
    return WaitState(target=target, id="abc", began_at=100.0)


def attributes(error: WaitError) -> tuple[str, str, str | None, str | None]:
    return error.kind, error.id, error.last_state, error.reason


def failure_of(wait: WaitState[Seen], snapshot: Seen, now: float = 100.0) -> WaitError:
    with pytest.raises(WaitError) as caught:
        wait.record(snapshot, now)
    return caught.value


def test_only_a_complete_snapshot_ends_the_wait() -> None:
    wait = wait_for()
    assert not wait.record(Seen(Progress.PENDING), 100.0)
    assert not wait.record(Seen(Progress.INCOMPLETE), 101.0)
    assert wait.record(Seen(Progress.READY), 102.0)


@pytest.mark.parametrize(
    ("target", "kind"), [(LOBBY, WaitFailed), (DEPLOYMENT, DeploymentFailed), (OWN_DEPLOYMENT, DeploymentFailed)]
)
def test_what_is_in_error_fails_with_its_reason(target: WaitTarget, kind: type[WaitError]) -> None:
    error = failure_of(wait_for(target), Seen(Progress.FAILED, State.ERROR, "no\ncapacity"))
    assert type(error) is kind
    assert attributes(error) == (target.kind, "abc", "ERROR", "no capacity")
    assert str(error) == f"{target.kind} abc failed: no capacity. {target.failed_hint}"


@pytest.mark.parametrize("reason", [None, "", "\n"])
def test_what_is_in_error_without_a_reason_has_none(reason: str | None) -> None:
    error = failure_of(wait_for(), Seen(Progress.FAILED, State.ERROR, reason))
    assert error.reason is None
    assert "the service gives no reason" in str(error)


@pytest.mark.parametrize(("target", "kind"), [(LOBBY, WaitTerminated), (DEPLOYMENT, DeploymentTerminated)])
def test_what_was_stopped_is_terminated(target: WaitTarget, kind: type[WaitError]) -> None:
    error = failure_of(wait_for(target), Seen(Progress.GONE, State.TERMINATING))
    assert type(error) is kind
    assert attributes(error) == (target.kind, "abc", "TERMINATING", "it was stopped before it was ready")
    assert "(last state: TERMINATING)" in str(error)


def test_what_stays_incomplete_fails_after_the_grace() -> None:
    wait = wait_for()
    snapshot = Seen(Progress.INCOMPLETE, State.READY, "no ports")
    for now in (107.0, 110.0, 117.0):
        assert not wait.record(snapshot, now)
    error = failure_of(wait, snapshot, 117.01)
    assert type(error) is WaitFailed
    assert attributes(error) == ("lobby", "abc", "READY", "ready with no ports")
    assert str(error) == "lobby abc is ready and has no ports 10 s later: check it"


def test_the_grace_of_what_is_incomplete_begins_again_after_another_state() -> None:
    wait = wait_for()
    assert not wait.record(Seen(Progress.INCOMPLETE), 100.0)
    assert not wait.record(Seen(Progress.PENDING), 105.0)
    assert not wait.record(Seen(Progress.INCOMPLETE), 112.0)
    assert not wait.record(Seen(Progress.INCOMPLETE), 122.0)
    assert failure_of(wait, Seen(Progress.INCOMPLETE), 122.1).reason == "ready with not everything it needs"


def test_what_is_not_found_may_be_too_new_for_ten_seconds() -> None:
    wait = wait_for()
    wait.not_found(MISSING, 100.0)
    wait.not_found(MISSING, 110.0)
    with pytest.raises(WaitTerminated) as caught:
        wait.not_found(MISSING, 110.01)
    assert caught.value.__cause__ is MISSING
    assert attributes(caught.value) == ("lobby", "abc", None, "the service does not know it")
    assert "(last state: never seen)" in str(caught.value)


def test_what_was_found_before_and_is_not_found_is_terminated() -> None:
    wait = wait_for()
    wait.record(Seen(Progress.PENDING), 100.0)
    with pytest.raises(WaitTerminated) as caught:
        wait.not_found(MISSING, 100.1)
    assert caught.value.last_state == "DEPLOYING"


def test_a_target_that_is_never_too_new_raises_the_error_itself() -> None:
    with pytest.raises(NotFound) as caught:
        wait_for(attrs.evolve(LOBBY, unknown_grace=None)).not_found(MISSING, 100.0)
    assert caught.value is MISSING


@pytest.mark.parametrize(("target", "kind"), [(LOBBY, WaitTimeout), (DEPLOYMENT, ReadyTimeout)])
def test_a_timeout_has_the_last_state_and_no_error_that_a_later_poll_disproved(
    target: WaitTarget, kind: type[WaitError]
) -> None:
    wait = wait_for(target)
    wait.last_error = UNAVAILABLE
    wait.record(Seen(Progress.PENDING), 101.0)
    error = wait.timed_out(30.0)
    assert type(error) is kind
    assert attributes(error) == (target.kind, "abc", "DEPLOYING", None)
    assert str(error) == (f"{target.kind} abc was not ready within 30 s (last state: DEPLOYING). {target.timeout_hint}")


@pytest.mark.parametrize(("target", "kind"), [(LOBBY, WaitTimeout), (DEPLOYMENT, ReadyTimeout)])
def test_a_timeout_has_the_error_of_the_last_poll(target: WaitTarget, kind: type[WaitError]) -> None:
    wait = wait_for(target)
    wait.last_error = UNAVAILABLE
    error = wait.timed_out(2.5)
    assert type(error) is kind
    assert attributes(error) == (target.kind, "abc", None, str(UNAVAILABLE))
    assert f"within 2.5 s (last state: never seen); the last poll failed: {UNAVAILABLE}. " in str(error)


@pytest.mark.parametrize(
    ("snapshot", "shown"),
    [
        (Seen(Progress.PENDING, None, "queued"), "queued"),
        (Seen(Progress.PENDING, None), "none"),
        (Seen(Progress.PENDING, State.SEEKING, "queued"), "SEEKING"),
    ],
)
def test_the_last_state_of_a_message_is_the_state_or_what_describes_it(snapshot: Seen, shown: str) -> None:
    wait = wait_for()
    wait.record(snapshot, 100.0)
    assert f"(last state: {shown})" in str(wait.timed_out(1.0))
