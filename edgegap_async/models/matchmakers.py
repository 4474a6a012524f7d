"""The managed matchmaker: matchmakers, components, releases and configurations; document of 2024 only."""

from __future__ import annotations

from datetime import datetime

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.base import Model
from edgegap_async.models.encoding import omit_none
from edgegap_async.secret import Secret, validate_secret


@attrs.frozen(kw_only=True)
class Timestamped(Model):
    """Base class of everything that belongs to a matchmaker: when it was created and last changed, in UTC."""

    created_at: datetime | None = None
    updated_at: datetime | None = None


@attrs.frozen(kw_only=True)
class Matchmaker(Timestamped):
    """A matchmaker; its releases run under its name.

    Attributes:
        name: The matchmaker's name.
        url: The URL at which players reach it, None while no release runs.
    """

    name: str
    url: str | None = None


def _secret(value: str | Secret | None) -> Secret | None:
    return Secret(value) if isinstance(value, str) else value


@attrs.frozen(kw_only=True)
class RegistryCredentials(Model):
    """The credentials of a private registry.

    The service's document does not name the fields. ``username`` and ``token`` are the names in use; other fields go
    into ``extra``, which is sent as well.

    Attributes:
        username: The user name.
        token: The password or token; a string becomes a Secret.
    """

    username: str | None = None
    token: Secret | None = attrs.field(default=None, converter=_secret)

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """The values that no error may show."""
        return () if self.token is None else (self.token,)

    def as_json(self) -> JSON:
        """Return the credentials as the service expects them; raises ConfigurationError for an invalid token."""
        token = None if self.token is None else validate_secret(self.token, "the registry's token").reveal()
        return {**self.extra, **omit_none(username=self.username, token=token)}


@attrs.frozen(kw_only=True)
class MatchmakerComponent(Timestamped):
    """A component of a matchmaker: a container image.

    Attributes:
        name: The component's name.
        repository: The registry's host name.
        image: The image's name in the registry.
        tag: The image's tag.
        credentials: The credentials of the registry, if it is private.
    """

    name: str
    repository: str | None = None
    image: str | None = None
    tag: str | None = None
    credentials: RegistryCredentials | None = None


@attrs.frozen(kw_only=True)
class ComponentVariable(Timestamped):
    """An environment variable of a component; ``value`` is not shown in ``repr``."""

    key: str
    value: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class MatchmakerRelease(Timestamped):
    """A version of a matchmaker that consists of your own components, in the three roles of Open Match.

    Attributes:
        version: The release's name.
        app_name: The application that it deploys for its matches.
        version_name: The version of that application.
        frontend_component_name: The component with the role of the frontend.
        director_component_name: The component with the role of the director.
        match_function_component_name: The component with the role of the match function.
    """

    version: str
    app_name: str | None = None
    version_name: str | None = None
    frontend_component_name: str | None = None
    director_component_name: str | None = None
    match_function_component_name: str | None = None


@attrs.frozen(kw_only=True)
class ManagedRelease(Timestamped):
    """A version of a matchmaker that consists of the provider's components and follows a configuration.

    Attributes:
        version: The release's name.
        app_name: The application that it deploys for its matches.
        version_name: The version of that application.
        release_config_name: The configuration that it follows.
    """

    version: str
    app_name: str | None = None
    version_name: str | None = None
    release_config_name: str | None = None


@attrs.frozen(kw_only=True)
class ReleaseConfig(Timestamped):
    """A configuration for managed releases; ``configuration`` is the whole document as a string."""

    name: str
    configuration: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class ListedRelease(Timestamped):
    """A release in a list, of either kind.

    The service's document gives the rows ``key`` and ``value``, as if they were environment variables of a component.
    Clients of the service receive releases. This class has the fields of both.

    Attributes:
        version: The release's name.
        app_name: The application that it deploys for its matches.
        version_name: The version of that application.
        frontend_component_name: The component with the role of the frontend.
        director_component_name: The component with the role of the director.
        match_function_component_name: The component with the role of the match function.
        release_config_name: The configuration that a managed release follows.
        key: As in the service's document.
        value: As in the service's document; not shown in ``repr``.
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
class ListedReleaseConfig(Timestamped):
    """A configuration in a list; ``key`` and ``value`` are explained in ``ListedRelease``.

    Attributes:
        name: The configuration's name.
        configuration: The whole document as a string; not shown in ``repr``.
        key: As in the service's document.
        value: As in the service's document; not shown in ``repr``.
    """

    name: str | None = None
    configuration: str | None = attrs.field(default=None, repr=False)
    key: str | None = None
    value: str | None = attrs.field(default=None, repr=False)
