"""The states of simulated deployments, sessions and relays."""

from __future__ import annotations

import enum


class DeploymentState(enum.StrEnum):
    """The states of a deployment, by the names the service gives them (without ``Status.``)."""

    INITIALIZING = "INITIALIZING"
    SEEKING = "SEEKING"
    SEEKED = "SEEKED"
    SCANNING = "SCANNING"
    DEPLOYING = "DEPLOYING"
    READY = "READY"
    ERROR = "ERROR"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"
