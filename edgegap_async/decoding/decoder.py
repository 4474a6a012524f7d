"""From JSON to models, strictly: nothing is coerced, nothing is lost, and an error says where it is."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from types import GenericAlias, NoneType, UnionType
from typing import Any, Final, TypeVar, Union, cast, get_args, get_origin

import attrs
import cattrs
from cattrs.cols import list_structure_factory
from cattrs.gen import make_dict_structure_fn, override

from edgegap_async.codec import loads
from edgegap_async.config import Secret
from edgegap_async.errors import JSON, DecodeError, cleaned
from edgegap_async.models.fields import EXTRA, Count, Number, State
from edgegap_async.models.ports import NO_PORTS, Port, Ports

T = TypeVar("T")

_Hook = Callable[[Any, Any], Any]


def decode(body: bytes, model: type[T], *, operation: str) -> T:
    """The model that an answer's body holds.

    Raises DecodeError, naming the operation and the place in the document, never what stood there.
    """
    return structure(parse(body, operation=operation), model, operation=operation)


def parse(body: bytes, *, operation: str) -> JSON:
    """The JSON that a body holds. Raises DecodeError for an empty body and for anything else."""
    try:
        return loads(body)
    except ValueError as error:
        told = f"a body that is not JSON ({cleaned(str(error))})" if body.strip() else "an empty body"
        raise DecodeError(f"{operation} answered with {told}", operation=operation) from None


def structure(value: JSON, model: type[T], *, operation: str) -> T:
    """The model that a parsed answer holds. Raises DecodeError like ``decode``."""
    build = _builder(cast("Hashable", model))
    try:
        built: T = build(value, model)
    except Exception:
        raise _explain(value, model, operation) from None
    return built


def _explain(value: JSON, model: type[T], operation: str) -> DecodeError:
    try:
        _converter(detailed=True).structure(value, model)
    except Exception as error:
        wrong, _, path = cattrs.transform_error(error, path="$", format_exception=_wrong)[0].rpartition(" @ ")
        return DecodeError(
            f"{operation} answered with an unexpected shape: {wrong} at {path}",
            operation=operation,
            path=path,
        )
    raise AssertionError("the detailed run accepted what the fast run refused")


def _wrong(error: BaseException, _type: type | None) -> str:
    """What is wrong, without the value: it may be a secret, or somebody's address."""
    if isinstance(error, _Expected):
        return str(error)
    if isinstance(error, KeyError):
        return f"no {error.args[0]!r}"
    return "a value of the wrong kind"


class _Expected(TypeError):
    """A value of another kind than the service's document says."""

    def __init__(self, what: str, value: object) -> None:
        super().__init__(f"expected {what}, found {_JSON_NAMES.get(type(value), type(value).__name__)}")


_JSON_NAMES: Final[Mapping[type, str]] = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def _text(value: object, _: object) -> str:
    if type(value) is str:
        return value
    raise _Expected("a text", value)


def _secret(value: object, _: object) -> Secret:
    return Secret(_text(value, str))


def _boolean(value: object, _: object) -> bool:
    if type(value) is bool:
        return value
    raise _Expected("a boolean", value)


def _integer(value: object, _: object) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise _Expected("a whole number", value)


def _float(value: object, _: object) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise _Expected("a number", value)


def _or_text(inner: _Hook) -> _Hook:
    """The same, also where the number stands in a text."""

    def hook(value: object, kind: object) -> object:
        if type(value) is str:
            try:
                value = loads(value)
            except ValueError:
                raise _Expected("a number, also as text", value) from None
        return inner(value, kind)

    return hook


def _moment(value: object, _: object) -> datetime | None:
    """The empty text is no moment, like null; without a zone it is UTC."""
    if value == "":
        return None
    if type(value) is not str:
        raise _Expected("a date and time", value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise _Expected("a date and time", value) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _state(value: object, _: object) -> State:
    return _state_of(_text(value, str))


# The few spellings in use are looked up, any other is made; bounded, since the other side chooses them.
_state_of = functools.lru_cache(maxsize=64)(State)


def _optional(kind: Any, converter: cattrs.Converter) -> _Hook:
    """Null is None. (cattrs has this too, and looks the inner hook up anew for every value.)"""
    inner_kind = _without_null(kind)
    inner: _Hook = converter.get_structure_hook(inner_kind)

    def hook(value: object, _: object) -> object:
        return None if value is None else inner(value, inner_kind)

    return hook


_UNCHANGED: Final[Mapping[Any, type]] = {str: str, bool: bool, int: int, float: float, Count: int, Number: float}


def _without_null(kind: Any) -> Any:
    (inner,) = (part for part in get_args(kind) if part is not NoneType)
    return inner


def _is_optional(kind: Any) -> bool:
    parts = get_args(kind)
    return get_origin(kind) in {Union, UnionType} and len(parts) == 2 and NoneType in parts


def _tuple(kind: Any, converter: cattrs.Converter) -> _Hook:
    """Lists come as tuples, a null list as an empty one."""
    items: Any = GenericAlias(list, get_args(kind)[:1])
    inner: _Hook = list_structure_factory(items, converter)

    def hook(value: object, _: object) -> object:
        if value is None:
            return ()
        if type(value) is not list:
            raise _Expected("a list", value)
        return tuple(inner(value, items))

    return hook


def _ports(_: Any, converter: cattrs.Converter) -> _Hook:
    """Ports by name; null is none."""
    by_name = dict[str, Port]
    inner: _Hook = converter.get_structure_hook(by_name)

    def hook(value: object, _: object) -> Ports:
        if value is None:
            return NO_PORTS
        if type(value) is not dict:
            raise _Expected("an object", value)
        return Ports(inner(value, by_name))

    return hook


def _model(model: type[Any], converter: cattrs.Converter) -> _Hook:
    """A model's own function, with what it has no field for kept in ``extra``."""
    return _explaining(model, converter) if converter.detailed_validation else _building(model, converter)


def _explaining(model: type[Any], converter: cattrs.Converter) -> _Hook:
    """The function that cattrs generates: it collects what is wrong and where."""
    build: _Hook = make_dict_structure_fn(model, converter, extra=override(omit=True))

    def hook(value: object, model: object) -> object:
        if type(value) is not dict:
            raise _Expected("an object", value)
        return build(cast("Any", value), model)

    return hook


def _building(model: type[Any], converter: cattrs.Converter) -> _Hook:
    """A function that walks the fields that came instead of asking for each that may: a third of the time.

    A value of exactly the type that a field shows needs no call, and null none where the field takes it.
    """
    plan: dict[str, tuple[str, type, bool, _Hook, Any]] = {}
    for field in attrs.fields(attrs.resolve_types(model, include_extras=True)):
        nullable = _is_optional(field.type)
        kind: Any = _without_null(field.type) if nullable else field.type
        # The name is the class's own: a call with names that came out of a parser compares them all.
        plan[field.name] = (
            field.name,
            _UNCHANGED.get(kind, _Expected),  # no value is of that type
            nullable,
            converter.get_structure_hook(kind),
            kind,
        )
    plan.pop(EXTRA, None)
    keeps = EXTRA in attrs.fields_dict(model)

    def hook(value: object, _: object) -> object:
        if type(value) is not dict:
            raise _Expected("an object", value)
        items: dict[str, JSON] = value  # pyright: ignore[reportUnknownVariableType]
        ready: dict[str, Any] = {}
        aside: dict[str, JSON] = {}
        for name, item in items.items():
            wanted = plan.get(name)
            if wanted is None:
                aside[name] = item
                continue
            known, exact, nullable, convert, kind = wanted
            if type(item) is exact or (item is None and nullable):
                ready[known] = item
            else:
                ready[known] = convert(item, kind)
        if aside and keeps:
            ready[EXTRA] = aside
        return model(**ready)

    return hook


_SIMPLE: Final[Mapping[Any, _Hook]] = {
    str: _text,
    Secret: _secret,
    bool: _boolean,
    int: _integer,
    float: _float,
    Count: _or_text(_integer),
    Number: _or_text(_float),
    State: _state,
    datetime: _moment,
}

_FACTORIES: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, cattrs.Converter], _Hook]], ...]] = (
    # the later come before the earlier
    (attrs.has, _model),
    (lambda kind: get_origin(kind) is tuple, _tuple),
    (lambda kind: kind is Ports, _ports),
    (_is_optional, _optional),
)


@functools.cache
def _builder(model: Hashable) -> _Hook:
    hook: _Hook = _converter(detailed=False).get_structure_hook(cast("Any", model))
    return hook


@functools.cache
def _converter(*, detailed: bool) -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=detailed)
    for kind, hook in _SIMPLE.items():
        if isinstance(kind, type):
            converter.register_structure_hook(kind, hook)
        else:  # an Annotated is no class
            converter.register_structure_hook_func(functools.partial(operator.eq, kind), hook)
    for matches, factory in _FACTORIES:
        converter.register_structure_hook_factory(matches, factory)
    return converter
