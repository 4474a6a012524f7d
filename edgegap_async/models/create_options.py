"""What a v2 deployment may be given, and the body that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.environment import Environment, environment_json
from edgegap_async.models.users import UserLike, users_v2
from edgegap_async.validation import validate_int, validate_name, validate_options, validate_tags


@attrs.frozen(kw_only=True)
class Resources:
    """The CPU and memory of one deployment, instead of those of its version.

    Attributes:
        cpu_units: In 1/1024 of a core, at least 100.
        memory_mib: In MiB, at least 100.
    """

    cpu_units: int
    memory_mib: int

    def __attrs_post_init__(self) -> None:
        validate_int(self.cpu_units, "Resources.cpu_units", minimum=100)
        validate_int(self.memory_mib, "Resources.memory_mib", minimum=100)

    def as_json(self) -> JSON:
        """The resources as v2 takes them."""
        return {"cpu_units": self.cpu_units, "memory_mib": self.memory_mib}


class CreateOptions(TypedDict, total=False):
    """What a deployment may be given beside its application, version and users."""

    tags: Sequence[str]
    """At most 40 characters each: to find it in lists, and in its container's environment."""
    environment_variables: Environment
    """Over those of its version; values up to 4 KB."""
    resources: Resources
    """Instead of those of its version."""
    require_cached_locations: bool
    """Only where the version's image is cached already, so that it starts fast."""
    webhook_on_ready: str
    """Address that gets the deployment by POST once it is ready."""
    webhook_on_error: str
    """The same when it fails."""
    webhook_on_terminated: str
    """The same when it is gone."""


def create_body(application: str, version: str, users: Sequence[UserLike], options: CreateOptions) -> dict[str, JSON]:
    """Return the body of a v2 create.

    Args:
        application: The application's name.
        version: The version's name.
        users: The players, at least one.
        options: Everything else; see ``CreateOptions``.

    Raises:
        ConfigurationError: A value that the service would refuse.
    """
    validate_options(options, CreateOptions.__annotations__, "a deployment")
    resources = options.get("resources")
    return {
        "application": validate_name(application, "the application"),
        "version": validate_name(version, "the version"),
        "users": users_v2(users),
        **omit_none(
            tags=[*validate_tags(options.get("tags", ()))] or None,
            environment_variables=environment_json(options.get("environment_variables", ())) or None,
            resources=None if resources is None else resources.as_json(),
            require_cached_locations=options.get("require_cached_locations"),
            webhook_on_ready=_webhook(options.get("webhook_on_ready")),
            webhook_on_error=_webhook(options.get("webhook_on_error")),
            webhook_on_terminated=_webhook(options.get("webhook_on_terminated")),
        ),
    }


def _webhook(url: str | None) -> JSON:
    """A v2 webhook is an object, where a v1 webhook is a string."""
    return None if url is None else {"url": url}
