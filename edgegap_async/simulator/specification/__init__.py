"""The service's own OpenAPI documents: validators of requests and responses, documented statuses and fields."""

from edgegap_async.simulator.specification.schemas import (
    conform,
    documented_statuses,
    request_fields,
    response_fields,
    success_status,
)
from edgegap_async.simulator.specification.validators import (
    Violation,
    query_validators,
    request_validator,
    response_validator,
    violations,
)

__all__ = [
    "Violation",
    "conform",
    "documented_statuses",
    "query_validators",
    "request_fields",
    "request_validator",
    "response_fields",
    "response_validator",
    "success_status",
    "violations",
]
