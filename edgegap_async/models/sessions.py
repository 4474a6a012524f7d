"""Sessions: players who share game servers. Only the document of 2024 lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.deployments import DeploymentRow, DeploymentSession
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.fields import Count, Number, Progress, State, extra_field, progress_of
from edgegap_async.validation import validate_ip_addresses, validate_name


@attrs.frozen(kw_only=True)
class SessionUser:
    """A player of a session, with a position in degrees where it is known."""

    ip: str
    latitude: Number | None = None
    longitude: Number | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class SessionUsers:
    """What the service answers to whoever changes the players of a session: all who are in it now."""

    session_users: tuple[SessionUser, ...] = ()
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Selector:
    """Keeps a session to deployments that have a tag of 1 to 20 characters.

    The session is given the tag too; with ``tag_only`` that is all, and no deployment is left out. A deployment that
    is started for the session gets the variables of ``env``.
    """

    tag: str
    tag_only: bool = False
    env: Mapping[str, JSON] | None = None
    extra: Mapping[str, JSON] = extra_field()

    def as_json(self) -> JSON:
        """The selector as the service wants it. Raises ConfigurationError for a tag that is too long."""
        return {
            "tag": validate_name(self.tag, "a selector's tag", max_length=20),
            "tag_only": self.tag_only,
            **omit_none(env=None if self.env is None else dict(self.env)),
        }


@attrs.frozen(kw_only=True)
class SessionRequest:
    """What the service answers to whoever creates a session: it is on its way to a deployment."""

    session_id: str
    custom_id: str | None = None
    app: str | None = None
    version: str | None = None
    deployment_request_id: str | None = None
    selectors: tuple[Selector, ...] = ()
    webhook_url: str | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class SessionRow(DeploymentSession):
    """A session as a row of a list shows it; ``custom_id`` is the caller's own, where the session has one."""

    custom_id: str | None = None
    deployment_request_id: str | None = None
    webhook_url: str | None = None


@attrs.frozen(kw_only=True)
class Session:
    """A session as ``GET /v1/session/{session_id}`` shows it.

    ``linked`` says whether it has a deployment, ``ready`` whether that is ready; ``elapsed`` is in seconds. ``kind`` is
    Default, Seat or Match, ``app_version`` the version's number inside the service.
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
    extra: Mapping[str, JSON] = extra_field()

    @property
    def state(self) -> State | None:
        """The state now: ``ready`` decides where the status is behind it."""
        if self.status is not None and (self.status.gone or self.status.failed):
            return self.status
        return State.READY if self.ready else self.status

    @property
    def progress(self) -> Progress:
        """Whether it can be played: INCOMPLETE while its deployment, the address or the ports are missing."""
        return progress_of(self.state, complete=self.deployment is not None and self.deployment.is_reachable)

    @property
    def reason(self) -> str | None:
        """Why it failed, or what it lacks when it is ready and cannot be played."""
        if self.progress is not Progress.INCOMPLETE:
            return self.error
        if self.deployment is None:
            return "no deployment"
        return self.deployment.reason or "a deployment that is not ready"


@attrs.frozen(kw_only=True)
class SessionDeleted:
    """What the service answers to whoever deletes a session; its deployment runs on."""

    session_id: str
    message: str | None = None
    custom_id: str | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class SessionToStop:
    """A session that a bulk stop will end."""

    session_id: str


@attrs.frozen(kw_only=True)
class SessionBulkStop:
    """What the service answers to a bulk stop of sessions."""

    processable: tuple[SessionToStop, ...] = ()


@attrs.frozen(kw_only=True)
class CustomSession:
    """One custom session of many that are created at once: a name of one's own, and IP addresses."""

    custom_id: str
    users: Sequence[str]
    webhook_url: str | None = None

    def as_json(self) -> JSON:
        """The session as the service wants it. Raises ConfigurationError for what is no address."""
        return {
            "custom_id": validate_name(self.custom_id, "a custom id"),
            "ip_list": [*validate_ip_addresses(self.users, "users")],
            **omit_none(webhook_url=self.webhook_url),
        }


@attrs.frozen(kw_only=True)
class CreatedSessions:
    """What came of many custom sessions: those that were created, and why others were not."""

    sessions: tuple[SessionRequest, ...] = ()
    errors: tuple[str, ...] = ()
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class DeletedSessions:
    """What came of many custom sessions: those that were deleted, and why others were not."""

    sessions: tuple[SessionDeleted, ...] = ()
    errors: tuple[str, ...] = ()
    extra: Mapping[str, JSON] = extra_field()
