"""The states of deployments as ``watch()`` yields them, from a script of snapshots and errors."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import attrs
import pytest

from edgegap_async.errors import AuthenticationError, BadRequest, Gone, NotFound, ServerError
from edgegap_async.models.states import State, StateChange
from edgegap_async.waiting.changes import DeploymentWatcher, changes, changes_of

MISSING = NotFound(404, "gone", {}, "deployment-get")
UNAVAILABLE = ServerError(503, "later", {}, "deployment-get")
REFUSED = AuthenticationError(401, "no", {}, "deployment-get")

Step: TypeAlias = State | Exception | None
Yielded: TypeAlias = tuple[str, State | None, State | None]


@attrs.frozen
class Seen:
    """A snapshot; ``number`` is its place in the script."""

    state: State | None
    number: int


@attrs.define
class Script:
    """Yields what is scripted for each deployment, one step a second; the last step again and again."""

    steps: dict[str, list[Step]]
    subscribed: list[tuple[str, Mapping[str, str]]] = attrs.field(factory=list[tuple[str, Mapping[str, str]]])
    open: set[str] = attrs.field(factory=set[str])

    @contextmanager
    def subscribe(self, id: str, path: Mapping[str, str]) -> Iterator[Any]:
        self.subscribed.append((id, path))
        self.open.add(id)
        try:
            yield _Subscription(self.steps[id])
        finally:
            self.open.remove(id)


@attrs.define
class _Subscription:
    steps: list[Step]
    number: int = -1

    async def next(self) -> Seen:
        await asyncio.sleep(1)
        self.number += 1
        step = self.steps[min(self.number, len(self.steps) - 1)]
        if isinstance(step, Exception):
            raise step
        return Seen(step, self.number)


def watcher(**steps: list[Step]) -> tuple[Script, DeploymentWatcher]:
    script = Script(steps)
    return script, cast("DeploymentWatcher", script)


def yielded(change: StateChange[Any]) -> Yielded:
    return change.id, change.old, change.new


SEEKING, READY, TERMINATED = State.SEEKING, State.READY, State.TERMINATED


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([SEEKING, READY, TERMINATED], [(None, SEEKING, 0), (SEEKING, READY, 1), (READY, TERMINATED, 2)]),
        ([SEEKING, SEEKING, TERMINATED], [(None, SEEKING, 0), (SEEKING, TERMINATED, 2)]),
        ([TERMINATED], [(None, TERMINATED, 0)]),
        ([None, SEEKING, TERMINATED], [(None, SEEKING, 1), (SEEKING, TERMINATED, 2)]),
        # not found any more: the latest snapshot is the one before
        ([SEEKING, READY, MISSING], [(None, SEEKING, 0), (SEEKING, READY, 1), (READY, TERMINATED, 1)]),
        ([READY, BadRequest(400, "no", {}, "x")], [(None, READY, 0), (READY, TERMINATED, 0)]),
        ([READY, Gone(410, "no", {}, "x")], [(None, READY, 0), (READY, TERMINATED, 0)]),
        ([MISSING], []),
        # errors that a later poll may not meet
        ([UNAVAILABLE, READY, UNAVAILABLE, TERMINATED], [(None, READY, 1), (READY, TERMINATED, 3)]),
    ],
)
async def test_each_change_has_the_state_before_and_its_snapshot(
    steps: list[Step], expected: list[tuple[State | None, State | None, int]]
) -> None:
    script, watching = watcher(a=steps)
    found = [change async for change in changes_of(watching, "a")]
    assert [(change.old, change.new, cast("Any", change.snapshot).number) for change in found] == expected
    assert {change.id for change in found} <= {"a"}
    assert script.subscribed == [("a", {"deployment_id": "a"})]
    assert not script.open


@pytest.mark.looptime
async def test_the_changes_of_many_end_when_all_are_terminated() -> None:
    script, watching = watcher(a=[READY, TERMINATED], b=[SEEKING, READY, TERMINATED])
    found = [yielded(change) async for change in changes(watching, ["a", "b"])]
    assert found == [
        ("a", None, READY),
        ("b", None, SEEKING),
        ("a", READY, TERMINATED),
        ("b", SEEKING, READY),
        ("b", READY, TERMINATED),
    ]
    assert [change async for change in changes(watching, [])] == []
    assert not script.open


@pytest.mark.looptime
async def test_a_permanent_error_of_one_ends_the_watch_of_all() -> None:
    script, watching = watcher(a=[READY], b=[SEEKING, REFUSED])
    found: list[Yielded] = []

    async def follow() -> None:
        async for change in changes(watching, ["a", "b"]):
            found.append(yielded(change))  # noqa: PERF401 - the changes before the error count

    with pytest.raises(AuthenticationError):
        await follow()
    assert found == [("a", None, READY), ("b", None, SEEKING)]
    assert not script.open


@pytest.mark.looptime
async def test_a_search_adds_what_it_finds_once_every_two_seconds() -> None:
    script, watching = watcher(a=[READY], b=[READY], c=[READY, TERMINATED])
    loop = asyncio.get_running_loop()
    began = loop.time()
    searched: list[float] = []

    async def search() -> Iterable[str]:
        searched.append(loop.time() - began)
        return ["a", "b"] if len(searched) < 3 else ["b", "c"]

    found: list[tuple[float, Yielded]] = []
    stream = changes(watching, ["a"], search)
    async for change in stream:
        found.append((loop.time() - began, yielded(change)))
        if change.new is TERMINATED:
            break
    await stream.aclose()
    assert searched == [0.0, 2.0, 4.0, 6.0]
    assert found == [
        (1.0, ("a", None, READY)),
        (1.0, ("b", None, READY)),
        (5.0, ("c", None, READY)),
        (6.0, ("c", READY, TERMINATED)),
    ]
    assert [id for id, _ in script.subscribed] == ["a", "b", "c"]
    assert not script.open


@pytest.mark.looptime
async def test_an_error_of_the_search_ends_the_watch() -> None:
    script, watching = watcher(a=[READY])

    async def search() -> Iterable[str]:
        raise UNAVAILABLE

    with pytest.raises(ServerError):
        async for _ in changes(watching, ["a"], search):
            pass
    assert not script.open
