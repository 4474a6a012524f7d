"""The URL of a call: path parameters quoted and filled in, and the query."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from edgegap_async.errors import ConfigurationError
from edgegap_async.operations import Operation
from edgegap_async.validation import PLAIN_NAME, validate_name


def build_url(
    base_url: str, operation: Operation, path: Mapping[str, str] | None, query: Mapping[str, str] | None
) -> str:
    """Build the URL of a call.

    Args:
        base_url: The address of the service, without a slash at its end.
        operation: The operation.
        path: The values of the path's parameters, by name.
        query: The query parameters, by name.

    Raises:
        ConfigurationError: A value cannot be part of a URL.
    """
    try:
        url = base_url + _fill_path(operation, path or {})
        return f"{url}?{urlencode(query)}" if query else url
    except UnicodeEncodeError:
        raise ConfigurationError(
            f"{operation.operation_id}: a value holds half of a surrogate pair, which cannot be part of a URL"
        ) from None


def _fill_path(operation: Operation, values: Mapping[str, str]) -> str:
    """Return the operation's path with its parameters filled in, each within its segment (or segments)."""
    path = operation.path
    for name in operation.parameters:
        value = values[name]
        if type(value) is not str or not PLAIN_NAME.fullmatch(value):
            segments = value.split("/") if name == operation.nested and type(value) is str else [value]
            what = name.replace("_", " ").replace("-", " ")
            value = "/".join(quote(validate_name(segment, what), safe="") for segment in segments)
        path = path.replace(f"{{{name}}}", value)
    return path
