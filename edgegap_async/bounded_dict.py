"""A dictionary that forgets, and what its items take in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

K = TypeVar("K")
V = TypeVar("V")

_ITEM_BYTES: Final = 500
"""What an object that is kept takes in addition to its body, approximately."""


class BoundedDict(dict[K, V]):
    """A dict with a maximum size: setting an item drops those that were set least recently until it fits.

    Items are set with ``[]`` and removed with ``pop`` or ``del``; no other method that changes a dict may be used.
    """

    def __init__(self, max_size: int, size_of: Callable[[K, V], int] | None = None) -> None:
        """Create an empty dict.

        Args:
            max_size: The maximum of the sizes of all items together.
            size_of: Returns the size of an item, always the same for the same item; None for 1.
        """
        super().__init__()
        self._max_size = max_size
        self._size_of = size_of
        self._size = 0

    def __setitem__(self, key: K, value: V) -> None:
        if key in self:
            del self[key]  # an item that is set again becomes the most recent
        super().__setitem__(key, value)
        self._size += self._size_of(key, value) if self._size_of is not None else 1
        while self._size > self._max_size:
            del self[next(iter(self))]

    def __delitem__(self, key: K) -> None:
        self._size -= self._size_of(key, self[key]) if self._size_of is not None else 1
        super().__delitem__(key)

    def pop(self, key: K, default: V | None = None) -> V | None:  # type: ignore[override]
        """Remove an item and return its value; return the default without such an item."""
        if key not in self:
            return default
        value = self[key]
        del self[key]
        return value


def size_in_memory(*bodies: bytes) -> int:
    """Return the memory that is taken by objects with these bodies, as the size of an item of a ``BoundedDict``."""
    return sum(len(body) + _ITEM_BYTES for body in bodies)
