"""From an operation to a decoded answer: one attempt, its repetitions, its limits, one deadline."""

from edgegap_async.transport.pipeline import Parts, Pipeline
from edgegap_async.transport.retry import RetryPolicy
from edgegap_async.transport.session import TLS, Session

__all__ = ["TLS", "Parts", "Pipeline", "RetryPolicy", "Session"]
