"""Filters that keep a server to some locations, and those that choose what a bulk stop ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.validation import validate_choice, validate_list

FilterType: TypeAlias = Literal["any", "all", "not"]
"""How the values of a filter count: any of them, all of them, or none of them has to match."""


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
    return [one.as_json() for one in validate_list(filters, "filters")] or None


def bulk_filters(match: FilterType, **chosen: Sequence[str]) -> list[JSON]:
    """The filters of a bulk stop, one a field that has values.

    Raises ConfigurationError where none has: that would stop everything.
    """
    validate_choice(match, get_args(FilterType), "match")
    filters = [
        DeployFilter(field=field, values=tuple(values), filter_type=match).as_json()
        for field, values in chosen.items()
        if values
    ]
    if not filters:
        raise ConfigurationError("bulk_stop without anything to choose by would stop everything: name ids or tags")
    return filters
