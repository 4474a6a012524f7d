"""Ids: wherever a method takes one, it also takes the object that carries it.

::

    server = await edgegap.deployments.deploy("kart", "v1", users=["203.0.113.7"])
    await edgegap.deployments.stop(server)              # the same as stop(server.request_id)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeAlias

from edgegap_async.validation import validate_list, validate_name


class HasRequestId(Protocol):
    """An object that carries a deployment's id: a request, a server, a row of a list, a status, an error."""

    @property
    def request_id(self) -> str:
        """The deployment's id."""
        ...


class HasSessionId(Protocol):
    """An object that carries the id of a session or a relay session."""

    @property
    def session_id(self) -> str:
        """The session's id."""
        ...


DeploymentLike: TypeAlias = str | HasRequestId
"""A deployment's id, or an object with a ``request_id``."""

SessionLike: TypeAlias = str | HasSessionId
"""A session's or relay session's id, or an object with a ``session_id``."""


def deployment_id(value: DeploymentLike) -> str:
    """Return a deployment's id; raises ConfigurationError for a value that neither is an id nor carries one."""
    id = value if isinstance(value, str) else getattr(value, "request_id", value)
    return validate_name(id, "the deployment's id")


def session_id(value: SessionLike) -> str:
    """Return a session's id; raises ConfigurationError for a value that neither is an id nor carries one."""
    id = value if isinstance(value, str) else getattr(value, "session_id", value)
    return validate_name(id, "the session's id")


def deployment_ids(values: Iterable[DeploymentLike], what: str) -> list[str]:
    """Return the ids of several deployments.

    Raises:
        ConfigurationError: ``values`` is a single string, or one of them neither is an id nor carries one.
    """
    return [deployment_id(value) for value in validate_list(values, what)]


def session_ids(values: Iterable[SessionLike], what: str) -> list[str]:
    """Return the ids of several sessions.

    Raises:
        ConfigurationError: ``values`` is a single string, or one of them neither is an id nor carries one.
    """
    return [session_id(value) for value in validate_list(values, what)]
