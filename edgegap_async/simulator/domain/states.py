"""The states of simulated deployments and sessions."""

from __future__ import annotations

import enum
from typing import Final


class DeploymentState(enum.StrEnum):
    """The states of a deployment, by the service's names without the prefix ``Status.``."""

    INITIALIZING = "INITIALIZING"
    SEEKING = "SEEKING"
    SEEKED = "SEEKED"
    SCANNING = "SCANNING"
    DEPLOYING = "DEPLOYING"
    READY = "READY"
    ERROR = "ERROR"
    TERMINATING = "TERMINATING"
    TERMINATED = "TERMINATED"


SETTLED: Final = frozenset({DeploymentState.READY, DeploymentState.ERROR})
"""The states in which a deployment stays until it is stopped, and from which it stops immediately."""

ENDING: Final = frozenset({DeploymentState.TERMINATING, DeploymentState.TERMINATED})
"""The states of a deployment that has been stopped or has reached its maximum duration."""
