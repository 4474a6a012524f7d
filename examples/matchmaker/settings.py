"""What the environment of a worker says."""

from __future__ import annotations

import os
from typing import Any, Final

MODES: Final = {"duel": 2, "race": 4}
"""The players of a match, by mode."""

TAG: Final = "matchmaker"
"""The tag of all servers of this matchmaker."""

APPLICATION: Final = os.environ.get("MATCHMAKER_APPLICATION", "kart")
VERSION: Final = os.environ.get("MATCHMAKER_VERSION", "v1.2")
MATCH_SECONDS: Final = float(os.environ.get("MATCHMAKER_MATCH_SECONDS", "3600"))
"""How long a match lasts at most; it ends earlier with DELETE /matches/{id}."""

JOURNAL: Final = os.environ.get("MATCHMAKER_JOURNAL")
"""The folder in which the workers of a machine write down their servers, to stop those of a worker that was killed."""

WEBHOOK_URL: Final = os.environ.get("MATCHMAKER_WEBHOOK_URL")
"""Where the service reaches ``/edgegap``: whichever worker receives a webhook, it finds its match."""

RECOVER_SECONDS: Final = 30.0

DEPLOY_SECONDS: Final = 60.0
"""How long a server may take to become ready, with a second attempt if the first one fails."""


def coordination_url() -> str:
    """The Valkey or Redis server that all workers share, as in ``redis://127.0.0.1:6379``."""
    return os.environ["EDGEGAP_COORDINATION_URL"]


def client_options() -> dict[str, Any]:
    """The options of the workers' ``EdgegapClient``; token and address of the service are in the environment."""
    return {
        "timeout": DEPLOY_SECONDS,
        "coordination": coordination_url(),
        "journal": JOURNAL,
        "webhook_url": WEBHOOK_URL,
    }
