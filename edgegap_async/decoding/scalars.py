"""How a single JSON value becomes a field: strictly, with nothing coerced silently.

``SCALARS`` is the table of the types: for the walker each with its hook, for the compiled decoders each with the JSON
types that msgspec accepts for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import NoneType, UnionType
from typing import Any, Final, NamedTuple, TypeAlias, Union, get_args, get_origin

from edgegap_async.json_codec import loads
from edgegap_async.models.base import Count, Number
from edgegap_async.models.states import State
from edgegap_async.secret import Secret

StructureHook: TypeAlias = Callable[[Any, Any], Any]
"""Converts a JSON value (first argument) to a type (second argument), or raises."""

_JSON_NAMES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "an object",
}


class UnexpectedValue(Exception):
    """A value that cannot be converted to the type of its field.

    Attributes:
        problem: What is wrong, without the value: it may be a secret or a player's address.
        path: Where the value is, relative to the value that is converted: ``.location.city``. Each level that an
            error passes puts its own step before it; see ``located``.
    """

    def __init__(self, problem: str, path: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = path


def expected(what: str, value: object) -> UnexpectedValue:
    """Return the error for a value of another JSON type than ``what``."""
    return UnexpectedValue(f"expected {what}, found {_JSON_NAMES.get(type(value), type(value).__name__)}")


def located(error: Exception, step: str) -> UnexpectedValue:
    """Return the error of a nested value with one more step of its path.

    The message of any other error than UnexpectedValue may hold the value, so it is replaced.

    Args:
        error: What the conversion of the nested value raised.
        step: Where the nested value is: ``.city``, ``[3]`` or ``['gameport']``.
    """
    unexpected = error if isinstance(error, UnexpectedValue) else UnexpectedValue("a value of the wrong kind")
    unexpected.path = step + unexpected.path
    return unexpected


def _string(value: object, _: object) -> str:
    if type(value) is str:
        return value
    raise expected("a string", value)


def _secret(value: object, _: object) -> Secret:
    return Secret(_string(value, str))


def _boolean(value: object, _: object) -> bool:
    if type(value) is bool:
        return value
    raise expected("a boolean", value)


def _integer(value: object, _: object) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise expected("a whole number", value)


def _float(value: object, _: object) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise expected("a number", value)


def _number_or_string(number: StructureHook) -> StructureHook:
    """Return a hook that also accepts the number in a string."""

    def hook(value: object, kind: object) -> object:
        if type(value) is str:
            try:
                value = loads(value)
            except ValueError:
                raise expected("a number", value) from None
        return number(value, kind)

    return hook


YEAR_1: Final = datetime(1, 1, 1)  # without a zone, like what it is subtracted from
YEAR_1_UTC: Final = datetime(1, 1, 1, tzinfo=UTC)


def _utc_datetime(text: str) -> datetime | None:
    """Return a UTC datetime; an empty string is None like null, and a time without a zone is UTC."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        return YEAR_1_UTC + (moment - YEAR_1)  # a tenth of the time of moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _datetime(value: object, _: object) -> datetime | None:
    if type(value) is not str:
        raise expected("a date and time", value)
    try:
        return _utc_datetime(value)
    except ValueError:
        raise expected("a date and time", value) from None


def _state(value: object, _: object) -> State:
    return _state_of(_string(value, str))


# States repeat in every row. The cache is bounded, since the service chooses the spellings.
_state_of: Final = functools.lru_cache(maxsize=64)(State)


def is_optional(kind: Any) -> bool:
    """Whether a type is ``X | None``."""
    members = get_args(kind)
    return get_origin(kind) in {Union, UnionType} and len(members) == 2 and NoneType in members


class Scalar(NamedTuple):
    """How values of one type are converted.

    Attributes:
        hook: Converts any JSON value, or raises UnexpectedValue.
        unchanged: The type whose values the hook returns as they are, so that it need not be called; None for no type.
        wire: The type whose values the compiled decoders convert; a body with other values is left to the walker.
        convert: Converts a value of the type ``wire`` as the hook does; not used for values of the type ``unchanged``.
    """

    hook: StructureHook
    unchanged: type | None
    wire: Any
    convert: Callable[[Any], Any] | None = None


def _number(kind: Any, hook: StructureHook, unchanged: type) -> Scalar:
    """Return the entry of a number that may arrive in a string."""
    hook = _number_or_string(hook)

    def convert(value: Any) -> Any:
        return hook(value, kind)

    return Scalar(hook, unchanged, int | float | str, convert)


SCALARS: Final[Mapping[Any, Scalar]] = {
    str: Scalar(_string, unchanged=str, wire=str),
    bool: Scalar(_boolean, unchanged=bool, wire=bool),
    int: Scalar(_integer, unchanged=int, wire=int),
    float: Scalar(_float, unchanged=float, wire=float),
    Count: _number(Count, _integer, unchanged=int),
    Number: _number(Number, _float, unchanged=float),
    State: Scalar(_state, unchanged=None, wire=str, convert=_state_of),
    datetime: Scalar(_datetime, unchanged=None, wire=str, convert=_utc_datetime),
    Secret: Scalar(_secret, unchanged=None, wire=str, convert=Secret),
}
"""Each scalar type of the models and how its values are converted."""
