"""The environment variables of a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import attrs

from edgegap_async.errors import JSON, ConfigurationError
from edgegap_async.validation import validate_list

MAX_VALUE_BYTES: Final = 4096
"""Bytes of UTF-8 that the service allows in a variable's value."""


@attrs.frozen(kw_only=True)
class EnvironmentVariable:
    """A variable of the container's environment; a hidden one is not shown by the service afterwards."""

    key: str
    value: str = attrs.field(repr=False)
    is_hidden: bool = False


Environment: TypeAlias = Mapping[str, str] | Sequence[EnvironmentVariable]
"""Variables by name, or EnvironmentVariable where some are hidden."""


def environment_json(values: Environment) -> JSON:
    """The variables as both versions want them. Raises ConfigurationError without a key or over 4 KB."""
    if isinstance(values, Mapping):
        values = [EnvironmentVariable(key=key, value=value) for key, value in values.items()]
    rows: list[JSON] = []
    for variable in validate_list(values, "environment_variables"):
        if not isinstance(variable, EnvironmentVariable):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                "environment_variables is a mapping of texts or a list of EnvironmentVariable, "
                f"not of {type(variable).__name__}"
            )
        if not variable.key:
            raise ConfigurationError("an environment variable has no key")
        if not isinstance(variable.value, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ConfigurationError(
                f"the environment variable {variable.key} must be a text, not {type(variable.value).__name__}"
            )
        if len(variable.value.encode()) > MAX_VALUE_BYTES:
            raise ConfigurationError(f"the environment variable {variable.key} has over 4 KB")
        rows.append({"key": variable.key, "value": variable.value, "is_hidden": variable.is_hidden})
    return rows
