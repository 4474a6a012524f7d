"""A view of the deployments, for whoever holds the local Edgegap in their hands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from edgegap_async.simulator.deployment import Deployment


class Collection:
    """Deployments by request id; always what is true at the clock's present moment.

    ``len()``, iteration (the oldest first), ``collection["4f1c0a9be3d2"]`` and ``in`` are what it has.
    """

    def __init__(
        self,
        source: Callable[[], Mapping[str, Deployment]],
        shows: Callable[[Deployment], bool] = lambda _: True,
    ) -> None:
        self._source = source
        self._shows = shows

    def __iter__(self) -> Iterator[Deployment]:
        """The deployments; a copy, so that they may change meanwhile."""
        return iter([each for each in self._source().values() if self._shows(each)])

    def __len__(self) -> int:
        return sum(map(self._shows, self._source().values()))

    def __contains__(self, request_id: object) -> bool:
        found = self._source().get(request_id) if isinstance(request_id, str) else None
        return found is not None and self._shows(found)

    def __getitem__(self, request_id: str) -> Deployment:
        """The deployment with an id; raises ``KeyError`` if it is not among these."""
        if request_id not in self:
            raise KeyError(request_id)
        return self._source()[request_id]

    def __repr__(self) -> str:
        return f"<Collection of {len(self)}>"
