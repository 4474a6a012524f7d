"""A dictionary that forgets."""

from __future__ import annotations

from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedDict(dict[K, V]):
    """A dict of at most ``max_size`` items: setting one more drops the item that was set least recently."""

    def __init__(self, max_size: int) -> None:
        super().__init__()
        self._max_size = max_size

    def __setitem__(self, key: K, value: V) -> None:
        self.pop(key, None)  # an item that is set again becomes the most recent
        super().__setitem__(key, value)
        if len(self) > self._max_size:
            del self[next(iter(self))]
