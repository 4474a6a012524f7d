"""Waiting for servers to be ready."""

from edgegap_async.waiting.changes import changes, changes_of
from edgegap_async.waiting.progress import ManyProgress, OnManyProgress, OnWaitProgress, WaitProgress
from edgegap_async.waiting.subscriptions import Alarms
from edgegap_async.waiting.wait import AS_IT_COMES, DEPLOYMENT, Kind, OnStatus, Schedule, wait_until_ready
from edgegap_async.waiting.watcher import Watcher

__all__ = [
    "AS_IT_COMES",
    "DEPLOYMENT",
    "Alarms",
    "Kind",
    "ManyProgress",
    "OnManyProgress",
    "OnStatus",
    "OnWaitProgress",
    "Schedule",
    "WaitProgress",
    "Watcher",
    "changes",
    "changes_of",
    "wait_until_ready",
]
