"""Deprecated options of v1 deployments and sessions: where they may run, before there were filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

from edgegap_async.errors import JSON
from edgegap_async.models.users import position_json
from edgegap_async.validation import validate_choice, validate_list, validate_options

SortStrategy: TypeAlias = Literal["basic", "weighted"]
"""How the service sorts locations before it chooses one."""


class DeprecatedPlacement(TypedDict, total=False):
    """Deprecated options for the location of a deployment or session; ``filters`` replaces them.

    Only the document of 2024 lists them. All are optional, and unset by default.

    - ``location``: latitude and longitude, in degrees, to be near to in place of the players.
    - ``city``, ``country``, ``continent``, ``region``, ``administrative_division``: the name of the only place allowed.
    - ``skip_telemetry``: choose by the players' addresses alone, without measuring round trips.
    """

    location: tuple[float, float]
    """Latitude (-90 to 90) and longitude (-180 to 180), in degrees, to be near to in place of the players."""
    city: str
    """The only city allowed, such as ``"Montreal"``."""
    country: str
    """The only country allowed, such as ``"Canada"``."""
    continent: str
    """The only continent allowed, such as ``"North America"``."""
    region: str
    """The only region allowed."""
    administrative_division: str
    """The only state or province allowed, such as ``"Quebec"``."""
    skip_telemetry: bool
    """Choose the location by the players' addresses alone, without measuring round trips."""


class DeprecatedOptions(DeprecatedPlacement, total=False):
    """Deprecated options of a v1 deployment (``deployments.create_v1``), beside those of ``DeprecatedPlacement``.

    Only the document of 2024 lists them. All are optional, and unset by default.

    - ``location``: latitude and longitude, in degrees, to be near to in place of the players.
    - ``city``, ``country``, ``continent``, ``region``, ``administrative_division``: the name of the only place allowed.
    - ``skip_telemetry``: choose by the players' addresses alone, without measuring round trips.
    - ``is_public_app``: whether the application is one that the provider offers to all organisations.
    - ``telemetry_profile_uuid_list``: the ids of the players' telemetry profiles.
    - ``ap_sort_strategy``: how locations are sorted, ``"basic"`` or ``"weighted"``.
    """

    is_public_app: bool
    """Whether the application is one that the provider offers to all organisations."""
    telemetry_profile_uuid_list: Sequence[str]
    """The ids of the players' telemetry profiles."""
    ap_sort_strategy: SortStrategy
    """How locations are sorted before one is chosen: ``"basic"`` or ``"weighted"``."""


_ENCODERS: Final[Mapping[str, Callable[[Any], JSON]]] = {
    "location": position_json,
    "telemetry_profile_uuid_list": lambda profiles: [*validate_list(profiles, "telemetry_profile_uuid_list")],
    "ap_sort_strategy": lambda strategy: validate_choice(strategy, get_args(SortStrategy), "ap_sort_strategy"),
}
"""The options that are checked or are sent in another form."""


def deprecated_options_json(
    options: DeprecatedPlacement | DeprecatedOptions, known: type[DeprecatedPlacement] | type[DeprecatedOptions]
) -> dict[str, JSON]:
    """Return the options as fields of a body; raises ConfigurationError for an option that ``known`` does not have."""
    validate_options(options, known.__annotations__, "a deployment or session")
    return {
        name: _ENCODERS[name](value) if name in _ENCODERS else value
        for name, value in dict[str, Any](options).items()
        if value is not None
    }
