"""A view of what there is, for whoever holds the local Edgegap in their hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Collection(Generic[Item]):
    """Deployments, or sessions, by their ids; always what is true at the clock's present moment.

    ``len()``, iteration (the oldest first), ``collection["4f1c0a9be3d2"]`` and ``in`` are what it has.
    """

    def __init__(
        self,
        source: Callable[[], Mapping[str, Item]],
        shows: Callable[[Item], bool] = lambda _: True,
    ) -> None:
        self._source = source
        self._shows = shows

    def __iter__(self) -> Iterator[Item]:
        """All of them; a copy, so that they may change meanwhile."""
        return iter([each for each in self._source().values() if self._shows(each)])

    def __len__(self) -> int:
        return sum(map(self._shows, self._source().values()))

    def __contains__(self, name: object) -> bool:
        found = self._source().get(name) if isinstance(name, str) else None
        return found is not None and self._shows(found)

    def __getitem__(self, name: str) -> Item:
        """The one with an id; raises ``KeyError`` if it is not among these."""
        if name not in self:
            raise KeyError(name)
        return self._source()[name]

    def __repr__(self) -> str:
        return f"<Collection of {len(self)}>"
