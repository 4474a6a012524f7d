"""Sessions: players who share game servers; only the document of 2024 lists the operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.base import Count, Model, Number
from edgegap_async.models.deployments import DeploymentRow, DeploymentSession
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.states import Progress, State, progress_of
from edgegap_async.validation import validate_ip_addresses, validate_name


@attrs.frozen(kw_only=True)
class SessionUser(Model):
    """A player of a session.

    Attributes:
        ip: The player's IP address.
        latitude: Degrees north, None if unknown.
        longitude: Degrees east, None if unknown.
    """

    ip: str
    latitude: Number | None = None
    longitude: Number | None = None


@attrs.frozen(kw_only=True)
class SessionUsersResponse(Model):
    """The response of adding and removing players: all players that are in the session now."""

    session_users: tuple[SessionUser, ...] = ()


@attrs.frozen(kw_only=True)
class Selector(Model):
    """Restricts a session to deployments that have a tag.

    Attributes:
        tag: The tag, 1 to 20 characters; the session gets it too.
        tag_only: Only give the session the tag, without restricting its deployments.
        env: Environment variables for a deployment that is started for the session; not shown in ``repr``.
    """

    tag: str
    tag_only: bool = False
    env: Mapping[str, JSON] | None = attrs.field(default=None, repr=False)

    def as_json(self) -> JSON:
        """Return the selector as the service expects it; raises ConfigurationError for a tag that is too long."""
        return {
            "tag": validate_name(self.tag, "a selector's tag", max_length=20),
            "tag_only": self.tag_only,
            **omit_none(env=None if self.env is None else dict(self.env)),
        }


@attrs.frozen(kw_only=True)
class SessionRequest(Model):
    """The response of creating a session: it is created, and gets a deployment later.

    Attributes:
        session_id: The session's id.
        custom_id: The caller's own id, if the session has one.
        app: The application's name.
        version: The version's name.
        deployment_request_id: The id of its deployment, if it has one already.
        selectors: The selectors of the request.
        webhook_url: The URL that gets the session by POST once it is ready.
    """

    session_id: str
    custom_id: str | None = None
    app: str | None = None
    version: str | None = None
    deployment_request_id: str | None = None
    selectors: tuple[Selector, ...] = ()
    webhook_url: str | None = None


@attrs.frozen(kw_only=True)
class SessionRow(DeploymentSession):
    """A session in a list.

    Attributes:
        custom_id: The caller's own id, if the session has one.
        deployment_request_id: The id of its deployment.
        webhook_url: The URL that gets the session by POST once it is ready.
    """

    custom_id: str | None = None
    deployment_request_id: str | None = None
    webhook_url: str | None = None


@attrs.frozen(kw_only=True)
class Session(Model):
    """A session: ``GET /v1/session/{session_id}``.

    Attributes:
        session_id: The session's id.
        custom_id: The caller's own id, if the session has one.
        status: The state as the service reports it; ``state`` also takes ``ready`` into account.
        ready: Whether its deployment is ready.
        linked: Whether it has a deployment.
        kind: ``Default``, ``Seat`` or ``Match``.
        user_count: The number of players.
        app_version: The version's number inside the service.
        create_time: When it was created, in UTC.
        elapsed: Seconds since it was created.
        error: Why it failed.
        session_users: The players.
        session_ips: The players' IP addresses.
        deployment: The deployment that it is linked to.
        webhook_url: The URL that gets the session by POST once it is ready.
    """

    session_id: str
    custom_id: str | None = None
    status: State | None = None
    ready: bool | None = None
    linked: bool | None = None
    kind: str | None = None
    user_count: Count | None = None
    app_version: Count | None = None
    create_time: datetime | None = None
    elapsed: Count | None = None
    error: str | None = None
    session_users: tuple[SessionUser, ...] = ()
    session_ips: tuple[SessionUser, ...] = ()
    deployment: DeploymentRow | None = None
    webhook_url: str | None = None

    @property
    def state(self) -> State | None:
        """The current state: ``ready`` decides while ``status`` lags behind it."""
        if self.status is not None and (self.status.gone or self.status.failed):
            return self.status
        return State.READY if self.ready else self.status

    @property
    def progress(self) -> Progress:
        """How a wait continues: INCOMPLETE while it is ready and its deployment, address or ports are missing."""
        return progress_of(self.state, complete=self.deployment is not None and self.deployment.is_reachable)

    @property
    def reason(self) -> str | None:
        """Why it failed; or, while it is ready and not playable, what is missing."""
        if self.progress is not Progress.INCOMPLETE:
            return self.error
        if self.deployment is None:
            return "no deployment"
        return self.deployment.reason or "a deployment that is not ready"


@attrs.frozen(kw_only=True)
class SessionDeleted(Model):
    """The response of deleting a session; its deployment keeps running.

    Attributes:
        session_id: The session's id.
        message: The service's own words.
        custom_id: The caller's own id, if the session has one.
    """

    session_id: str
    message: str | None = None
    custom_id: str | None = None


@attrs.frozen(kw_only=True)
class StoppedSession(Model):
    """A session that a bulk stop will delete."""

    session_id: str


@attrs.frozen(kw_only=True)
class SessionBulkStopResponse(Model):
    """The response of a bulk stop: the sessions that will be deleted."""

    processable: tuple[StoppedSession, ...] = ()


@attrs.frozen(kw_only=True)
class CustomSession:
    """One of many custom sessions that are created at once.

    ::

        CustomSession(custom_id="match-42", users=["203.0.113.7"])

    Attributes:
        custom_id: The caller's own id for the session.
        users: The players' IP addresses, at least one.
        webhook_url: The URL that gets the session by POST once it is ready.
    """

    custom_id: str
    users: Sequence[str]
    webhook_url: str | None = None

    def as_json(self) -> JSON:
        """Return the session as the service expects it; raises ConfigurationError for an invalid id or address."""
        return {
            "custom_id": validate_name(self.custom_id, "a custom id"),
            "ip_list": [*validate_ip_addresses(self.users, "users")],
            **omit_none(webhook_url=self.webhook_url),
        }


@attrs.frozen(kw_only=True)
class CreatedSessions(Model):
    """The result of creating many custom sessions: those that were created, and an error for each other one."""

    sessions: tuple[SessionRequest, ...] = ()
    errors: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class DeletedSessions(Model):
    """The result of deleting many custom sessions: those that were deleted, and an error for each other one."""

    sessions: tuple[SessionDeleted, ...] = ()
    errors: tuple[str, ...] = ()
