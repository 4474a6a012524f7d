"""Environment variables of a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.validation import validate_list

MAX_VALUE_BYTES: Final = 4096
"""Bytes of UTF-8 that the service allows in the value of a variable."""


@attrs.frozen(kw_only=True)
class EnvironmentVariable:
    """An environment variable of the container.

    ::

        EnvironmentVariable(key="DATABASE_URL", value=url, is_hidden=True)

    Attributes:
        key: The variable's name.
        value: Its value, at most 4 KB of UTF-8; not shown in ``repr``.
        is_hidden: Whether the service keeps the value out of its responses.
    """

    key: str
    value: str = attrs.field(repr=False)
    is_hidden: bool = False


Environment: TypeAlias = Mapping[str, str] | Sequence[EnvironmentVariable]
"""Environment variables: values by name, or EnvironmentVariable objects where some are hidden."""


def environment_json(values: Environment) -> JSON:
    """Return environment variables as v1 and v2 expect them.

    Raises:
        ConfigurationError: A variable has no key, its value is not a string, or its value has more than 4 KB.
    """
    if isinstance(values, Mapping):
        values = [EnvironmentVariable(key=key, value=value) for key, value in values.items()]
    rows: list[JSON] = []
    for variable in validate_list(values, "environment_variables"):
        if not isinstance(variable, EnvironmentVariable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                "environment_variables must be a mapping of strings or a list of EnvironmentVariable, "
                f"not a list of {type(variable).__name__}"
            )
        if not variable.key:
            raise ConfigurationError("an environment variable has no key: name each variable")
        if not isinstance(variable.value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"the environment variable {variable.key} must be a string, not {type(variable.value).__name__}"
            )
        if len(variable.value.encode()) > MAX_VALUE_BYTES:
            raise ConfigurationError(
                f"the environment variable {variable.key} has over 4 KB: "
                f"the service allows {MAX_VALUE_BYTES} bytes of UTF-8"
            )
        rows.append({"key": variable.key, "value": variable.value, "is_hidden": variable.is_hidden})
    return rows
