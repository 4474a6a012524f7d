"""Where something may run: what v1 takes beside the players."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

from edgegap_async.errors import JSON
from edgegap_async.models.users import position
from edgegap_async.validation import validate_choice, validate_list, validate_options

SortStrategy: TypeAlias = Literal["basic", "weighted"]
"""How the document of 2024 has the places sorted."""


class Placement(TypedDict, total=False):
    """What the document of 2024 has beside ``filters``, which took its place; deprecated."""

    location: tuple[float, float]
    """Latitude and longitude, in degrees, to be near to instead of the players."""
    city: str
    country: str
    continent: str
    region: str
    administrative_division: str
    skip_telemetry: bool
    """Choose by the players' addresses alone, without measuring."""


class OldOptions(Placement, total=False):
    """What else the document of 2024 lets a v1 deployment be given; deprecated."""

    is_public_app: bool
    """Whether the application is one that the provider gives to everybody."""
    telemetry_profile_uuid_list: Sequence[str]
    """Telemetry profiles of the players."""
    ap_sort_strategy: SortStrategy
    """How places are sorted."""


_AS_SENT: Final[Mapping[str, Callable[[Any], JSON]]] = {
    "location": position,
    "telemetry_profile_uuid_list": lambda profiles: [*validate_list(profiles, "telemetry_profile_uuid_list")],
    "ap_sort_strategy": lambda strategy: validate_choice(strategy, get_args(SortStrategy), "ap_sort_strategy"),
}


def old_options(options: Placement | OldOptions, known: type[Placement] | type[OldOptions]) -> dict[str, JSON]:
    """What is given of them as a body has it. Raises ConfigurationError for one there is not."""
    validate_options(options, known.__annotations__, "a deployment or session")
    return {
        name: _AS_SENT[name](value) if name in _AS_SENT else value
        for name, value in dict[str, Any](options).items()
        if value is not None
    }
