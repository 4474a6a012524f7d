"""The base class of the classes that responses are decoded to, and the types that several of them share."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

import attrs

from edgegap_async.errors import JSON

_NOTHING: Final[Mapping[str, JSON]] = MappingProxyType({})


class NumberFormat(enum.Enum):
    """Marks the number types whose values may arrive in a string."""

    NUMBER_OR_STRING = enum.auto()


Number: TypeAlias = Annotated[float, NumberFormat.NUMBER_OR_STRING]
"""A float that the service sends as a number or as a string."""

Count: TypeAlias = Annotated[int, NumberFormat.NUMBER_OR_STRING]
"""An int that the service sends as a number or as a string."""


@attrs.frozen(kw_only=True)
class Model:
    """Base class of everything that a response is decoded to."""

    extra: Mapping[str, JSON] = attrs.field(default=_NOTHING, eq=False, repr=False)
    """The fields of the response that the model does not have; ignored by ``==``, ``hash`` and ``repr``."""
