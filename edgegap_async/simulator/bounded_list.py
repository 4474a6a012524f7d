"""A list that forgets: the logs of a local Edgegap, which may run for days."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class BoundedList(list[T]):
    """A list with a maximum length and size: appending an item drops the oldest ones until the others fit.

    Items are added with ``append`` and never removed or replaced otherwise.
    """

    def __init__(
        self, max_items: int, *, max_size: float = math.inf, size_of: Callable[[T], int] = lambda _: 0
    ) -> None:
        """Create an empty list.

        Args:
            max_items: The maximum number of items.
            max_size: The maximum of the sizes of all items together.
            size_of: Returns the size of an item, always the same for the same item.
        """
        super().__init__()
        self._max_items = max_items
        self._max_size = max_size
        self._size_of = size_of
        self._size = 0

    def append(self, item: T) -> None:
        """Add an item at the end, and drop items from the start until the maximum length and size are kept."""
        super().append(item)
        self._size += self._size_of(item)
        while len(self) > self._max_items or self._size > self._max_size:
            self._size -= self._size_of(self.pop(0))
