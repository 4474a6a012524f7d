"""Bugs to plant in the client, each of which the simulation must find."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Final
from unittest import mock

from edgegap_async import EdgegapClient
from edgegap_async.errors import EdgegapError, ServerError
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.ownership.list_search import ListSearch


async def _every_row(search: Any, tags: Any) -> dict[Any, Any]:
    servers, _ = await search._rows(None)
    return dict.fromkeys(tags, servers)


async def _nothing(*_: Any, **__: Any) -> None:
    pass


def _ignore(*_: Any, **__: Any) -> None:
    pass


_remove_with_retries: Final = Cleanup.remove_with_retries


async def _remove_unless_503(cleanup: Any, id: str) -> object:
    try:
        return await cleanup.remove(id)
    except ServerError:
        return None
    except EdgegapError:
        return await _remove_with_retries(cleanup, id)


async def _close_session_first(client: Any) -> None:
    await client._session.close()
    await client._watchers.close()
    await client.webhooks.close()
    if client._journal is not None:
        await client._journal.close()
    await client._background.drain(30.0)


BUGS: Final[Mapping[str, Callable[[], AbstractContextManager[Any]]]] = {
    "adopt a stranger's row": lambda: mock.patch.object(ListSearch, "_results", _every_row),
    "forget the search for duplicates": lambda: mock.patch.object(DeployGuard, "_stop_duplicates", _nothing),
    "drop a cancellation": lambda: mock.patch.object(Cleanup, "remove_when_created", _ignore),
    "skip a stop on 503": lambda: mock.patch.object(Cleanup, "remove_with_retries", _remove_unless_503),
    "close in the wrong order": lambda: mock.patch.object(EdgegapClient, "_close", _close_session_first),
}
"""What to change, by the name of the bug."""
