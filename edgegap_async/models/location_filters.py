"""Filters of locations: where a v1 deployment, a session or a relay session may run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias, get_args

import attrs

from edgegap_async.errors import JSON
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
        """Return the filter as v1 expects it; raises ConfigurationError for an unknown ``filter_type``."""
        filter_type = validate_choice(self.filter_type, get_args(FilterType), "a filter's filter_type")
        return {"field": self.field, "values": [*self.values], "filter_type": filter_type}


def filters_json(filters: Sequence[DeployFilter]) -> JSON:
    """Return the filters as v1 expects them, None if there are none."""
    return [one.as_json() for one in validate_list(filters, "filters")] or None
