"""Convert parsed JSON to models by walking it: the reference for what a body decodes to, and for every error.

cattrs' converter is the registry of hooks. Each type has one hook, which both converts and reports: when a value does
not fit, the error collects its path on the way up through the levels, so the failure needs no second run.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final, TypeAlias, get_args, get_origin

import attrs
import cattrs

from edgegap_async.decoding.scalars import SCALARS, StructureHook, UnexpectedValue, expected, is_optional, located
from edgegap_async.decoding.unknown_fields import UNKNOWN_FIELDS
from edgegap_async.errors import JSON, cleaned
from edgegap_async.models.base import Model
from edgegap_async.models.ports import NO_PORTS, Port, Ports

_Conversion: TypeAlias = tuple[frozenset[type], StructureHook, Any]
"""The types whose values need no conversion, the hook for all other values, and the type to pass to the hook."""

_MAX_KEY_LENGTH: Final = 100
"""Characters of a mapping's key in the path of an error: the service chooses the keys."""

_EXTRA: Final = attrs.fields(Model).extra.name


def _conversion(kind: Any, converter: cattrs.Converter) -> _Conversion:
    """Return how values of a type are converted; None needs no conversion where the type allows it."""
    unchanged: set[type] = set()
    if is_optional(kind):
        unchanged.add(NoneType)
        (kind,) = (member for member in get_args(kind) if member is not NoneType)
    if kind in SCALARS and (same := SCALARS[kind].unchanged) is not None:
        unchanged.add(same)
    return frozenset(unchanged), converter.get_structure_hook(kind), kind


def _optional_hook(kind: Any, converter: cattrs.Converter) -> StructureHook:
    """Return the hook for ``X | None``."""
    unchanged, convert, inner = _conversion(kind, converter)

    def hook(value: object, _: object) -> object:
        return value if type(value) in unchanged else convert(value, inner)

    return hook


def _tuple_hook(kind: Any, converter: cattrs.Converter) -> StructureHook:
    """Return the hook for ``tuple[X, ...]``: a list becomes a tuple, null an empty one."""
    unchanged, convert, inner = _conversion(get_args(kind)[0], converter)

    def hook(value: Any, _: object) -> tuple[Any, ...]:
        if value is None:
            return ()
        if type(value) is not list:
            raise expected("a list", value)
        items: list[Any] = value  # pyright: ignore[reportUnknownVariableType]
        converted: list[Any] = []
        try:
            for item in items:
                converted.append(item if type(item) in unchanged else convert(item, inner))  # noqa: PERF401
        except Exception as error:
            raise located(error, f"[{len(converted)}]") from None
        return tuple(converted)

    return hook


def _mapping_hook(kind: Any, converter: cattrs.Converter) -> StructureHook:
    """Return the hook for ``Mapping[str, X]``."""
    item_type = get_args(kind)[1]
    unchanged, convert, inner = _conversion(item_type, converter)

    def hook(value: Any, _: object) -> dict[str, Any]:
        if type(value) is not dict:
            raise expected("an object", value)
        items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        if item_type is Any:
            return dict(items)
        converted: dict[str, Any] = {}
        key = ""
        try:
            for key, item in items.items():
                converted[key] = item if type(item) in unchanged else convert(item, inner)
        except Exception as error:
            raise located(error, f"[{cleaned(repr(key), _MAX_KEY_LENGTH)}]") from None
        return converted

    return hook


def _ports_hook(_: Any, converter: cattrs.Converter) -> StructureHook:
    """Return the hook for ports by name; null is no ports."""
    by_name = Mapping[str, Port]
    convert: StructureHook = converter.get_structure_hook(by_name)

    def hook(value: object, _: object) -> Ports:
        return NO_PORTS if value is None else Ports(convert(value, by_name))

    return hook


def _model_hook(model: type[Any], converter: cattrs.Converter) -> StructureHook:
    """Return the hook for an attrs class; fields that it does not have are kept in ``extra``.

    The hook walks the fields that are in the object, which takes a third of the time of a lookup of every field that
    the model has.
    """
    fields = attrs.fields(attrs.resolve_types(model, include_extras=True))
    # The name is repeated in the value: a call with keyword names that are the class's own strings needs no comparison.
    plan: dict[str, tuple[str, _Conversion]] = {
        field.name: (field.name, _conversion(field.type, converter)) for field in fields
    }
    required = [field.name for field in fields if field.default is attrs.NOTHING]
    keeps_extra = issubclass(model, Model)
    if keeps_extra:
        del plan[_EXTRA]

    def hook(value: Any, _: object) -> object:
        if type(value) is not dict:
            raise expected("an object", value)
        items: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
        converted: dict[str, Any] = {}
        extra: dict[str, JSON] = {}
        name = ""
        try:
            for name, item in items.items():
                planned = plan.get(name)
                if planned is None:
                    extra[name] = item
                    continue
                own_name, (unchanged, convert, kind) = planned
                converted[own_name] = item if type(item) in unchanged else convert(item, kind)
        except Exception as error:
            raise located(error, f".{name}") from None
        if extra:
            UNKNOWN_FIELDS.add(model, extra)
            if keeps_extra:
                converted[_EXTRA] = extra
        try:
            return model(**converted)
        except Exception as error:
            for missing in required:
                if missing not in converted:
                    raise UnexpectedValue(f"no {missing!r}", f".{missing}") from None
            raise located(error, "") from None

    return hook


_FACTORIES: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, cattrs.Converter], StructureHook]], ...]] = (
    # cattrs asks the predicates from the last to the first
    (attrs.has, _model_hook),
    (lambda kind: get_origin(kind) is tuple, _tuple_hook),
    (lambda kind: get_origin(kind) is Mapping, _mapping_hook),
    (lambda kind: kind is Ports, _ports_hook),
    (is_optional, _optional_hook),
)


def _hook_of(model: Any) -> StructureHook:
    hook: StructureHook = _converter().get_structure_hook(model)
    return hook


hook_of: Final[Callable[[Any], StructureHook]] = functools.cache(_hook_of)
"""Returns the hook that converts parsed JSON to a type."""


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    for kind, scalar in SCALARS.items():
        if isinstance(kind, type):
            converter.register_structure_hook(kind, scalar.hook)
        else:  # Count and Number are Annotated types, which are not classes
            converter.register_structure_hook_func(functools.partial(operator.eq, kind), scalar.hook)
    for matches, factory in _FACTORIES:
        converter.register_structure_hook_factory(matches, factory)
    return converter
