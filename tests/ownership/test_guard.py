"""The guard with a service and a list that are scripts: what it searches for, stops and writes down, and when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

import attrs
import pytest

from edgegap_async import GuardPolicy
from edgegap_async.errors import (
    BadRequest,
    CleanupFailed,
    JournalError,
    Outcome,
    TransportError,
    Unprocessable,
)
from edgegap_async.models.deployments import StopResponse
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.creation import Creation, ListedServer
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.ownership.journal import Journal
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.transport import Pipeline

CREATE = "v2-deployment-create"
POLICY = GuardPolicy(settle_seconds=1.0, watch_seconds=4.0)


def lost() -> Exception:
    return TransportError("broken", outcome=Outcome.UNKNOWN, operation=CREATE)


def refused() -> Exception:
    return BadRequest(400, "no", {}, CREATE)


def in_error() -> Exception:
    return Unprocessable(422, "in error", {}, CREATE, request_id="in-error")


def now() -> float:
    return asyncio.get_running_loop().time()


@attrs.frozen
class Created:
    request_id: str


@attrs.define
class Service:
    """Responds to create requests with a script, and stops servers; a float is a request that takes so long.

    Attributes:
        script: The responses to create requests.
        shown: Returns the ids that the list shows at a moment.
        stopped: The stops and their moments.
        searched: When the list was searched.
        bodies: The bodies of the create requests.
    """

    script: list[Created | Exception | float]
    shown: Callable[[float], Sequence[str] | Exception] = lambda _: ()
    stopped: list[tuple[str, float]] = attrs.field(factory=list[tuple[str, float]])
    searched: list[float] = attrs.field(factory=list[float])
    bodies: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]])
    events: list[tuple[str, str | None]] = attrs.field(factory=list["tuple[str, str | None]"])
    failing_event: str | None = None
    pending: asyncio.Future[None] | None = None

    # the pipeline

    async def call(self, operation_id: str, _: object, **options: Any) -> Any:
        if operation_id == "deployment-delete":
            self.stopped.append((options["path"]["deployment_id"], now()))
            return StopResponse(message="stopped")
        self.bodies.append(options["body"])
        options["effect"].outcome = Outcome.UNKNOWN
        step = self.script.pop(0)
        if isinstance(step, float):
            await asyncio.sleep(step)
        if isinstance(step, Exception):
            raise step
        return step

    # the list

    async def search(self, tag: GuardTag) -> Any:
        self.searched.append(now())
        shown = self.shown(now())
        return (
            shown if isinstance(shown, Exception) else [ListedServer(request_id=id, tags=(str(tag),)) for id in shown]
        )

    nameless: frozenset[GuardTag] = frozenset()

    # the journal

    def record(
        self, _: GuardTag, event: str, *, request_id: str | None = None, name: str | None = None
    ) -> asyncio.Future[None]:
        self.events.append((event, request_id or name))
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if event == self.failing_event:
            future.set_exception(JournalError("no space"))
        elif event == "released" and self.pending is not None:
            return self.pending
        else:
            future.set_result(None)
        return future

    def guard(self, policy: GuardPolicy = POLICY) -> DeployGuard:
        guard = DeployGuard(cast("Pipeline", self), BackgroundTasks(), policy, cast("Journal", self))
        guard.lookup.list = cast("Any", self)
        return guard

    @property
    def settings(self) -> Any:
        return attrs.make_class("Settings", {"timeout": attrs.field(default=5.0)})()


def creation(**options: Any) -> Creation[Any]:
    values: dict[str, Any] = {"application": "kart", "version": "v1", "seconds": 60.0, "body": {}} | options
    return Creation(operation_id=CREATE, model=Created, adopt=lambda row: Created(row.request_id), **values)


async def closed(guard: DeployGuard, seconds: float = 60.0) -> list[tuple[str, str]]:
    """Close, and return the ids and messages of what is reported."""
    try:
        await guard._background.drain(seconds)
    except ExceptionGroup as group:
        return [(error.id, str(error)) for error in group.exceptions if isinstance(error, CleanupFailed)]
    return []


# duplicates


@pytest.mark.looptime
async def test_a_duplicate_that_shows_up_late_is_stopped_and_the_search_ends() -> None:
    service = Service(
        [lost(), Created("kept")], lambda at: ["kept", "late"] if at >= 2.5 else ["kept"] if at > 1 else []
    )
    guard = service.guard()
    created = await guard.create(creation())
    assert created.request_id == "kept"
    assert service.searched[:4] == [0, 0.25, 0.75, 1.0], "the server is absent after the settle time"
    assert await closed(guard) == []
    # the search for duplicates begins at 1.0 s, and ends with the only one that there can be
    assert service.searched[4:] == [1.0, 1.25, 1.75, 2.75]
    assert service.stopped == [("late", 2.75)]
    assert service.events == [("requested", "kart v1"), ("created", "kept")]


@pytest.mark.looptime
async def test_duplicates_are_searched_for_as_long_as_the_policy_says_and_the_list_lags() -> None:
    service = Service([lost(), Created("kept")], lambda at: ["kept"] if at > 1 else [])
    guard = service.guard()
    await guard.create(creation())
    assert await closed(guard) == []
    assert service.searched[4:] == [1.0, 1.25, 1.75, 2.75, 4.75, 6.0]
    assert service.stopped == []


@pytest.mark.looptime
async def test_a_search_for_duplicates_goes_on_while_the_list_fails() -> None:
    service = Service(
        [lost(), Created("kept")], lambda at: [] if at <= 1 else refused() if at < 7 else ["kept", "late"]
    )
    guard = service.guard()
    await guard.create(creation())
    assert await closed(guard) == []
    assert service.stopped == [("late", pytest.approx(7.0))]


@pytest.mark.looptime
async def test_a_duplicate_that_shows_up_late_teaches_the_lag_of_the_list() -> None:
    service = Service([lost(), Created("kept")], lambda at: ["kept", "late"] if at >= 2.5 else [])
    guard = service.guard()
    await guard.create(creation())
    await closed(guard)
    assert guard.lookup.settle_seconds == pytest.approx(2 * 2.75)


@pytest.mark.looptime
async def test_a_server_in_error_is_no_duplicate_of_the_one_that_is_looked_for() -> None:
    """The first response is lost; the second names a server in error, and the first server shows up later."""
    service = Service(
        [lost(), in_error()], lambda at: ["in-error", "late"] if at >= 2.5 else ["in-error"] if at > 1 else []
    )
    guard = service.guard()
    with pytest.raises(Unprocessable) as caught:
        await guard.create(creation())
    assert "one with the tag" in caught.value.__notes__[-1]
    assert await closed(guard) == []
    assert service.stopped == [("in-error", 1.0), ("late", 2.75)]


@pytest.mark.looptime
async def test_a_lost_request_stays_in_the_journal_until_its_server_is_looked_for() -> None:
    service = Service([lost(), refused()], lambda at: ["late"] if at >= 2.5 else [])
    guard = service.guard()
    with pytest.raises(BadRequest):
        await guard.create(creation())
    assert service.events == [("requested", "kart v1")]
    assert await closed(guard) == []
    assert service.stopped == [("late", 2.75)]
    assert service.events == [("requested", "kart v1"), ("stopped", None)]


@pytest.mark.looptime
async def test_a_refused_request_is_no_longer_in_the_journal() -> None:
    service = Service([refused()])
    guard = service.guard()
    with pytest.raises(BadRequest):
        await guard.create(creation())
    assert service.events == [("requested", "kart v1"), ("stopped", None)]
    assert await closed(guard) == []


@pytest.mark.looptime(start=1000)
async def test_a_server_in_error_is_stopped_within_the_deadline_of_its_request() -> None:
    service = Service([in_error()])
    guard = service.guard()

    async def hang(id: str) -> None:
        service.stopped.append((id, now()))
        await asyncio.sleep(30)

    object.__setattr__(guard.cleanup, "remove", hang)
    with pytest.raises(Unprocessable) as caught:
        await guard.create(creation(seconds=5.0))
    assert now() == pytest.approx(1005.0)
    assert caught.value.__notes__ == ["deployment in-error is being stopped in the background"]
    assert await closed(guard) == []


@pytest.mark.looptime
async def test_a_search_for_duplicates_that_closing_interrupts_is_reported_by_the_tag() -> None:
    service = Service([lost(), Created("kept")], lambda at: ["kept"] if at > 1 else [])
    guard = service.guard()
    await guard.create(creation())
    ((id, message),) = await closed(guard, 2)
    (tag,) = service.bodies[1]["tags"]
    assert id == tag
    assert message == f"not finished when the client was closed: look for duplicates of kept by {tag}"


# the end of the event loop


def background_task(name: str) -> asyncio.Task[Any]:
    (task,) = [task for task in asyncio.all_tasks() if task.get_name().startswith(name)]
    return task


@pytest.mark.looptime
async def test_the_end_of_the_loop_stops_the_duplicates_and_not_the_server_itself() -> None:
    service = Service(
        [lost(), Created("kept")], lambda at: ["kept", "late"] if at >= 1.6 else ["kept"] if at > 1 else []
    )
    guard = service.guard()
    await guard.create(creation())
    await asyncio.sleep(0.7)
    background_task("look for duplicates of kept").cancel()
    assert await closed(guard) == []
    assert service.stopped == [("late", pytest.approx(1.7))]


@pytest.mark.looptime
@pytest.mark.parametrize(("is_guarded", "searched", "stopped"), [(True, [1.0], [("late", 1.0)]), (False, [], [])])
async def test_the_end_of_the_loop_stops_the_server_of_a_request_or_reports_its_tag(
    is_guarded: bool, searched: list[float], stopped: list[tuple[str, float]]
) -> None:
    service = Service([100.0], lambda _: ["late"])
    guard = service.guard()
    creating = asyncio.create_task(guard.create(creation(is_guarded=is_guarded)))
    await asyncio.sleep(1)
    background_task("create a deployment of kart v1").cancel()
    await asyncio.gather(creating, return_exceptions=True)
    reports = await closed(guard)
    assert (service.searched, service.stopped) == (searched, stopped)
    if is_guarded:
        assert reports == []
    else:
        ((id, message),) = reports
        assert message == (f"the create request of kart v1 was interrupted: a server with the tag {id} may still run")
        assert GuardTag.parse(id) is not None


# the journal


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("event", "response", "by_tag"), [("stopped", refused(), True), ("created", Created("a"), False)]
)
async def test_what_cannot_be_recorded_is_reported_by_the_id_or_the_tag(
    event: str, response: Created | Exception, by_tag: bool
) -> None:
    service = Service([response], failing_event=event)
    guard = service.guard()
    await asyncio.gather(guard.create(creation()), return_exceptions=True)
    ((id, message),) = await closed(guard)
    assert (GuardTag.parse(id) is not None) is by_tag
    assert by_tag or id == "a"
    assert message == f"record in the journal that {id} is {event} failed: no space"


@pytest.mark.looptime
async def test_a_server_that_is_stopped_while_it_is_released_is_neither_an_error_nor_released_twice() -> None:
    service = Service([Created("a")])
    service.pending = asyncio.get_running_loop().create_future()
    guard = service.guard()
    await guard.create(creation())
    releasing = asyncio.create_task(guard.release("a"))
    await asyncio.sleep(1)
    await guard.stop_urgently("a")
    service.pending.set_result(None)
    await releasing
    assert await closed(guard) == []
    assert [event for event, _ in service.events] == ["requested", "created", "released", "stopped"]


@pytest.mark.looptime
async def test_the_tag_follows_the_callers_tags_and_webhooks_do_not_replace_the_callers() -> None:
    service = Service([Created("a"), Created("b")])
    guard = service.guard()

    def webhooks(_: GuardTag) -> dict[str, Any]:
        return {"webhook_on_ready": "ours", "webhook_on_error": "ours"}

    body: dict[str, Any] = {"tags": ["mine"], "webhook_on_ready": "theirs"}
    await guard.create(creation(body=body, webhooks=webhooks))
    await guard.create(creation(body=body, is_guarded=False))
    guarded, unguarded = service.bodies
    mine, tag = guarded.pop("tags")
    assert mine == "mine"
    assert GuardTag.parse(tag) is not None
    assert guarded == {"webhook_on_ready": "theirs", "webhook_on_error": "ours"}
    assert unguarded == body == {"tags": ["mine"], "webhook_on_ready": "theirs"}
    assert await closed(guard) == []
