"""Where something may run: what v1 takes beside the players."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.requests import FilterType, one_of, position, sequence

SortStrategy: TypeAlias = Literal["basic", "weighted"]
"""How the document of 2024 has the places sorted."""


@attrs.frozen(kw_only=True)
class DeployFilter:
    """Keeps a deployment of v1, a session or a relay to some places.

    ``field`` is city, country, continent, region, administrative_division or location_tags, ``filter_type`` any, all
    or not.
    """

    field: str
    values: tuple[str, ...]
    filter_type: FilterType = "any"

    def as_json(self) -> JSON:
        """The filter as v1 wants it."""
        return {"field": self.field, "values": [*self.values], "filter_type": self.filter_type}


def filters_json(filters: Sequence[DeployFilter]) -> JSON:
    """The filters as v1 wants them, None for none."""
    return [one.as_json() for one in sequence(filters, "filters")] or None


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
    "telemetry_profile_uuid_list": lambda profiles: [*sequence(profiles, "telemetry_profile_uuid_list")],
    "ap_sort_strategy": lambda strategy: one_of(strategy, get_args(SortStrategy), "ap_sort_strategy"),
}


def old_options(given: Placement | OldOptions, known: type[Placement] | type[OldOptions]) -> dict[str, JSON]:
    """What is given of them as a body has it. Raises ConfigurationError for one there is not."""
    if unknown := set(given) - set(known.__annotations__):
        raise ConfigurationError(f"there is no option {min(unknown)!r}")
    return {
        name: _AS_SENT[name](value) if name in _AS_SENT else value
        for name, value in dict[str, Any](given).items()
        if value is not None
    }
