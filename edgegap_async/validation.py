"""Checks of what callers pass, before anything is sent: names, numbers, choices, lists."""

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

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


def suggestion(name: object, choices: Iterable[str]) -> str:
    """The end of an error message that lists ``choices``, the one closest to ``name`` first if any is close."""
    known = sorted(choices)
    close = "".join(f"did you mean {one!r}? " for one in difflib.get_close_matches(str(name), known, n=1))
    return f"{close}known: {', '.join(known)}"


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
    """Return names that each fit in one segment of a URL path; raises ConfigurationError for any other value."""
    return [validate_name(value, f"each of {what}") for value in validate_list(values, what)]


def validate_tag(value: object) -> str:
    """Return a tag of 1 to 40 characters; raises ConfigurationError for any other value."""
    return validate_name(value, "a tag", max_length=MAX_TAG_LENGTH)


def validate_tags(values: Sequence[str]) -> list[str]:
    """Return tags of 1 to 40 characters each.

    Raises:
        ConfigurationError: A tag is invalid, or ``values`` is a single string, which would become one tag a letter.
    """
    return [validate_tag(value) for value in validate_list(values, "tags")]


def validate_list(values: Iterable[T], what: str) -> list[T]:
    """Return the values as a list; raises ConfigurationError for a string and for what cannot be iterated."""
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ConfigurationError(f"{what} must be a list, not {type(values).__name__}")
    return list(values)


def validate_choice(value: str, choices: Iterable[str], what: str) -> str:
    """Return one of the words that the service knows; raises ConfigurationError, with the closest, for any other."""
    if value not in (known := tuple(choices)):
        raise ConfigurationError(f"{what} cannot be {value!r}: {suggestion(value, known)}")
    return value


def validate_options(options: Mapping[str, object], known: Collection[str], what: str) -> None:
    """Raise ConfigurationError, with the closest known name, for an option that ``what`` does not take."""
    for name in options:
        if name not in known:
            raise ConfigurationError(f"{what} takes no option {name!r}: {suggestion(name, known)}")


def validate_number(value: float, what: str, *, minimum: float, maximum: float = math.inf) -> float:
    """Return a number within a range, both ends included.

    Args:
        value: The number to check; a bool is refused.
        what: What the number is, for the error message.
        minimum: The smallest number allowed.
        maximum: The largest number allowed.

    Raises:
        ConfigurationError: The value is not a number, or is outside of the range.
    """
    _refuse_other_than_number(value, what)
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
    """Return a number above zero, infinity included; raises ConfigurationError for any other value."""
    _refuse_other_than_number(value, what)
    if not value > 0:
        raise ConfigurationError(f"{what} must be above 0, not {value}")
    return float(value)


def positive(instance: object, field: attrs.Attribute[Any], value: float) -> None:
    """Check an attrs field with ``validate_positive``."""
    validate_positive(value, f"{type(instance).__name__}.{field.name}")


def validate_timeout(seconds: float, what: str = "timeout") -> float:
    """Return a number of seconds above 0, ``math.inf`` included; raises ConfigurationError for any other value."""
    return validate_positive(seconds, f"{what} (seconds)")


def validate_ip_address(value: str, what: str = "an IP address") -> str:
    """Return an IPv4 or IPv6 address in its usual form; raises ConfigurationError for any other value."""
    try:
        # ip_address() would accept a number as well
        return str(ipaddress.ip_address(value if isinstance(value, str) else ""))  # pyright: ignore[reportUnnecessaryIsInstance]
    except ValueError:
        raise ConfigurationError(f"{what} must be an IPv4 or IPv6 address, not {value!r}") from None


def validate_ip_addresses(values: Sequence[str], what: str) -> list[str]:
    """Return at least one IP address; raises ConfigurationError for an empty list and for any other value."""
    if not (checked := [validate_ip_address(value, f"each of {what}") for value in validate_list(values, what)]):
        raise ConfigurationError(f"{what} is empty: pass at least one IP address")
    return checked


def _refuse_other_than_number(value: object, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigurationError(f"{what} must be a number, not {type(value).__name__}")
