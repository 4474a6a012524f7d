"""How models arrive: for each model a wire type, from which the compiled decoders create it.

A wire type is a ``msgspec.Struct`` with the fields of the model, in which a field has the JSON type that the service
documents: a date is a string, a count is a number or a string, a list may be null. msgspec parses a body into wire
types in two thirds of the time of a plain parse, and refuses every other type and every unknown field.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from types import GenericAlias, NoneType
from typing import Any, Final, Literal, NamedTuple, Optional, cast, get_args, get_origin

import attrs
import msgspec

from edgegap_async.decoding.scalars import SCALARS, is_optional
from edgegap_async.decoding.unknown_fields import UNKNOWN_FIELDS
from edgegap_async.models.base import Model
from edgegap_async.models.ports import NO_PORTS, Port, Ports

_FACTORY: Final = cast("type", attrs.Factory)
_HOOKS: Final = ("__attrs_pre_init__", "__attrs_post_init__")


class NotCompilableError(Exception):
    """A type is left to the walker."""


class Wire(NamedTuple):
    """How values of one type arrive.

    Attributes:
        type: The type that msgspec checks.
        is_kept: Whether the models hold the values as they arrive.
        null: What null becomes, where the type allows it.
    """

    type: Any
    is_kept: bool
    null: object = None


class WireTypes:
    """The wire types of one type and of all types in it."""

    def __init__(self) -> None:
        self._structs: dict[type, type[msgspec.Struct] | None] = {}

    def of(self, kind: Any) -> Wire:
        """Return how values of a type arrive; raises NotCompilableError for a type that is left to the walker."""
        if is_optional(kind):
            wire = self.of(not_none(kind))
            return Wire(Optional[wire.type], wire.is_kept and wire.null is None)  # noqa: UP045 - Any has no "|"
        if kind is Any or get_origin(kind) is Literal:
            return Wire(kind, is_kept=True)
        if kind in SCALARS:
            return Wire(SCALARS[kind].wire, SCALARS[kind].convert is None)
        if kind is Ports or get_origin(kind) in {tuple, Mapping}:
            return self._of_container(kind)
        if attrs.has(kind):
            return Wire(self._struct_of(kind), is_kept=False)
        raise NotCompilableError(f"{kind} has no wire type")

    def _of_container(self, kind: Any) -> Wire:
        if kind is Ports:
            return Wire(GenericAlias(dict, (str, self.of(Port).type)) | None, is_kept=False, null=NO_PORTS)
        if get_origin(kind) is Mapping:
            item = self.of(get_args(kind)[1])
            return Wire(GenericAlias(dict, (str, item.type)), item.is_kept)
        item = self.of(get_args(kind)[0])
        container = GenericAlias(tuple, (item.type, ...)) if item.is_kept else GenericAlias(list, (item.type,))
        return Wire(container | None, is_kept=False, null=())

    def default(self, field: attrs.Attribute[Any]) -> Any:
        """Return what a missing field is in the wire type: UNSET if only the model's own default will do."""
        wire = self.of(field.type)
        if field.default is attrs.NOTHING:
            return msgspec.NODEFAULT
        if wire.is_kept and isinstance(field.default, (NoneType, bool, int, float, str)):
            return field.default
        return None if field.default is wire.null else msgspec.UNSET

    def _struct_of(self, model: type) -> type[msgspec.Struct]:
        if model not in self._structs:
            self._structs[model] = None
            self._structs[model] = self._struct(model)
        struct = self._structs[model]
        if struct is None:
            raise NotCompilableError(f"{model} contains itself")
        return struct

    def _struct(self, model: type) -> type[msgspec.Struct]:
        if inspect.isabstract(model) or any(hasattr(model, hook) for hook in _HOOKS):
            raise NotCompilableError(f"{model} is not a plain model")
        unknown = unknown_fields(model)
        return msgspec.defstruct(
            f"{model.__name__}Wire",
            [
                *((field.name, self.of(field.type).type, self.default(field)) for field in known_fields(model)),
                *((name, Any, msgspec.UNSET) for name in unknown),
            ],
            kw_only=True,
            gc=False,  # they are deleted as soon as the models are created, and are in no cycle
            forbid_unknown_fields=True,  # also where they are ignored: msgspec does not check the JSON that it skips
            rename=unknown,
        )


def not_none(kind: Any) -> Any:
    """Return ``X`` of ``X | None``."""
    (member,) = (member for member in get_args(kind) if member is not NoneType)
    return member


def known_fields(model: type) -> Sequence[attrs.Attribute[Any]]:
    """Return the fields of a model without ``extra``; raises NotCompilableError for fields with other features."""
    fields: Sequence[attrs.Attribute[Any]] = attrs.fields(attrs.resolve_types(model, include_extras=True))
    for field in fields:
        converter = cast("Any", field.converter)  # pyright: ignore[reportUnknownMemberType]
        is_plain = field.init and field.alias == field.name and field.validator is None
        if not is_plain or isinstance(converter, attrs.Converter) or isinstance(field.default, _FACTORY):
            raise NotCompilableError(f"{model}.{field.name} is not a plain field")
    extra = attrs.fields(Model).extra.name if issubclass(model, Model) else None
    return [field for field in fields if field.name != extra]


def unknown_fields(model: type) -> Mapping[str, str]:
    """Return the names of the fields in responses that a model does not have, by their names in its wire type."""
    known = {field.name for field in known_fields(model)}
    names = dict.fromkeys(name for base in model.__mro__ for name in UNKNOWN_FIELDS.of(base) if name not in known)
    return {f"unknown_{index}": name for index, name in enumerate(names)}
