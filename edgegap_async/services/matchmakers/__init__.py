"""The managed matchmaker: ``edgegap.matchmakers`` and its components, variables, releases and configurations."""

from edgegap_async.services.matchmakers.matchmakers import Matchmakers

__all__ = ["Matchmakers"]
