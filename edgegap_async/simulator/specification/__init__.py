"""The service's own documents, and what can be checked with them: what is sent, and what is answered."""

from edgegap_async.simulator.specification.answers import answer_fields, body_fields, shaped, statuses, success
from edgegap_async.simulator.specification.validators import (
    Complaint,
    complaints,
    query_parameters,
    request_validator,
    response_validator,
)

__all__ = [
    "Complaint",
    "answer_fields",
    "body_fields",
    "complaints",
    "query_parameters",
    "request_validator",
    "response_validator",
    "shaped",
    "statuses",
    "success",
]
