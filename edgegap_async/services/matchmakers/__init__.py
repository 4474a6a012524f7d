"""``edgegap.matchmakers``."""

from edgegap_async.services.matchmakers.service import Matchmakers

__all__ = ["Matchmakers"]
