"""Fields of updates, where None means "do not change"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
R = TypeVar("R")
P = ParamSpec("P")


def unless_none(check: Callable[Concatenate[T, P], R], value: T | None, *args: P.args, **kwargs: P.kwargs) -> R | None:
    """Return ``check(value, ...)``, or None if the value is None.

    ::

        body = omit_none(name=unless_none(validate_name, new_name, "the fleet's name"), enabled=enabled)

    Args:
        check: Checks or converts the value, for example ``validate_name``.
        value: The value that the caller passed.
        *args: Further positional arguments of ``check``.
        **kwargs: Keyword arguments of ``check``.
    """
    return None if value is None else check(value, *args, **kwargs)
