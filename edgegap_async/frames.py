"""Clears the local variables of this package's stack frames in errors, as error reports show them.

A call holds tokens, keys, passwords and environment variables in its stack frames. A report can show these: that of
Sentry, of ``pytest --showlocals`` or of ``traceback.TracebackException(..., capture_locals=True)``.
"""

from __future__ import annotations

import functools
import gc
import inspect
import traceback
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import aclosing, asynccontextmanager
from types import FrameType
from typing import Any, Final, TypeVar, cast

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

_PACKAGE: Final = __name__.partition(".")[0]


def clear_locals(error: BaseException) -> None:
    """Clear the locals of the package's frames in the tracebacks of an error, its causes and its contexts.

    The frames remain in the tracebacks. Those that still run, or that a task will resume, keep their locals.
    """
    for link in _chain(error):
        for frame, _ in traceback.walk_tb(link.__traceback__):
            if _is_own(frame) and _has_ended(frame):
                frame.clear()


def without_locals(function: FunctionT) -> FunctionT:
    """Decorate a function so that the errors that leave it show none of the package's local variables.

    Args:
        function: A function, a coroutine function, an asynchronous generator function, or one of these that
            ``asynccontextmanager`` has decorated.
    """
    if inspect.isasyncgenfunction(function):
        wrapper: Callable[..., Any] = _generator(function)
    elif inspect.isasyncgenfunction(inspect.unwrap(function)):
        wrapper = asynccontextmanager(_block(function))
    elif inspect.iscoroutinefunction(function):
        wrapper = _coroutine(function)
    else:
        wrapper = _plain(function)
    return cast("FunctionT", functools.wraps(function)(wrapper))


# Each wrapper deletes its own arguments, too: its frame still runs when it clears the others.


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except BaseException as error:
            del arguments, options
            clear_locals(error)
            raise

    return call


def _coroutine(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*arguments: Any, **options: Any) -> Any:
        try:
            return await function(*arguments, **options)
        except BaseException as error:
            del arguments, options
            clear_locals(error)
            raise

    return call


def _generator(function: Callable[..., AsyncGenerator[Any, None]]) -> Callable[..., AsyncGenerator[Any, None]]:
    async def iterate(*arguments: Any, **options: Any) -> AsyncGenerator[Any, None]:
        try:
            async with aclosing(function(*arguments, **options)) as items:
                async for item in items:
                    yield item
        except BaseException as error:
            del arguments, options
            clear_locals(error)
            raise

    return iterate


def _block(function: Callable[..., Any]) -> Callable[..., AsyncGenerator[Any, None]]:
    async def run(*arguments: Any, **options: Any) -> AsyncGenerator[Any, None]:
        try:
            async with function(*arguments, **options) as value:
                yield value
        except BaseException as error:
            del arguments, options
            clear_locals(error)
            raise

    return run


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error with its causes, contexts and, for a group, its members."""
    seen: set[int] = set()
    remaining: list[BaseException | None] = [error]
    while remaining:
        link = remaining.pop()
        if link is not None and id(link) not in seen:
            seen.add(id(link))
            yield link
            remaining += [link.__cause__, link.__context__]
            if isinstance(link, BaseExceptionGroup):
                remaining += cast("BaseExceptionGroup[BaseException]", link).exceptions


def _is_own(frame: FrameType) -> bool:
    name = frame.f_globals.get("__name__")
    return isinstance(name, str) and (name == _PACKAGE or name.startswith(f"{_PACKAGE}."))


def _has_ended(frame: FrameType) -> bool:
    """Return whether a frame neither runs nor is suspended: before Python 3.13, ``clear`` would end its coroutine.

    A frame refers to its code itself only from its end; before that, the function or the coroutine owns all it holds.
    """
    return any(each is frame.f_code for each in gc.get_referents(frame))
