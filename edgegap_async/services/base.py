"""What every service has: a call, a list and a wait."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Hashable, Mapping
from typing import Any, TypeVar, Unpack

from edgegap_async.frames import without_locals
from edgegap_async.models.states import SnapshotT
from edgegap_async.operations import OPERATIONS
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.core import ClientCore
from edgegap_async.transport import RequestOptions
from edgegap_async.validation import validate_name, validate_timeout
from edgegap_async.waiting.conditions import WaitTarget
from edgegap_async.waiting.wait import OnSnapshot, OnStatus, wait_until_ready
from edgegap_async.waiting.watcher import Watcher

T = TypeVar("T")


class Service:
    """A part of the API: a method names an operation, what it sends and its model; the pipeline does the rest.

    Arguments can be secrets, so the errors of public methods show no local variables of this package.
    """

    def __init_subclass__(cls) -> None:
        for name, member in vars(cls).copy().items():
            if inspect.isfunction(member) and not name.startswith("_"):
                setattr(cls, name, without_locals(member))

    def __init__(self, core: ClientCore) -> None:
        self._core = core
        self._pipeline = core.pipeline

    def _seconds(self, timeout: float | None) -> float:
        """The deadline of what takes several calls; None is the client's."""
        return self._pipeline.settings.timeout if timeout is None else validate_timeout(timeout)

    def _call(
        self, operation_id: str, model: type[T], *path: str, **options: Unpack[RequestOptions]
    ) -> Coroutine[Any, Any, T]:
        """Carry out an operation.

        Args:
            operation_id: Its row in the table of operations.
            model: What the response is decoded to; ``NoneType`` for a response without a body.
            *path: The parameters of the operation's path, in their order.
            **options: What else is sent, and how; see ``RequestOptions``.
        """
        return self._pipeline.call(operation_id, model, path=_path(operation_id, path), **options)

    async def _wait(
        self,
        watcher: Watcher[SnapshotT],
        target: WaitTarget,
        path: Mapping[str, str],
        *,
        timeout: float | None,
        on_status: OnStatus[SnapshotT] | None = None,
        on_snapshot: OnSnapshot[SnapshotT] | None = None,
        every_snapshot: bool = False,
    ) -> SnapshotT:
        """Wait until something is ready.

        Args:
            watcher: Polls it.
            target: What it is, for the errors.
            path: The path parameters of the operation that returns it; together they are its id.
            timeout: The deadline in seconds, None for the client's.
            on_status: Called with each change of its state.
            on_snapshot: Called with each snapshot.
            every_snapshot: Whether snapshots that show no new state matter too.
        """
        id = "/".join(validate_name(value, f"the {target.kind}'s id") for value in path.values())
        seconds = self._seconds(timeout)
        with watcher.subscribe(id, path, every_snapshot=every_snapshot) as subscription:
            return await wait_until_ready(
                subscription, target, timeout=seconds, on_status=on_status, on_snapshot=on_snapshot
            )

    def _list(
        self,
        operation_id: str,
        item: type[T],
        *path: str,
        key: Callable[[T], Hashable],
        query: Mapping[str, str] | None = None,
        page_size: int = DEFAULT_PAGE_SIZE,
        timeout: float | None = None,
    ) -> PageStream[T]:
        """Return a list as a stream of pages.

        Args:
            operation_id: Its row in the table of operations.
            item: What each row is decoded to.
            *path: The parameters of the operation's path, in their order.
            key: What identifies an item.
            query: The query's parameters, without those of the page.
            page_size: Rows on a page.
            timeout: The deadline of each page in seconds, None for the client's.
        """
        return PageStream(
            self._pipeline,
            operation_id,
            item,
            key=key,
            path=_path(operation_id, path),
            query=query,
            page_size=page_size,
            prefetch=self._core.prefetch,
            timeout=timeout,
        )


def _path(operation_id: str, values: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(OPERATIONS[operation_id].parameters, values, strict=True))
