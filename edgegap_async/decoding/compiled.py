"""Compile a model into a decoder that parses a body and creates the models in one pass.

msgspec parses the body into wire types (``wire``). What it has parsed needs no further check, so a generated function
creates the models from it. For a model with a name and a date::

    def decode(body):
        wire = parse_0(body)
        draft_1 = Draft_1()
        draft_1.name = wire.name
        value_2 = wire.start_time
        if value_2 is None:
            draft_1.start_time = null_2
        else:
            draft_1.start_time = convert_2(value_2)
        draft_1.__class__ = Model_1
        return draft_1

msgspec could fill the attrs classes directly. That takes three times as long, ignores unknown fields and calls no
converters. The ``__init__`` of a frozen attrs class takes five times as long as the assignments above, which
``Draft_1`` allows: a subclass of the model without the model's ``__init__`` and ``__setattr__``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, cast, get_args, get_origin

import attrs
import msgspec

from edgegap_async.decoding.scalars import SCALARS, YEAR_1, YEAR_1_UTC, is_optional
from edgegap_async.decoding.wire import NotCompilableError, WireTypes, known_fields, not_none, unknown_fields
from edgegap_async.models.base import Model
from edgegap_async.models.ports import Port, Ports

BodyDecoder: TypeAlias = Callable[[bytes], Any]
"""Decodes a body; any exception says that the body is left to the walker."""

_EXTRA: Final = attrs.fields(Model).extra.name
_NO_EXTRA: Final[Any] = attrs.fields(Model).extra.default


def _body_decoder(kind: Any, _version: int) -> BodyDecoder:
    types = WireTypes()
    try:
        parse = msgspec.json.Decoder(types.of(kind).type).decode
    except (NotCompilableError, TypeError) as error:  # a TypeError is msgspec's, for a type that it does not know
        return functools.partial(_refuse, str(error))
    return _Compiler(types).function(kind, parse)


body_decoder: Final[Callable[[Any, int], BodyDecoder]] = functools.lru_cache(maxsize=256)(_body_decoder)
"""Returns the decoder of an attrs class, or of a type such as ``tuple[Tag, ...]``, for a version of UNKNOWN_FIELDS."""


def _refuse(reason: str, _: bytes) -> Any:
    raise NotCompilableError(reason)


class _Compiler:
    """Generates the function that decodes a body to a type.

    The methods yield lines of code. Their parameters ``source`` and ``target`` are the expressions for the value that
    arrives, and for what the converted value is assigned to.
    """

    def __init__(self, types: WireTypes) -> None:
        self._types = types
        self._names: dict[str, Any] = {}

    def function(self, kind: Any, parse: Callable[[bytes], Any]) -> BodyDecoder:
        """Return the decoder of a type; ``parse`` parses a body into the wire type."""
        lines = [f"wire = {self._name('parse', parse)}(body)", *self._convert(kind, "wire", "converted")]
        code = "\n".join(["def decode(body):", *_indented(lines), "    return converted"])
        exec(code, self._names)  # noqa: S102 - it consists of the texts below and the names of the models' fields
        return cast("BodyDecoder", self._names["decode"])

    def _convert(self, kind: Any, source: str, target: str) -> Iterator[str]:
        wire = self._types.of(kind)
        if wire.is_kept:
            yield f"{target} = {source}"
        elif is_optional(kind):
            yield from self._convert_unless_null(not_none(kind), source, target, null=None)
        elif kind is Ports or get_origin(kind) is tuple:
            yield from self._convert_unless_null(kind, source, target, null=wire.null)
        else:
            yield from self._convert_value(kind, source, target)

    def _convert_unless_null(self, kind: Any, source: str, target: str, *, null: object) -> Iterator[str]:
        value = self._name("value")
        yield f"{value} = {source}"
        yield f"if {value} is None:"
        yield f"    {target} = {self._name('null', null)}"
        yield "else:"
        yield from _indented(self._convert_value(kind, value, target))

    def _convert_value(self, kind: Any, source: str, target: str) -> Iterator[str]:
        if kind in SCALARS:
            yield from self._convert_scalar(kind, source, target)
        elif kind is Ports:
            create = self._ports_function()
            yield from self._create(
                Ports, target, lambda draft: [f"{draft}._received = {source}", f"{draft}._create = {create}"]
            )
        elif get_origin(kind) is tuple:
            yield from self._convert_list(get_args(kind)[0], source, target)
        elif get_origin(kind) is Mapping:
            yield from self._convert_items(get_args(kind)[1], source, source)
            yield f"{target} = {source}"
        else:
            yield from self._convert_model(kind, source, target)

    def _convert_scalar(self, kind: Any, source: str, target: str) -> Iterator[str]:
        scalar = SCALARS[kind]
        if kind is datetime:
            yield from self._convert_datetime(source, target)
        elif scalar.convert is None:
            yield f"{target} = {source}"
        elif scalar.unchanged is None:
            yield f"{target} = {self._name('convert', scalar.convert)}({source})"
        else:
            yield f"if type({source}) is {self._name('unchanged', scalar.unchanged)}:"
            yield f"    {target} = {source}"
            yield "else:"
            yield f"    {target} = {self._name('convert', scalar.convert)}({source})"

    def _convert_datetime(self, source: str, target: str) -> Iterator[str]:
        """Convert a date as ``utc_datetime`` does, without the call: most rows have one."""
        moment = self._name("moment")
        yield f"if {source}:"
        yield f"    {moment} = {self._name('parse', datetime.fromisoformat)}({source})"
        yield f"    if {moment}.tzinfo is None:"
        yield f"        {target} = {self._name('year_1_utc', YEAR_1_UTC)} + ({moment} - {self._name('year_1', YEAR_1)})"
        yield "    else:"
        yield f"        {target} = {moment}.astimezone({self._name('UTC', UTC)})"
        yield "else:"
        yield f"    {target} = None"

    def _convert_list(self, kind: Any, source: str, target: str) -> Iterator[str]:
        if self._types.of(kind).is_kept:
            yield f"{target} = {source}"
            return
        index, item = self._name("index"), self._name("item")
        yield f"for {index}, {item} in enumerate({source}):"
        yield from _indented(self._convert(kind, item, f"{source}[{index}]"))
        yield f"{target} = tuple({source})"

    def _convert_items(self, kind: Any, source: str, target: str) -> Iterator[str]:
        """Convert the values of a dict and put them into another one, or into their places."""
        key, item = self._name("key"), self._name("item")
        yield f"for {key}, {item} in {source}.items():"
        yield from _indented(self._convert(kind, item, f"{target}[{key}]"))

    def _ports_function(self) -> str:
        """Generate the function that creates ports when they are first read; returns its name."""
        if not all(self._types.of(field.type).is_kept for field in known_fields(Port)):
            raise NotCompilableError("a port may not fit its model, which would be found only when it is read")
        name = self._name("create_ports")
        lines = ["created = {}", *self._convert_items(Port, "received", "created"), "return created"]
        exec("\n".join([f"def {name}(received):", *_indented(lines)]), self._names)  # noqa: S102 - as in function
        return name

    def _convert_model(self, model: type, source: str, target: str) -> Iterator[str]:
        def assign_fields(draft: str) -> Iterator[str]:
            for field in known_fields(model):
                yield from self._convert_field(field, f"{source}.{field.name}", f"{draft}.{field.name}")
            if issubclass(model, Model):
                yield from self._collect_extra(model, source, f"{draft}.{_EXTRA}")

        yield from self._create(model, target, assign_fields)

    def _create(self, kind: type, target: str, assign: Callable[[str], Iterable[str]]) -> Iterator[str]:
        """Create an instance of an attrs class; ``assign`` yields the code that fills the draft of the passed name."""
        draft = self._name("draft")
        yield f"{draft} = {self._name('Draft', _draft_of(kind))}()"
        yield from assign(draft)
        yield f"{draft}.__class__ = {self._name('Model', kind)}"
        yield f"{target} = {draft}"

    def _convert_field(self, field: attrs.Attribute[Any], source: str, target: str) -> Iterator[str]:
        """Convert a field of a model, with the model's default and converter."""
        converter = cast("Any", field.converter)  # pyright: ignore[reportUnknownMemberType]
        value = target if converter is None else self._name("value")
        if self._types.default(field) is msgspec.UNSET:
            yield f"if {source} is {self._name('UNSET', msgspec.UNSET)}:"
            yield f"    {value} = {self._name('default', field.default)}"
            yield "else:"
            yield from _indented(self._convert(field.type, source, value))
        else:
            yield from self._convert(field.type, source, value)
        if converter is not None:
            yield f"{target} = {self._name('converter', converter)}({value})"

    def _collect_extra(self, model: type, source: str, target: str) -> Iterator[str]:
        """Collect the fields of a response that the model does not have."""
        nothing = self._name("nothing", _NO_EXTRA)
        yield f"{target} = {nothing}"
        for field, name in unknown_fields(model).items():
            yield f"if {source}.{field} is not {self._name('UNSET', msgspec.UNSET)}:"
            yield f"    if {target} is {nothing}:"
            yield f"        {target} = {{}}"
            yield f"    {target}[{self._name('name', name)}] = {source}.{field}"

    def _name(self, prefix: str, value: object = None) -> str:
        """Return a new name: of a variable of the function, or of a value that it uses."""
        name = f"{prefix}_{len(self._names)}"
        self._names[name] = value
        return name


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _draft_of(kind: type) -> type:
    """Return a subclass whose instances start empty, are writable, and can become instances of the class itself."""
    members = {
        "__slots__": (),
        "__module__": kind.__module__,
        "__init__": object.__init__,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,  # CPython assigns attributes fast only where both are those of object
    }
    draft: type = type(kind)(f"{kind.__name__}Draft", (kind,), members)
    return draft
