"""Validates what users pass, before anything is sent: names, numbers, choices, options, lists, IP addresses.

Each function returns the valid value, or raises ConfigurationError with a message that names the parameter, what was
passed and what is allowed.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs

from edgegap_async.errors import ConfigurationError

T = TypeVar("T")

MAX_TAG_LENGTH: Final = 40
"""Characters that the service allows in a tag."""

PLAIN_NAME: Final = re.compile("[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names that fit in a URL path as they are: all ids, and most names."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def suggestion(name: object, choices: Iterable[str]) -> str:
    """Return the end of an error message: the choice closest to ``name`` if one is close, then all choices."""
    known = sorted(choices)
    close = "".join(f"did you mean {one!r}? " for one in difflib.get_close_matches(str(name), known, n=1))
    return f"{close}choose from {', '.join(known)}"


def validate_name(value: object, what: str, *, min_length: int = 1, max_length: float = math.inf) -> str:
    """Return a name that fits in one segment of a URL path.

    Args:
        value: The name to check.
        what: What it is the name of, for the error message.
        min_length: The fewest characters allowed.
        max_length: The most characters allowed.

    Raises:
        ConfigurationError: The value is not a string, is blank, has the wrong length, or holds a slash, a backslash
            or a control character.
    """
    if not isinstance(value, str):
        raise ConfigurationError(f"{what} must be a string, not {type(value).__name__}")
    if min_length <= len(value) <= max_length and PLAIN_NAME.fullmatch(value):
        return value
    if not value.strip():
        raise ConfigurationError(f"{what} is empty")
    if "/" in value or "\\" in value or value in {".", ".."} or _CONTROL.search(value):
        raise ConfigurationError(
            f"{what} {value!r} cannot be part of a URL path: it must not hold a slash, a backslash or a line break, "
            "nor be '.' or '..'"
        )
    if not min_length <= len(value) <= max_length:
        bound = f"at least {min_length}" if len(value) < min_length else f"at most {max_length}"
        raise ConfigurationError(f"{what} must have {bound} characters; {value!r} has {len(value)}")
    return value


def validate_names(values: Iterable[str], what: str) -> list[str]:
    """Return names that each fit in one segment of a URL path.

    Raises:
        ConfigurationError: ``values`` is not a list, or ``validate_name`` refuses one of them.
    """
    return [validate_name(value, f"each of {what}") for value in validate_list(values, what)]


def validate_tag(value: object) -> str:
    """Return a tag.

    Raises:
        ConfigurationError: It does not have 1 to 40 characters, or ``validate_name`` refuses it.
    """
    return validate_name(value, "a tag", max_length=MAX_TAG_LENGTH)


def validate_tags(values: Sequence[str]) -> list[str]:
    """Return tags.

    Raises:
        ConfigurationError: A tag is invalid, or ``values`` is a single string, which would become one tag a letter.
    """
    return [validate_tag(value) for value in validate_list(values, "tags")]


def validate_list(values: Iterable[T], what: str) -> list[T]:
    """Return the values as a list.

    Raises:
        ConfigurationError: ``values`` is a string or cannot be iterated.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a list, not {type(values).__name__}")
    return list(values)


def validate_choice(value: str, choices: Iterable[str], what: str) -> str:
    """Return one of the words that the service knows.

    Args:
        value: The word to check.
        choices: The words that the service knows.
        what: What is chosen, for the error message.

    Raises:
        ConfigurationError: The value is none of them; the message suggests the closest.
    """
    if value not in (known := tuple(choices)):
        raise ConfigurationError(f"{what} cannot be {value!r}: {suggestion(value, known)}")
    return value


def validate_options(options: Mapping[str, object], known: Collection[str], what: str) -> None:
    """Check the names of keyword arguments.

    Args:
        options: The keyword arguments.
        known: The names that are allowed.
        what: What the options are for, for the error message.

    Raises:
        ConfigurationError: A name is unknown; the message suggests the closest.
    """
    for name in options:
        if name not in known:
            raise ConfigurationError(f"{what} takes no option {name!r}: {suggestion(name, known)}")


def validate_number(value: float, what: str, *, minimum: float, maximum: float = math.inf) -> float:
    """Return a number within a range, both ends included.

    Args:
        value: The number to check; a bool and NaN are refused.
        what: What the number is, for the error message.
        minimum: The smallest number allowed.
        maximum: The largest number allowed.

    Raises:
        ConfigurationError: The value is not a number, or is outside of the range.
    """
    _require_number(value, what)
    if not minimum <= value <= maximum:
        allowed = f"at least {minimum}" if math.isinf(maximum) else f"between {minimum} and {maximum}"
        raise ConfigurationError(f"{what} must be {allowed}, not {value}")
    return value


def validate_int(value: int, what: str, *, minimum: float = 0, maximum: float = math.inf) -> int:
    """Return a whole number within a range, both ends included.

    Args:
        value: The number to check; a bool is refused.
        what: What the number is, for the error message.
        minimum: The smallest number allowed.
        maximum: The largest number allowed.

    Raises:
        ConfigurationError: The value is not a whole number, or is outside of the range.
    """
    if not isinstance(validate_number(value, what, minimum=minimum, maximum=maximum), int):
        raise ConfigurationError(f"{what} must be a whole number, not {value}")
    return value


def validate_positive(value: float, what: str) -> float:
    """Return a number above 0; infinity is allowed.

    Raises:
        ConfigurationError: The value is not a number, or is not above 0.
    """
    _require_number(value, what)
    if not value > 0:
        raise ConfigurationError(f"{what} must be above 0, not {value}")
    return float(value)


def positive(instance: object, field: attrs.Attribute[Any], value: float) -> None:
    """Check a field of an attrs class with ``validate_positive``: ``attrs.field(validator=positive)``.

    Args:
        instance: The instance that is created.
        field: The field; the error message names it with its class.
        value: The number to check.

    Raises:
        ConfigurationError: The value is not a number, or is not above 0.
    """
    validate_positive(value, f"{type(instance).__name__}.{field.name}")


def validate_timeout(seconds: float, what: str = "timeout") -> float:
    """Return a number of seconds above 0; ``math.inf`` is no timeout.

    Raises:
        ConfigurationError: The value is not a number, or is not above 0.
    """
    return validate_positive(seconds, f"{what} (seconds)")


def validate_ip_address(value: str, what: str = "an IP address") -> str:
    """Return an IPv4 or IPv6 address in its canonical form.

    Raises:
        ConfigurationError: The value is not a string that holds an IP address.
    """
    try:
        # ip_address() would accept a number as well
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))  # pyright: ignore[reportUnnecessaryIsInstance]
    except ValueError:
        raise ConfigurationError(f"{what} must be an IPv4 or IPv6 address, not {value!r}") from None


def validate_ip_addresses(values: Sequence[str], what: str) -> list[str]:
    """Return at least one IP address, in canonical form.

    Raises:
        ConfigurationError: ``values`` is empty or not a list, or one of them is not an IP address.
    """
    if not (addresses := [validate_ip_address(value, f"each of {what}") for value in validate_list(values, what)]):
        raise ConfigurationError(f"{what} is empty: pass at least one IP address")
    return addresses


def _require_number(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{what} must be a number, not {type(value).__name__}")
