"""What the tests of streams share: a stream over a list that a test serves itself, and a loop to read it in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar, cast

from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.pagination import PageStream
from edgegap_async.transport import Pipeline

T = TypeVar("T")


def stream_over(service: object, *, page_size: int, prefetch: int) -> PageStream[DeploymentRow]:
    """Return a stream of deployments whose pages a test serves: ``service`` has the ``send`` of a pipeline."""
    return PageStream(
        cast("Pipeline", service),
        "deployment-list",
        DeploymentRow,
        key=lambda row: row.request_id,
        page_size=page_size,
        prefetch=prefetch,
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine inside a hypothesis test, which cannot be async."""
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
