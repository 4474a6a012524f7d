"""A read-only view of the deployments, sessions or relays of a local Edgegap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Collection(Generic[Item]):
    """Deployments, sessions or relays by their ids, as they are at the clock's present moment.

    A collection supports ``len()``, iteration from the oldest to the newest, ``in`` and lookup by id::

        assert len(local.deployments) == 1
        deployment = local.deployments["4f1c0a9be3d2"]
    """

    def __init__(
        self,
        source: Callable[[], Mapping[str, Item]],
        include: Callable[[Item], bool] = lambda _: True,
    ) -> None:
        """Create a view.

        Args:
            source: Returns the present items by id. It is called on each access.
            include: Whether the view contains an item. By default, it contains them all.
        """
        self._source = source
        self._include = include

    def __iter__(self) -> Iterator[Item]:
        """Iterate over a copy, so that items may change during the iteration."""
        return iter([item for item in self._source().values() if self._include(item)])

    def __len__(self) -> int:
        return sum(map(self._include, self._source().values()))

    def __contains__(self, item_id: object) -> bool:
        item = self._source().get(item_id) if isinstance(item_id, str) else None
        return item is not None and self._include(item)

    def __getitem__(self, item_id: str) -> Item:
        """Return the item with an id.

        Raises:
            KeyError: If the collection has no such item.
        """
        if item_id not in self:
            raise KeyError(item_id)
        return self._source()[item_id]

    def __repr__(self) -> str:
        return f"<Collection of {len(self)}>"
