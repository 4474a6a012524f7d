"""The options of a v2 deployment, and the body of ``POST /v2/deployments``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import attrs

from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.environment import Environment, environment_json
from edgegap_async.models.tags import validate_own_tags
from edgegap_async.models.users import UserLike, users_v2
from edgegap_async.validation import validate_int, validate_name, validate_options


@attrs.frozen(kw_only=True)
class Resources:
    """The CPU and memory of one deployment, in place of those of its version.

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
        """Return the resources as v2 expects them."""
        return {"cpu_units": self.cpu_units, "memory_mib": self.memory_mib}


class CreateOptions(TypedDict, total=False):
    """Options of a deployment beside its application, version and users. All of them are optional.

    - ``tags``: 1 to 40 characters each; to find the deployment in lists and in its container's environment.
    - ``environment_variables``: the container's environment, over that of the version; values up to 4 KB.
    - ``resources``: CPU and memory in place of those of the version.
    - ``require_cached_locations``: deploy only where the image is cached, so that the server starts fast; false by
      default.
    - ``webhook_on_ready``: the URL that gets the deployment by POST once it is ready.
    - ``webhook_on_error``: the URL that gets it by POST when it fails.
    - ``webhook_on_terminated``: the URL that gets it by POST when it is terminated.

    ::

        options: CreateOptions = {"tags": ["match-42"], "environment_variables": {"MODE": "ranked"}}
        server = await edgegap.deployments.deploy("kart", "v1.2", users=["203.0.113.7"], **options)
    """

    tags: Sequence[str]
    """Tags of 1 to 40 characters, to find the deployment in lists; the container sees them too. None by default."""
    environment_variables: Environment
    """The container's environment variables: a mapping, or EnvironmentVariable objects where some are hidden.

    They replace those of the version with the same name. A value has at most 4 KB of UTF-8. None by default.
    """
    resources: Resources
    """CPU (1/1024 of a core) and memory (MiB), in place of those of the version."""
    require_cached_locations: bool
    """Deploy only to locations where the version's image is cached, so that the server starts fast. Default: false."""
    webhook_on_ready: str
    """The URL that gets the deployment by POST once it is ready. Default: the client's own webhooks, if it has any."""
    webhook_on_error: str
    """The URL that gets the deployment by POST when it fails. Default: the client's own webhooks, if it has any."""
    webhook_on_terminated: str
    """The URL that gets the deployment by POST when it is terminated. Default: the client's own webhooks, if any."""


def create_body(application: str, version: str, users: Sequence[UserLike], options: CreateOptions) -> dict[str, JSON]:
    """Return the body of ``POST /v2/deployments``.

    Args:
        application: The application's name.
        version: The version's name.
        users: The players, at least one.
        options: Everything else; see ``CreateOptions``.

    Raises:
        ConfigurationError: A value that the service would refuse, or an option that does not exist.
    """
    validate_options(options, CreateOptions.__annotations__, "a deployment")
    resources = options.get("resources")
    return {
        "application": validate_name(application, "the application"),
        "version": validate_name(version, "the version"),
        "users": users_v2(users),
        **omit_none(
            tags=[*validate_own_tags(options.get("tags", ()))] or None,
            environment_variables=environment_json(options.get("environment_variables", ())) or None,
            resources=None if resources is None else resources.as_json(),
            require_cached_locations=options.get("require_cached_locations"),
            webhook_on_ready=_webhook(options.get("webhook_on_ready")),
            webhook_on_error=_webhook(options.get("webhook_on_error")),
            webhook_on_terminated=_webhook(options.get("webhook_on_terminated")),
        ),
    }


def _webhook(url: str | None) -> JSON:
    """Return a webhook of v2, which is an object; a webhook of v1 is a string."""
    return None if url is None else {"url": url}
