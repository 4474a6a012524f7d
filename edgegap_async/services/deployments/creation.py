"""Asking for a game server, in any of the service's ways: guarded, awaited with what is known of it, told of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from edgegap_async.errors import JSON
from edgegap_async.ownership.guard import CreatedT, DeployGuard, Found, OnCancel
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.waiting import Watcher
from edgegap_async.webhooks import Webhooks

_TELLS_OF_READY: Final = frozenset({"webhook_on_ready", "webhook_url"})
"""Where a body has one of these, its own address is told of it, and not the client's."""


@attrs.frozen(kw_only=True)
class Creation:
    """What every way to create a deployment goes through."""

    guard: DeployGuard
    watcher: Watcher
    webhooks: Webhooks

    async def ask(
        self,
        operation_id: str,
        model: type[CreatedT],
        body: dict[str, JSON],
        *,
        application: str,
        version: str | None,
        adopt: Callable[[Found], CreatedT],
        hooks: Callable[[GuardTag], dict[str, JSON]],
        seconds: float,
        guarded: bool,
        on_cancel: OnCancel,
    ) -> CreatedT:
        """One server of a version (None: the newest), from when its time counts for those who wait for it."""
        request = await self.guard.create(
            operation_id,
            model,
            body,
            name=f"{application} {version or '(newest)'}",
            adopt=adopt,
            hooks=hooks,
            seconds=seconds,
            guarded=guarded,
            on_cancel=on_cancel,
        )
        hooked = self.webhooks.wanted and not body.keys() & _TELLS_OF_READY
        self.watcher.asked(request.request_id, (application, version or ""), hooked=hooked)
        return request
