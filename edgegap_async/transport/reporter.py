"""Reports what the client does, to the log and to ``on_event``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Final

from edgegap_async.events import Event, EventHook, EventKind
from edgegap_async.transport.call import PendingCall

logger: Final = logging.getLogger("edgegap_async")

_LEVELS: Final[Mapping[EventKind, int]] = {
    EventKind.LIMITED: logging.WARNING,
    EventKind.RETRIED: logging.INFO,
}


class EventReporter:
    """Logs each event as ``key=value`` pairs and passes it to the client's ``on_event``.

    ``limited`` is logged as WARNING, ``retried`` as INFO, everything else as DEBUG.
    """

    def __init__(self, on_event: EventHook | None) -> None:
        self._on_event = on_event

    @property
    def is_silent(self) -> bool:
        """Whether nothing takes the events that are logged as DEBUG: of a call that succeeds at once."""
        return self._on_event is None and not logger.isEnabledFor(logging.DEBUG)

    def emit(
        self, call: PendingCall, kind: EventKind, *, seconds: float = 0.0, status: int | None = None, reason: str = ""
    ) -> None:
        """Report one event of a call. An exception of ``on_event`` is logged and does not end the call.

        Args:
            call: The call, in its present attempt.
            kind: What happened.
            seconds: How long it took or will take.
            status: The status code of the response, if there is one.
            reason: Why it failed.
        """
        level = _LEVELS.get(kind, logging.DEBUG)
        is_logged = logger.isEnabledFor(level)
        if not is_logged and self._on_event is None:
            return
        event = Event(
            kind=kind,
            operation_id=call.operation.operation_id,
            bucket=call.operation.bucket,
            attempt=call.attempt,
            seconds=seconds,
            status=status,
            reason=reason,
        )
        if is_logged:
            logger.log(level, "%s", event)
        if self._on_event is not None:
            try:
                self._on_event(event)
            except Exception:  # the response must not be lost with the observer: it may name a server that runs
                logger.exception("on_event raised an exception for the event: %s", event)
