"""A URL that the service refuses: the error names the field."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import BadRequest
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]

CALLS: dict[str, Callable[[EdgegapClient, str], Awaitable[Any]]] = {
    "deployment": lambda e, url: e.deployments.create_v1("kart", "v1", users=USERS, webhook_url=url),
    "session": lambda e, url: e.sessions.create("kart", "v1", users=USERS, webhook_url=url),
    "relay session": lambda e, url: e.relays.create(users=USERS, webhook_url=url),
}


@pytest.mark.parametrize("name", CALLS)
async def test_the_error_names_the_webhook_url(edgegap: EdgegapClient, local: LocalEdgegap, name: str) -> None:
    with pytest.raises(BadRequest, match="webhook_url: this must be a URL"):
        await CALLS[name](edgegap, "example.com/hooks")
    assert not local.deployments
    assert not local.sessions
    assert not local.relays
    await CALLS[name](edgegap, "http://127.0.0.1:9/hooks")
