"""What a process has to say to the store and to the other processes, collected for one round trip."""

from __future__ import annotations

import asyncio
import base64
from typing import Final

from edgegap_async.coordination.store import CoordinationStore
from edgegap_async.errors import JSON
from edgegap_async.json_codec import dumps
from edgegap_async.wake_up import WakeUp

_DELAY_SECONDS: Final = 0.04
"""How long something waits for more: what is sent is not urgent, and each round trip has a price."""

_MAX_MESSAGES: Final = 10_000


class Outbox:
    """Sends watches and messages of one process, those of 40 ms together."""

    def __init__(self, store: CoordinationStore) -> None:
        self.member = ""
        """The id of this process in the messages."""
        self._store = store
        self._watches: dict[str, JSON] = {}
        self._messages: list[bytes] = []
        self._wake_up = WakeUp()

    def send(self, kind: str, **fields: JSON) -> None:
        """Send a message to all other processes; see ``Coordination``."""
        if len(self._messages) < _MAX_MESSAGES:
            self._messages.append(dumps({"kind": kind, "from": self.member, **fields}))
            self._wake_up.set()

    def watch(self, id: str, description: JSON) -> None:
        """Register what this process waits for; None for what it does not wait for any more."""
        self._watches[id] = description
        self._wake_up.set()

    def clear(self) -> None:
        """Forget what was not sent."""
        self._watches.clear()
        self._messages.clear()

    async def run(self) -> None:
        """Send until the task is cancelled; raises StoreError."""
        while True:
            await self._wake_up.sleep(None)
            await asyncio.sleep(_DELAY_SECONDS)
            await self.flush()

    async def flush(self) -> None:
        """Send what was collected; raises StoreError."""
        if self._watches:
            self.send("watches", watches=dict(self._watches))
        watches = {id: None if each is None else dumps(each) for id, each in self._watches.items()}
        messages = self._messages.copy()
        self.clear()
        if watches or messages:
            await self._store.update(self.member, watches, messages)


def encoded(body: bytes) -> str:
    """Return bytes as a JSON string."""
    return base64.b64encode(body).decode()


def decoded(text: JSON) -> bytes:
    """Return the bytes of ``encoded``; raises ValueError for anything else."""
    if not isinstance(text, str):
        raise ValueError("not a string")  # noqa: TRY004 - as for a string that is not base64
    return base64.b64decode(text, validate=True)
