"""Location filters, with which requests and the policies of fleets choose the cities of deployments."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final

from edgegap_async.simulator.domain.geography import CITIES, City

_FIELDS: Final[Mapping[str, Callable[[City], str]]] = {
    "city": lambda city: city.city,
    "country": lambda city: city.country,
    "continent": lambda city: city.continent,
    "administrative_division": lambda city: city.administrative_division,
}
"""The fields that the simulation supports. Filters on other fields are accepted and ignored."""

_TYPES: Final[Mapping[str, Callable[[str, Collection[str]], bool]]] = {
    "any": lambda value, values: value in values,
    "all": lambda value, values: all(each == value for each in values),
    "not": lambda value, values: value not in values,
}


def is_location_filter(value: object) -> bool:
    """Whether a value from an object without a documented shape is a filter."""
    match value:
        case {"field": str(), "values": list(), "filter_type": str() as kind}:
            return kind in _TYPES
        case _:
            return False


def filtered_cities(filters: Iterable[Mapping[str, Any]]) -> Sequence[City]:
    """Return the cities that pass all filters: ``any`` of the values, ``all`` of them, or ``not`` one of them."""
    cities: Sequence[City] = CITIES
    for each in filters:
        field = _FIELDS.get(each["field"])
        if field is not None:
            passes, values = _TYPES[each["filter_type"]], each["values"]
            cities = [city for city in cities if passes(field(city), values)]
    return cities
