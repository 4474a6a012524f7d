"""Waiting for servers to be ready."""

from edgegap_async.readiness.polling import AS_IT_COMES, DEPLOYMENT, Kind, OnStatus, Schedule, wait_until_ready
from edgegap_async.readiness.watcher import Watcher

__all__ = ["AS_IT_COMES", "DEPLOYMENT", "Kind", "OnStatus", "Schedule", "Watcher", "wait_until_ready"]
