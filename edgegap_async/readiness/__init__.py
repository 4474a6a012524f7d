"""Waiting for servers to be ready."""

from edgegap_async.readiness.polling import DEPLOYMENT, Kind, OnStatus, Schedule, wait_until_ready

__all__ = ["DEPLOYMENT", "Kind", "OnStatus", "Schedule", "wait_until_ready"]
