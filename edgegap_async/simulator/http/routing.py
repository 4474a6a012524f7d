"""Finds the operation a request is for, by the table of operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import attrs

from edgegap_async.operations import OPERATIONS, Operation


@attrs.frozen
class Route:
    """One operation's path as a pattern; the more of it is literal, the earlier it is tried."""

    operation: Operation
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, operation: Operation) -> Route:
        """The route of an operation."""
        parts = re.split(r"{([^}]+)}", operation.path)
        parts[::2] = map(re.escape, parts[::2])
        parts[1::2] = ["(.+)" if name == operation.nested else "([^/]+)" for name in parts[1::2]]
        return cls(operation, re.compile("".join(parts)))

    def match(self, path: str) -> dict[str, str] | None:
        """The path's parameters, decoded, or None if this is another operation's path."""
        found = self.pattern.fullmatch(path)
        if found is None:
            return None
        # split before it is decoded: an encoded slash stays inside its parameter
        return dict(zip(self.operation.parameters, map(unquote, found.groups()), strict=True))


@attrs.frozen
class MatchedRoute:
    """The operation a request is for, with the parameters of its path."""

    operation: Operation
    path: Mapping[str, str]


class Routes:
    """All operations of the table, by the shape of their paths."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS.values()) -> None:
        self._by_length: dict[int, list[Route]] = {}
        self._of_any_length: list[Route] = []
        # ":report" is more literal than a bare parameter, "bulk-stop" more than both
        for operation in sorted(operations, key=lambda each: (len(each.parameters), -len(each.path))):
            fixed = self._by_length.setdefault(operation.path.count("/"), [])
            (self._of_any_length if operation.nested else fixed).append(Route.of(operation))

    def find(self, method: str, path: str) -> MatchedRoute | frozenset[str]:
        """The operation for a method and an encoded path, or the methods the path has, if it is a path."""
        methods: set[str] = set()
        for route in (*self._by_length.get(path.count("/"), ()), *self._of_any_length):
            parameters = route.match(path)
            if parameters is None:
                continue
            if route.operation.method == method:
                return MatchedRoute(route.operation, parameters)
            methods.add(route.operation.method)
        return frozenset(methods)
