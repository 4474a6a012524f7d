"""Ids, given as strings or as the objects that carry them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from edgegap_async.validation import validate_list, validate_name


class HasRequestId(Protocol):
    """Anything that carries a deployment's id: a request, a server, a row, a status, an error."""

    @property
    def request_id(self) -> str:
        """The deployment's id."""
        ...


class HasSessionId(Protocol):
    """Anything that carries the id of a session or a relay session."""

    @property
    def session_id(self) -> str:
        """The session's id."""
        ...


DeploymentLike: TypeAlias = str | HasRequestId
"""A deployment's id, or an object with a ``request_id``."""

SessionLike: TypeAlias = str | HasSessionId
"""A session's or relay session's id, or an object with a ``session_id``."""


def deployment_id(value: DeploymentLike) -> str:
    """Return a deployment's id; raises ConfigurationError for what is not one and carries none."""
    return validate_name(getattr(value, "request_id", value), "the deployment's id")


def session_id(value: SessionLike) -> str:
    """Return a session's id; raises ConfigurationError for what is not one and carries none."""
    return validate_name(getattr(value, "session_id", value), "the session's id")


def deployment_ids(values: Iterable[DeploymentLike], what: str) -> list[str]:
    """Return the ids of deployments; raises ConfigurationError for a single string and for what is not an id."""
    return [deployment_id(value) for value in validate_list(values, what)]


def session_ids(values: Iterable[SessionLike], what: str) -> list[str]:
    """Return the ids of sessions; raises ConfigurationError for a single string and for what is not an id."""
    return [session_id(value) for value in validate_list(values, what)]
