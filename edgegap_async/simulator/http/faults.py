"""The faults of a local Edgegap: which kind applies to which requests or webhooks, and how often."""

from __future__ import annotations

import difflib
import random
from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.operations import OPERATIONS, Operation
from edgegap_async.simulator.http.fault_kinds import FaultKind, RequestFault, WebhookFault, create_fault
from edgegap_async.validation import validate_int

EVERY: Final = "*"
"""Stands for every operation."""

WEBHOOK: Final = "webhook"
"""Stands for the webhooks that the local Edgegap sends."""

_BY_CALL: Final[Mapping[str, str]] = {each.call: each.operation_id for each in OPERATIONS.values()}
"""The operation ids by the names of the client's methods."""


@attrs.define(kw_only=True, eq=False)
class Fault:
    """A fault that was added to a local Edgegap."""

    operation_id: str
    """The operation it applies to; ``"*"`` for every operation, ``"webhook"`` for webhooks."""
    name: str
    """The name of its kind."""
    kind: FaultKind
    """The kind with its options."""
    remaining: int | None
    """How many more times it applies; None for no limit."""
    probability: float
    """The share of the requests it applies to."""
    happened: int = 0
    """How many times it has applied."""

    def applies_to(self, operation: Operation) -> bool:
        """Return whether it applies to requests of an operation now."""
        if self.remaining == 0 or not isinstance(self.kind, RequestFault):
            return False
        if self.kind.creates_only and operation.idempotency != "create":
            return False
        return self.operation_id in {EVERY, operation.operation_id}

    def count(self) -> None:
        """Count that it applies once."""
        self.happened += 1
        if self.remaining is not None:
            self.remaining -= 1

    def uncount(self) -> None:
        """Take back the last count: the request was rejected before the fault applied."""
        self.happened -= 1
        if self.remaining is not None:
            self.remaining += 1


@attrs.frozen
class TakenFault:
    """A fault that applies to one request."""

    fault: Fault
    kind: RequestFault


class Faults:
    """The faults of a local Edgegap, in the order in which they were added.

    ::

        local.faults.add("deployments.create", "drop_after_commit")
        local.faults.add("*", "status", code=503, times=None, probability=0.1)
        local.faults.add("webhook", "late", seconds=2)
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._faults: list[Fault] = []

    def add(
        self,
        operation: str,
        kind: str,
        times: int | None = 1,
        *,
        probability: float = 1.0,
        **options: Any,
    ) -> Fault:
        """Apply a fault to the next requests of an operation, or to the next webhooks.

        Several faults of one operation apply in the order in which they were added. A request that passes one by
        chance (``probability``) can meet the next.

        Args:
            operation: The id of an operation (``"v2-deployment-create"``), its name on the client
                (``"deployments.create"``), ``"*"`` for every operation, or ``"webhook"``.
            kind: The kind of fault: ``reset``, ``drop_after_commit``, ``status``, ``delay``, ``stall``, ``truncate``,
                ``not_json``, ``rate_limited``; for creates ``errored``, ``unprocessable``, ``early``; for webhooks
                ``lost``, ``duplicate``, ``late``.
            times: How many requests it applies to; None for no limit.
            probability: The share of the requests it applies to, above 0 and at most 1.
            **options: The options of the kind, as ``code=503`` of ``status``.

        Returns:
            The fault; its ``happened`` counts how many times it has applied.

        Raises:
            ValueError: The operation, the kind or an option is unknown, or a value is invalid.
        """
        operation_id = _operation_id(operation)
        created = create_fault(kind, options)
        if isinstance(created, WebhookFault) != (operation_id == WEBHOOK):
            only = f"only to {WEBHOOK!r}" if isinstance(created, WebhookFault) else "only to requests"
            raise ConfigurationError(f"the fault {kind!r} applies {only}, not to {operation!r}")
        if isinstance(created, RequestFault) and created.creates_only and not _may_create(operation_id):
            raise ConfigurationError(
                f"the fault {kind!r} applies only to operations that create a deployment, not to {operation!r}"
            )
        if times is not None:
            validate_int(times, "times", minimum=1)
        if not 0 < probability <= 1:
            raise ConfigurationError(f"probability must be above 0 and at most 1, not {probability}")
        fault = Fault(
            operation_id=operation_id,
            name=kind,
            kind=created,
            remaining=times,
            probability=probability,
        )
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def take(self, operation: Operation) -> TakenFault | None:
        """Return the fault that applies to a request of an operation, already counted; None if none applies."""
        for fault in self._faults:
            if fault.applies_to(operation) and isinstance(fault.kind, RequestFault) and self._applies_now(fault):
                return TakenFault(fault, fault.kind)
        return None

    def take_webhook_fault(self) -> WebhookFault | None:
        """Return the fault that applies to a webhook, already counted; None if none applies."""
        for fault in self._faults:
            if isinstance(fault.kind, WebhookFault) and fault.remaining != 0 and self._applies_now(fault):
                return fault.kind
        return None

    def _applies_now(self, fault: Fault) -> bool:
        if self._rng.random() >= fault.probability:
            return False
        fault.count()
        return True

    def __iter__(self) -> Iterator[Fault]:
        """The faults that can still apply."""
        return iter([fault for fault in self._faults if fault.remaining != 0])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _operation_id(operation: str) -> str:
    if operation in {EVERY, WEBHOOK} or operation in OPERATIONS:
        return operation
    if operation in _BY_CALL:
        return _BY_CALL[operation]
    close = difflib.get_close_matches(operation, [WEBHOOK, *_BY_CALL, *OPERATIONS], n=3)
    hint = f"did you mean {' or '.join(map(repr, close))}?" if close else "docs/operations.md lists them"
    raise ConfigurationError(f"there is no operation {operation!r}: {hint}")


def _may_create(operation_id: str) -> bool:
    return operation_id == EVERY or OPERATIONS[operation_id].idempotency == "create"
