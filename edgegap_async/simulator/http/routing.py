"""Finds the operation of a request by its method and path."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

import attrs

from edgegap_async.operations import OPERATIONS, Operation


@attrs.frozen
class Route:
    """The path of an operation as a pattern."""

    operation: Operation
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, operation: Operation) -> Route:
        """Return the route of an operation."""
        parts = re.split(r"{([^}]+)}", operation.path)
        parts[::2] = map(re.escape, parts[::2])
        parts[1::2] = ["(.+)" if name == operation.nested else "([^/]+)" for name in parts[1::2]]
        return cls(operation, re.compile("".join(parts)))

    def match(self, path: str) -> dict[str, str] | None:
        """Return the decoded parameters of an encoded path, or None if the path does not match."""
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        # matched before it is decoded: an encoded slash stays inside its parameter
        return dict(zip(self.operation.parameters, map(unquote, match.groups()), strict=True))


@attrs.frozen
class MatchedRoute:
    """The operation of a request and the parameters of its path."""

    operation: Operation
    path: Mapping[str, str]
    """The path parameters, decoded."""


class Routes:
    """The routes of all operations, indexed by the number of path segments."""

    def __init__(self, operations: Iterable[Operation] = OPERATIONS.values()) -> None:
        self._by_segments: dict[int, list[Route]] = {}
        self._nested: list[Route] = []
        # the most literal path is tried first: "bulk-stop" before "{id}:report", and that before "{id}"
        for operation in sorted(operations, key=lambda each: (len(each.parameters), -len(each.path))):
            same_length = self._by_segments.setdefault(operation.path.count("/"), [])
            (self._nested if operation.nested else same_length).append(Route.of(operation))

    def find(self, method: str, path: str) -> MatchedRoute | frozenset[str]:
        """Return the operation of a request. HEAD has the operation of GET; its response is sent without the body.

        Returns:
            The matched route, or, if the path exists with other methods only, those methods; an empty set if no
            operation has the path.
        """
        methods: set[str] = set()
        for route in (*self._by_segments.get(path.count("/"), ()), *self._nested):
            parameters = route.match(path)
            if parameters is None:
                continue
            if route.operation.method == ("GET" if method == "HEAD" else method):
                return MatchedRoute(route.operation, parameters)
            methods |= {"GET", "HEAD"} if route.operation.method == "GET" else {route.operation.method}
        return frozenset(methods)
