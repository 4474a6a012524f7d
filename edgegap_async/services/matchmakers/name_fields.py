"""Request fields that hold names."""

from __future__ import annotations

from edgegap_async.errors import JSON
from edgegap_async.validation import validate_name


def validate_name_fields(**names: object) -> dict[str, JSON]:
    """Return the fields unchanged, if their values are valid names.

    Each is a name that becomes part of a URL path in this request or a later one.

    Raises:
        ConfigurationError: A name is not a string, is blank, or holds a character that a path segment cannot.
    """
    return {field: validate_name(name, f"the {field.replace('_', ' ')}") for field, name in names.items()}
