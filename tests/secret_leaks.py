"""Finds secrets in what an error report can show of an exception."""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Mapping
from types import FrameType


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception with all its causes and contexts."""
    seen: set[int] = set()
    open_ends: list[BaseException | None] = [error]
    while open_ends:
        link = open_ends.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            open_ends += [link.__cause__, link.__context__]


def frames(error: BaseException) -> Iterator[FrameType]:
    """Yield the library's stack frames in the tracebacks of an exception, its causes and contexts."""
    for link in chain(error):
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if "/tests/" not in frame.f_code.co_filename:
                yield frame


def held(value: object) -> Iterator[object]:
    """Yield a value, and what an error report shows of it: attributes, the items of mappings and sequences."""
    yield value
    yield from getattr(value, "__dict__", {}).values()
    if isinstance(value, Mapping):
        yield from value
        yield from value.values()
    elif isinstance(value, (list, tuple, set)):
        yield from value


def leaks_of_frames(error: BaseException, *secrets: str) -> list[str]:
    """Return which locals of the library's stack frames show a secret: a string by its characters, not its repr."""
    return [
        f"{frame.f_code.co_qualname if hasattr(frame.f_code, 'co_qualname') else frame.f_code.co_name}: {name}"
        for frame in frames(error)
        for name, local in frame.f_locals.items()
        for value in held(local)
        for secret in secrets
        if secret in repr(value) or (isinstance(value, str) and secret in value)
    ]
