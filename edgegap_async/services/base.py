"""What every service has."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

from edgegap_async.config import Secret
from edgegap_async.errors import JSON
from edgegap_async.limits import Priority
from edgegap_async.models.states import SnapshotT
from edgegap_async.operations import OPERATIONS
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_name, validate_timeout
from edgegap_async.waiting import Alarms, Kind, OnStatus, wait_until_ready

T = TypeVar("T")


class Service:
    """A part of the API: methods name an operation, its parts and its model, the pipeline does the rest."""

    def __init__(self, pipeline: Pipeline, prefetch: int) -> None:
        self._pipeline = pipeline
        self._prefetch = prefetch

    def _seconds(self, timeout: float | None) -> float:
        """The deadline of something that is several calls; None is the client's."""
        return self._pipeline.settings.timeout if timeout is None else validate_timeout(timeout)

    async def _call(
        self,
        operation_id: str,
        model: type[T],
        *path: str,
        query: Mapping[str, str] | None = None,
        body: JSON = None,
        timeout: float | None = None,
        priority: Priority = Priority.CALL,
        secrets: tuple[Secret, ...] = (),
    ) -> T:
        """Carry out an operation.

        Args:
            operation_id: Its row in the table of operations.
            model: What the response is decoded to; ``NoneType`` for a response without a body.
            *path: The parameters of the operation's path, in their order.
            query: The query's parameters.
            body: The JSON body.
            timeout: The deadline in seconds, None for the client's.
            priority: Which waiting calls of its rate bucket it precedes.
            secrets: Values that no error may show.
        """
        return await self._pipeline.call(
            operation_id,
            model,
            path=dict(zip(OPERATIONS[operation_id].parameters, path, strict=True)),
            query=query,
            body=body,
            timeout=timeout,
            priority=priority,
            secrets=secrets,
        )

    async def _wait(
        self,
        operation_id: str,
        model: type[SnapshotT],
        path: Mapping[str, str],
        *,
        kind: Kind,
        timeout: float | None,
        on_status: OnStatus[SnapshotT] | None = None,
        alarms: Alarms | None = None,
    ) -> SnapshotT:
        """Look at something by an operation until it is ready; ``alarms`` ring for what webhooks tell of."""

        async def look(_: str, seconds: float) -> SnapshotT:
            return await self._pipeline.call(
                operation_id, model, path=path, timeout=max(seconds, 0.001), priority=Priority.POLL
            )

        for value in path.values():
            validate_name(value, f"the {kind.name}'s id")
        id, seconds = " ".join(path.values()), self._seconds(timeout)
        with (alarms or Alarms()).set_for(id) as alarm:
            return await wait_until_ready(
                look,
                id,
                kind=kind,
                timeout=seconds,
                on_status=on_status,
                schedule=alarm.schedule,
                sleep=alarm.sleep,
            )

    def _list(
        self,
        operation_id: str,
        item: type[T],
        *,
        key: Callable[[T], Hashable],
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        timeout: float | None = None,
        live: bool = False,
    ) -> PageStream[T]:
        return PageStream(
            self._pipeline,
            operation_id,
            item,
            key=key,
            path=path,
            query=query,
            page_size=page_size,
            prefetch=self._prefetch,
            timeout=timeout,
            live=live,
        )
