"""From an operation to a decoded answer: one attempt, its repetitions, its limits, one deadline."""

from edgegap_async.transport.attempt import TLS, HttpSession
from edgegap_async.transport.pipeline import CallOptions, Pipeline
from edgegap_async.transport.retry import RetryPolicy

__all__ = ["TLS", "CallOptions", "HttpSession", "Pipeline", "RetryPolicy"]
