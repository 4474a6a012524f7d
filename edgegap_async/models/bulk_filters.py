"""The filters of a bulk stop: which deployments or sessions it stops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.models.location_filters import DeployFilter, FilterType
from edgegap_async.validation import validate_choice


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
