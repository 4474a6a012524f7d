"""Stores the records of all resource types. Deleting a record deletes the records below it."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from edgegap_async.simulator.clock import Clock
from edgegap_async.simulator.domain.resource_types import PathParameters, ResourceRecord, ResourceType

_Key: TypeAlias = tuple[str, ...]


class Store:
    """The records of every resource type, each found by the parameters of its path."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tables: defaultdict[ResourceType, dict[_Key, ResourceRecord]] = defaultdict(dict)
        self._numbers = itertools.count(1)

    def find(self, resource: ResourceType, path: PathParameters) -> ResourceRecord | None:
        """Return the record at a path, or None."""
        return self._tables[resource].get(_key(resource, path))

    def missing(self, resource: ResourceType, path: PathParameters) -> tuple[str, str] | None:
        """Return the type's name and the own name of the outermost record that a path lacks.

        The record's parents are checked first, then the record. None means that all of them exist.
        """
        for parent in resource.parents:
            outermost = self.missing(parent, path)
            if outermost is not None:
                return outermost
        return None if self.find(resource, path) else (resource.name, path[resource.path[-1]])

    def list_under(self, resource: ResourceType, path: PathParameters) -> list[ResourceRecord]:
        """Return all records of a type below the parents that a path names, the oldest first."""
        return [record for record in self._tables[resource].values() if _is_under(path, record)]

    def add(self, resource: ResourceType, path: PathParameters, fields: Mapping[str, Any]) -> ResourceRecord:
        """Add a record at a free path.

        Args:
            resource: The record's type.
            path: The parameters of its path, its own last.
            fields: The fields of the request body and the type's defaults.
        """
        now = self._clock()
        record = ResourceRecord(dict(path), dict(fields), now, now)
        self._tables[resource][_key(resource, path)] = record
        return record

    def next_number(self) -> str:
        """Return a new number, for a record that the service names itself."""
        return str(next(self._numbers))

    def update(self, record: ResourceRecord, fields: Mapping[str, Any]) -> None:
        """Set some fields of a record. The other fields do not change."""
        record.fields |= fields
        record.updated_at = self._clock()

    def rename(self, resource: ResourceType, record: ResourceRecord, name: str) -> None:
        """Rename a record. It keeps its position in lists and the records below it.

        Args:
            resource: The record's type.
            record: The record.
            name: The new name, which must be free.
        """
        old_path = {parameter: record.path[parameter] for parameter in resource.path}
        for kind, found in self._with_descendants(resource, old_path):
            found.path[resource.path[-1]] = name
            table = self._tables[kind]
            self._tables[kind] = {_key(kind, each.path): each for each in table.values()}

    def remove(self, resource: ResourceType, path: PathParameters) -> None:
        """Delete the record at a path and every record below it."""
        named = {parameter: path[parameter] for parameter in resource.path}
        for kind, record in list(self._with_descendants(resource, named)):
            del self._tables[kind][_key(kind, record.path)]

    def _with_descendants(
        self, resource: ResourceType, path: PathParameters
    ) -> Iterator[tuple[ResourceType, ResourceRecord]]:
        for kind in list(self._tables):
            if kind is resource or _descends(kind, resource):
                yield from ((kind, record) for record in self.list_under(kind, path))


def _key(resource: ResourceType, path: PathParameters) -> _Key:
    return tuple(path[parameter] for parameter in resource.path)


def _is_under(path: PathParameters, record: ResourceRecord) -> bool:
    return all(record.path[parameter] == value for parameter, value in path.items())


def _descends(resource: ResourceType, ancestor: ResourceType) -> bool:
    return any(parent is ancestor or _descends(parent, ancestor) for parent in resource.parents)
