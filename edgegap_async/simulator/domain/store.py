"""Keeps what was created, each thing under its parents, and forgets it with them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from edgegap_async.simulator.clock import Clock
from edgegap_async.simulator.domain.resource_types import RESOURCES, Path, Record, Resource

_Place: TypeAlias = tuple[str, ...]


class Store:
    """Everything that the resources describe; what is asked for by a path is found under its parents."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shelves: dict[Resource, dict[_Place, Record]] = {resource: {} for resource in RESOURCES}
        self._numbers = itertools.count(1)

    def find(self, resource: Resource, path: Path) -> Record | None:
        """The one at a path, or None."""
        return self._shelves[resource].get(_place(resource, path))

    def missing(self, resource: Resource, path: Path) -> tuple[str, str] | None:
        """The outermost of a thing's parents, or itself, that is not there: what it is, and its name."""
        for parent in resource.parents:
            outer = self.missing(parent, path)
            if outer is not None:
                return outer
        return None if self.find(resource, path) else (resource.name, path[resource.path[-1]])

    def under(self, resource: Resource, path: Path) -> list[Record]:
        """All of a kind that are under the parents a path names, the oldest first."""
        return [record for record in self._shelves[resource].values() if _holds(path, record)]

    def add(self, resource: Resource, path: Path, fields: Mapping[str, Any]) -> Record:
        """Put a new one at a path where there is none."""
        now = self._clock()
        record = Record(dict(path), dict(fields), now, now)
        self._shelves[resource][_place(resource, path)] = record
        return record

    def number(self) -> str:
        """A new number for what the service itself names."""
        return str(next(self._numbers))

    def change(self, record: Record, fields: Mapping[str, Any]) -> None:
        """Give a record other fields, beside those it keeps."""
        record.fields |= fields
        record.updated_at = self._clock()

    def rename(self, resource: Resource, record: Record, name: str) -> None:
        """Give one another name, in its old place of the list; what it holds stays with it."""
        old = {parameter: record.path[parameter] for parameter in resource.path}
        for kind, found in self._with_children(resource, old):
            found.path[resource.path[-1]] = name
            shelf = self._shelves[kind]
            self._shelves[kind] = {_place(kind, each.path): each for each in shelf.values()}

    def remove(self, resource: Resource, path: Path) -> None:
        """Forget one, and everything that cannot be without it."""
        named = {parameter: path[parameter] for parameter in resource.path}
        for kind, record in list(self._with_children(resource, named)):
            del self._shelves[kind][_place(kind, record.path)]

    def _with_children(self, resource: Resource, path: Path) -> Iterator[tuple[Resource, Record]]:
        for kind in RESOURCES:
            if kind is resource or _descends(kind, resource):
                yield from ((kind, record) for record in self.under(kind, path))


def _place(resource: Resource, path: Path) -> _Place:
    return tuple(path[parameter] for parameter in resource.path)


def _holds(path: Path, record: Record) -> bool:
    return all(record.path[parameter] == value for parameter, value in path.items())


def _descends(resource: Resource, ancestor: Resource) -> bool:
    return any(parent is ancestor or _descends(parent, ancestor) for parent in resource.parents)
