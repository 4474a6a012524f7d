"""From an operation to a decoded response: rate limit, attempts and retries, all under one deadline."""

from edgegap_async.transport.attempt import TLS, HttpSession
from edgegap_async.transport.call import CallEffect, CallOptions, RequestOptions
from edgegap_async.transport.pipeline import Decode, Pipeline
from edgegap_async.transport.retry import RetryPolicy

__all__ = ["TLS", "CallEffect", "CallOptions", "Decode", "HttpSession", "Pipeline", "RequestOptions", "RetryPolicy"]
