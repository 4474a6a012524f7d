"""Filters of requests: where a deployment may run, and what a bulk stop stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.base import Model
from edgegap_async.validation import validate_choice, validate_list

FilterType: TypeAlias = Literal["any", "all", "not"]
"""How the values of a filter combine: any of them, all of them, or none of them must match."""


@attrs.frozen(kw_only=True)
class DeployFilter(Model):
    """Restricts the locations of a v1 deployment, a session or a relay session.

    ::

        DeployFilter(field="country", values=("Canada", "United States"))

    Attributes:
        field: ``city``, ``country``, ``continent``, ``region``, ``administrative_division`` or ``location_tags``.
        values: The values to compare with.
        filter_type: Whether any, all or none of the values must match.
    """

    field: str
    values: tuple[str, ...]
    filter_type: FilterType = "any"

    def as_json(self) -> JSON:
        """Return the filter as v1 expects it."""
        return {"field": self.field, "values": [*self.values], "filter_type": self.filter_type}


def filters_json(filters: Sequence[DeployFilter]) -> JSON:
    """Return the filters as v1 expects them, None if there are none."""
    return [one.as_json() for one in validate_list(filters, "filters")] or None


def bulk_filters(match: FilterType, **values: Sequence[str]) -> list[JSON]:
    """Return the filters of a bulk stop, one for each field that has values.

    Args:
        match: Whether any, all or none of the values of a field must match.
        **values: The values by the name of the field.

    Raises:
        ConfigurationError: No field has values: the service would stop everything.
    """
    validate_choice(match, get_args(FilterType), "match")
    filters = [
        DeployFilter(field=field, values=tuple(chosen), filter_type=match).as_json()
        for field, chosen in values.items()
        if chosen
    ]
    if not filters:
        raise ConfigurationError("a bulk stop without a filter would stop everything: pass ids or tags")
    return filters
