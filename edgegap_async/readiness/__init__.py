"""Waiting for servers to be ready."""

from edgegap_async.readiness.polling import OnStatus, Schedule, wait_until_ready

__all__ = ["OnStatus", "Schedule", "wait_until_ready"]
