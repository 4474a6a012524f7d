"""The managed matchmaker's parts; only the document of 2024 lists them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs

from edgegap_async.config import Secret, validate_secret
from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.fields import extra_field


@attrs.frozen(kw_only=True)
class Dated:
    """What every part of a matchmaker has: when it was made and last changed, in UTC."""

    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: Mapping[str, JSON] = extra_field()


@attrs.frozen(kw_only=True)
class Matchmaker(Dated):
    """A matchmaker: what its releases run under; ``url`` is where players reach it, None while nothing runs."""

    name: str
    url: str | None = None


def _hidden(value: str | Secret | None) -> Secret | None:
    return Secret(value) if isinstance(value, str) else value


@attrs.frozen(kw_only=True)
class RegistryCredentials:
    """What a private registry wants to see before it gives an image: a user's name and password or token.

    The document leaves open which names they have. ``username`` and ``token`` are those in use; others go into
    ``extra``, which is sent as well.
    """

    username: str | None = None
    token: Secret | None = attrs.field(default=None, converter=_hidden)
    extra: Mapping[str, JSON] = extra_field()

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What of them must never be shown."""
        return () if self.token is None else (self.token,)

    def as_json(self) -> JSON:
        """The credentials as the service wants them. Raises ConfigurationError for a token that is empty or no text."""
        token = None if self.token is None else validate_secret(self.token, "the registry's token").reveal()
        return {**self.extra, **omit_none(username=self.username, token=token)}


@attrs.frozen(kw_only=True)
class MatchmakerComponent(Dated):
    """A container that a matchmaker consists of: an image in a registry, and what opens that if it is private."""

    name: str
    repository: str | None = None
    image: str | None = None
    tag: str | None = None
    credentials: RegistryCredentials | None = None


@attrs.frozen(kw_only=True)
class ComponentVariable(Dated):
    """A variable of a component's environment."""

    key: str
    value: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class MatchmakerRelease(Dated):
    """A version of a matchmaker, made of components that take the three roles of Open Match.

    ``app_name`` and ``version_name`` are the application and the version that it deploys for its matches.
    """

    version: str
    app_name: str | None = None
    version_name: str | None = None
    frontend_component_name: str | None = None
    director_component_name: str | None = None
    match_function_component_name: str | None = None


@attrs.frozen(kw_only=True)
class ManagedRelease(Dated):
    """A version of a matchmaker whose components are the provider's and follow a configuration.

    ``app_name`` and ``version_name`` are the application and the version that it deploys for its matches.
    """

    version: str
    app_name: str | None = None
    version_name: str | None = None
    release_config_name: str | None = None


@attrs.frozen(kw_only=True)
class ReleaseConfig(Dated):
    """What managed releases follow: ``configuration`` is a document in one text."""

    name: str
    configuration: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ListedRelease(Dated):
    """A release as a row of a list, whichever of the two kinds it is of.

    The document shows rows with ``key`` and ``value``, as if they were a component's variables; clients of the
    service are given releases.
    """

    version: str | None = None
    app_name: str | None = None
    version_name: str | None = None
    frontend_component_name: str | None = None
    director_component_name: str | None = None
    match_function_component_name: str | None = None
    release_config_name: str | None = None
    key: str | None = None
    value: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ListedReleaseConfig(Dated):
    """A configuration as a row of a list; what the document shows in its place is as in ``ListedRelease``."""

    name: str | None = None
    configuration: str | None = attrs.field(default=None, repr=False)
    key: str | None = None
    value: str | None = attrs.field(default=None, repr=False)
