"""Removals: how long a task waits for them, their last attempts, and what is reported."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import attrs
import pytest

from edgegap_async.errors import CleanupFailed, DeadlineExceeded, EdgegapError, NotFound, Outcome, ServerError
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.cleanup import Cleanup

FAILURE = ServerError(500, "no", {}, "deployment-delete")


@attrs.define
class Service:
    """Removes within ``seconds``, or raises; records when each removal began."""

    seconds: float = 0.0
    error: EdgegapError | None = None
    removed: list[tuple[str, float]] = attrs.field(factory=list[tuple[str, float]])

    async def remove(self, id: str) -> str:
        self.removed.append((id, now()))
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return f"removed {id}"

    def cleanup(self) -> Cleanup:
        return Cleanup(background=BackgroundTasks(), remove=self.remove, kind="deployment", verb="stop", past="stopped")


def now() -> float:
    return asyncio.get_running_loop().time()


async def reported(cleanup: Cleanup) -> list[tuple[str, str]]:
    """Close, and return the ids and messages of what is reported."""
    try:
        await cleanup.background.drain(0.0)
    except ExceptionGroup as group:
        return [(error.id, str(error)) for error in group.exceptions if isinstance(error, CleanupFailed)]
    return []


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("error", "seconds", "ends_at", "note"),
    [
        (asyncio.CancelledError(), math.inf, 1.0, "deployment a is being stopped in the background"),
        (asyncio.CancelledError(), 5.0, 1.0, "deployment a is being stopped in the background"),
        (ValueError(), 5.0, 5.0, "deployment a is being stopped in the background"),
        (ValueError(), 0.0, 1.0, "deployment a is being stopped in the background"),
        (ValueError(), math.inf, 10.0, "deployment a was stopped"),
        (ValueError(), 20.0, 10.0, "deployment a was stopped"),
    ],
)
async def test_a_task_waits_for_a_removal_until_its_deadline_and_one_that_is_cancelled_for_a_second(
    error: BaseException, seconds: float, ends_at: float, note: str
) -> None:
    service = Service(seconds=10.0)
    cleanup = service.cleanup()
    await cleanup.remove_after_error(error, "a", seconds=seconds)
    assert now() == pytest.approx(ends_at)
    assert error.__notes__ == [note]
    del error.__notes__
    await cleanup.background.drain(20.0)
    assert service.removed == [("a", 0.0)]


@pytest.mark.looptime
async def test_a_removal_that_fails_is_a_note_and_reported() -> None:
    cleanup = Service(error=NotFound(404, "no", {}, "deployment-delete")).cleanup()
    error = ValueError()
    await cleanup.remove_after_error(error, "a")
    assert len(error.__notes__) == 1
    assert error.__notes__[0].startswith("deployment a could not be stopped and may still run: ")
    ((id, message),) = await reported(cleanup)
    assert id == "a"
    assert message.startswith("stop deployment a failed: ")


@pytest.mark.looptime
@pytest.mark.parametrize("from_service", [False, True])
async def test_transient_errors_are_retried_six_times_in_all(from_service: bool) -> None:
    error = NotFound(404, "no", {}, "x", from_service=from_service)
    service = Service(error=error)
    with pytest.raises(NotFound):
        await service.cleanup().remove_with_retries("a")
    moments = [moment for _, moment in service.removed]
    assert moments == ([0.0] if from_service else [0.0, 0.5, 1.5, 3.5, 7.5, 15.5])


@pytest.mark.looptime
async def test_a_removal_that_is_cancelled_makes_a_last_attempt_of_three_seconds() -> None:
    service = Service(seconds=1000.0)
    removing = asyncio.create_task(service.cleanup().remove_with_retries("a"))
    await asyncio.sleep(2.0)
    removing.cancel()
    with pytest.raises(DeadlineExceeded, match="no response within 3 s") as caught:
        await removing
    assert caught.value.outcome is Outcome.UNKNOWN
    assert now() == pytest.approx(5.0)
    assert service.removed == [("a", 0.0), ("a", 2.0)]


@pytest.mark.looptime
async def test_after_the_client_has_given_up_there_is_no_last_attempt() -> None:
    service = Service(seconds=1000.0)
    cleanup = service.cleanup()
    removing = cleanup.background.start(cleanup.remove_with_retries("a"), name="stop deployment a", id="a")
    await asyncio.sleep(0)
    assert await reported(cleanup) == [("a", "not finished when the client was closed: stop deployment a")]
    assert removing.cancelled()
    assert service.removed == [("a", 0.0)]


@pytest.mark.looptime
@pytest.mark.parametrize("error", [None, FAILURE])
async def test_a_removal_at_once_is_one_short_attempt_which_is_reported_if_it_fails(
    error: EdgegapError | None,
) -> None:
    service = Service(seconds=1000.0 if error is None else 1.0, error=error)
    cleanup = service.cleanup()
    await cleanup.remove_at_once("a")
    assert now() == pytest.approx(3.0 if error is None else 1.0)
    assert service.removed == [("a", 0.0)]
    ((id, message),) = await reported(cleanup)
    assert id == "a"
    assert message.startswith("stop deployment a failed: ")


@pytest.mark.looptime
async def test_the_own_deadline_of_a_last_attempt_stays_its_error() -> None:
    own = DeadlineExceeded("no slot", outcome=Outcome.NOT_SENT)
    removing = asyncio.create_task(Service(seconds=1.0, error=own).cleanup().remove_with_retries("a"))
    await asyncio.sleep(0.5)
    removing.cancel()
    with pytest.raises(DeadlineExceeded) as caught:
        await removing
    assert caught.value is own


async def _created(seconds: float, result: Any = "abc") -> Any:
    await asyncio.sleep(seconds)
    return result


@pytest.mark.looptime
async def test_a_create_request_that_the_end_of_the_loop_interrupts_is_reported() -> None:
    cleanup = Service().cleanup()
    creating = asyncio.create_task(cleanup.remove_on_cancel(_created(10), str, name="session"))
    await asyncio.sleep(1)
    (task,) = [each for each in asyncio.all_tasks() if each.get_name() == "create a session"]
    task.cancel()
    await asyncio.gather(creating, return_exceptions=True)
    assert await reported(cleanup) == [("session", "the create request of a session was interrupted: it may exist")]


@pytest.mark.looptime
async def test_a_create_request_that_closing_interrupts_is_reported_once() -> None:
    cleanup = Service().cleanup()
    creating = asyncio.create_task(cleanup.remove_on_cancel(_created(10), str, name="session"))
    await asyncio.sleep(1)
    assert await reported(cleanup) == [("session", "not finished when the client was closed: create a session")]
    await asyncio.gather(creating, return_exceptions=True)
    assert await reported(cleanup) == []


@pytest.mark.looptime
async def test_what_is_created_after_its_caller_was_cancelled_is_removed() -> None:
    service = Service()
    cleanup = service.cleanup()
    creating = asyncio.create_task(cleanup.remove_on_cancel(_created(10), str, name="session"))
    await asyncio.sleep(1)
    creating.cancel()
    with pytest.raises(asyncio.CancelledError):
        await creating
    assert now() == 1.0
    await cleanup.background.drain(20.0)
    assert service.removed == [("abc", 10.0)]
