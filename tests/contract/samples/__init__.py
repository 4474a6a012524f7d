"""Sample calls of every operation, by ``operation_id``: the first with required fields only, the last with all."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from edgegap_async import EdgegapClient

Call: TypeAlias = Callable[[EdgegapClient], Awaitable[Any]]
Calls: TypeAlias = Mapping[str, Sequence[Call]]


def all_calls() -> dict[str, Sequence[Call]]:
    """Return the ``CALLS`` of all modules of this package."""
    calls: dict[str, Sequence[Call]] = {}
    for module in pkgutil.iter_modules(__path__, prefix=f"{__name__}."):
        calls |= importlib.import_module(module.name).CALLS
    return calls
