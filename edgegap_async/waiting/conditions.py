"""What a snapshot means for a wait: it is over, it goes on, or it failed."""

from __future__ import annotations

from typing import Final, Generic

import attrs

from edgegap_async.errors import (
    AuthenticationError,
    BadRequest,
    ConfigurationError,
    DeadlineExceeded,
    DecodeError,
    DeploymentFailed,
    DeploymentTerminated,
    EdgegapError,
    Gone,
    NotFound,
    PermissionDenied,
    ReadyTimeout,
    WaitFailed,
    WaitTerminated,
    WaitTimeout,
    cleaned,
)
from edgegap_async.models.states import Progress, Snapshot, SnapshotT, State

PERMANENT: Final = (AuthenticationError, PermissionDenied, DecodeError, ConfigurationError, DeadlineExceeded)
"""Errors that the next poll would meet again."""


def is_not_found(error: EdgegapError) -> bool:
    """Return whether the service itself says that it does not know something; the 404 of a proxy is transient.

    The service responds with 404, 410, or for a deployment with 400.
    """
    return isinstance(error, (NotFound, Gone, BadRequest)) and error.from_service


@attrs.frozen(kw_only=True)
class WaitTarget:
    """What is waited for, in the words of its error messages, and which odd states are tolerated for how long.

    Attributes:
        kind: Its name, as in ``WaitError.kind``.
        incomplete_hint: What to check if it is ready and stays incomplete.
        failed_hint: What remains to be done if it failed.
        timeout_hint: What to do if it is not ready in time.
        unknown_grace: Seconds for which the service may not know it: it may be too new. None raises that error.
        incomplete_grace: Seconds for which it may be READY without address or ports.
    """

    kind: str
    incomplete_hint: str = "get it again later"
    failed_hint: str = "It still exists until it is deleted"
    timeout_hint: str = "It may still become ready: delete it if you no longer need it"
    unknown_grace: float | None = 10.0
    incomplete_grace: float = 10.0

    def progress(self, snapshot: Snapshot) -> Progress:
        """Return how far a snapshot shows it to be."""
        return snapshot.progress

    def failed(self, message: str, id: str, *, last_state: str | None, reason: str | None) -> WaitFailed:
        """Return the error for what is in error.

        Args:
            message: The error message.
            id: Its id.
            last_state: The state seen last.
            reason: Why it failed.
        """
        return WaitFailed(message, kind=self.kind, id=id, last_state=last_state, reason=reason)

    def terminated(self, message: str, id: str, *, last_state: str | None, reason: str | None) -> WaitTerminated:
        """Return the error for what was stopped, deleted or is unknown.

        Args:
            message: The error message.
            id: Its id.
            last_state: The state seen last.
            reason: How that is known.
        """
        return WaitTerminated(message, kind=self.kind, id=id, last_state=last_state, reason=reason)

    def timed_out(self, message: str, id: str, *, last_state: str | None, reason: str | None) -> WaitTimeout:
        """Return the error for what was not ready in time.

        Args:
            message: The error message.
            id: Its id.
            last_state: The state seen last.
            reason: The error of the last poll, if it failed.
        """
        return WaitTimeout(message, kind=self.kind, id=id, last_state=last_state, reason=reason)


class _DeploymentTarget(WaitTarget):
    def failed(self, message: str, id: str, *, last_state: str | None, reason: str | None) -> DeploymentFailed:
        return DeploymentFailed(message, request_id=id, last_state=last_state, reason=reason)

    def terminated(self, message: str, id: str, *, last_state: str | None, reason: str | None) -> DeploymentTerminated:
        return DeploymentTerminated(message, request_id=id, last_state=last_state, reason=reason)

    def timed_out(self, message: str, id: str, *, last_state: str | None, reason: str | None) -> ReadyTimeout:
        return ReadyTimeout(message, request_id=id, last_state=last_state, reason=reason)


DEPLOYMENT: Final[WaitTarget] = _DeploymentTarget(
    kind="deployment",
    incomplete_hint="does its version declare a port?",
    failed_hint="It still exists, and may be billed, until it is stopped",
    timeout_hint="It may still become ready: stop it if you no longer need it",
)

OWN_DEPLOYMENT: Final[WaitTarget] = attrs.evolve(
    DEPLOYMENT,
    failed_hint="It is stopped",
    timeout_hint="It is stopped: pass a longer timeout= if its version needs more time",
)
"""A deployment that is stopped unless it becomes ready."""


@attrs.define(kw_only=True)
class WaitState(Generic[SnapshotT]):
    """How far one wait is. Moments are those of the loop's clock, in seconds.

    Attributes:
        target: What is waited for.
        id: Its id.
        began_at: When the wait began.
        snapshot: The latest snapshot.
        incomplete_since: Since when it is READY and incomplete.
        last_error: The error of the latest poll, None if it succeeded.
    """

    target: WaitTarget
    id: str
    began_at: float
    snapshot: SnapshotT | None = None
    incomplete_since: float | None = None
    last_error: EdgegapError | None = None

    @property
    def state(self) -> State | None:
        """The state of the latest snapshot."""
        return self.snapshot.state if self.snapshot is not None else None

    def record(self, snapshot: SnapshotT, now: float) -> bool:
        """Take a snapshot; return whether the wait is over, and raise where it failed.

        Raises:
            WaitFailed: It is in error, or stays incomplete for longer than ``incomplete_grace``.
            WaitTerminated: It was stopped.
        """
        self.snapshot, self.last_error = snapshot, None
        match self.target.progress(snapshot):
            case Progress.READY:
                return True
            case Progress.FAILED:
                reason = cleaned(snapshot.reason or "") or None
                why = reason or "the service gives no reason"
                raise self._failed(f"failed: {why}. {self.target.failed_hint}", reason)
            case Progress.GONE:
                raise self.terminated("it was stopped before it was ready")
            case Progress.INCOMPLETE:
                self.incomplete_since = now if self.incomplete_since is None else self.incomplete_since
                if now - self.incomplete_since > (grace := self.target.incomplete_grace):
                    lacks = snapshot.reason or "not everything it needs"
                    message = f"is ready and has {lacks} {grace:.3g} s later: {self.target.incomplete_hint}"
                    raise self._failed(message, f"ready with {lacks}")
            case Progress.PENDING:
                self.incomplete_since = None
        return False

    def not_found(self, error: EdgegapError, now: float) -> None:
        """Take a poll that did not find it; raises where it is not too new to be known.

        Raises:
            WaitTerminated: It was known before, or ``unknown_grace`` is over.
            EdgegapError: The error itself, where the target tolerates none.
        """
        grace = self.target.unknown_grace
        if grace is None:
            raise error
        if self.snapshot is not None or now - self.began_at > grace:
            raise self.terminated("the service does not know it") from error

    def terminated(self, reason: str) -> WaitTerminated:
        """Return the error for what was stopped, deleted or is unknown."""
        return self.target.terminated(
            f"{self.target.kind} {self.id} is terminated: {reason} (last state: {self._last_state})",
            self.id,
            last_state=self.state,
            reason=reason,
        )

    def timed_out(self, timeout: float) -> WaitTimeout:
        """Return the error for what was not ready in ``timeout`` seconds."""
        failure = f"; the last poll failed: {self.last_error}" if self.last_error is not None else ""
        return self.target.timed_out(
            f"{self.target.kind} {self.id} was not ready within {timeout:.3g} s (last state: {self._last_state})"
            f"{failure}. {self.target.timeout_hint}",
            self.id,
            last_state=self.state,
            reason=str(self.last_error) if self.last_error is not None else None,
        )

    def _failed(self, what: str, reason: str | None) -> WaitFailed:
        message = f"{self.target.kind} {self.id} {what}"
        return self.target.failed(message, self.id, last_state=self.state, reason=reason)

    @property
    def _last_state(self) -> str:
        if self.snapshot is None:
            return "never seen"
        return self.snapshot.state or self.snapshot.reason or "none"
