"""What a container can read and change of its own deployment; only the 2024 document lists it."""

from __future__ import annotations

from types import NoneType
from typing import TypeVar

from edgegap_async.errors import JSON
from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.models.ids import DeploymentLike, deployment_id
from edgegap_async.models.tags import Tag, validate_own_tag
from edgegap_async.secret import Secret, parse_container_token
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_int

T = TypeVar("T")


class Context(Service):
    """``edgegap.context``: a deployment, as its own container can access it.

    ``security_number`` and ``token`` are in the container's variables ARBITRIUM_CONTEXT_URL and
    ARBITRIUM_CONTEXT_TOKEN. The token is sent unchanged, instead of the organisation's. In a container, use
    ``InjectedEnvironment`` of ``edgegap_async.container``, which reads both::

        row = await InjectedEnvironment().context()
    """

    async def get(
        self, request_id: DeploymentLike, security_number: int, *, token: str | Secret, timeout: float | None = None
    ) -> DeploymentRow:
        """Return the deployment: ``GET /v1/context/{request_id}/{security_number}``.

        Args:
            request_id: The deployment, or its id.
            security_number: The number at the end of ARBITRIUM_CONTEXT_URL.
            token: The value of ARBITRIUM_CONTEXT_TOKEN.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The id, the number or the token is invalid; nothing was sent.
        """
        return await self._call_as_container(
            "context-get", DeploymentRow, request_id, security_number, token=token, timeout=timeout
        )

    async def create_tag(
        self,
        request_id: DeploymentLike,
        security_number: int,
        name: str,
        *,
        token: str | Secret,
        timeout: float | None = None,
    ) -> Tag:
        """Add a tag to the deployment: ``POST /v1/context/{request_id}/{security_number}/tags``.

        Args:
            request_id: The deployment, or its id.
            security_number: The number at the end of ARBITRIUM_CONTEXT_URL.
            name: The tag, 1 to 40 characters.
            token: The value of ARBITRIUM_CONTEXT_TOKEN.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The id, the number, the tag or the token is invalid; nothing was sent.
            Conflict: The deployment has the tag.
        """
        return await self._call_as_container(
            "context-create-deployment-tag",
            Tag,
            request_id,
            security_number,
            body={"name": validate_own_tag(name)},
            token=token,
            timeout=timeout,
        )

    async def delete_tag(
        self,
        request_id: DeploymentLike,
        security_number: int,
        name: str,
        *,
        token: str | Secret,
        timeout: float | None = None,
    ) -> None:
        """Remove a tag: ``DELETE /v1/context/{request_id}/{security_number}/tags/{tag_name}``.

        Args:
            request_id: The deployment, or its id.
            security_number: The number at the end of ARBITRIUM_CONTEXT_URL.
            name: The tag.
            token: The value of ARBITRIUM_CONTEXT_TOKEN.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The id, the number, the tag or the token is invalid; nothing was sent.
            NotFound: The deployment does not have the tag.
        """
        await self._call_as_container(
            "context-delete-deployment-tag", NoneType, request_id, security_number, name, token=token, timeout=timeout
        )

    async def _call_as_container(
        self,
        operation_id: str,
        model: type[T],
        request_id: DeploymentLike,
        security_number: int,
        *names: str,
        token: str | Secret,
        timeout: float | None,
        body: JSON = None,
    ) -> T:
        number = str(validate_int(security_number, "the security number"))
        path = (deployment_id(request_id), number, *names)
        token = parse_container_token(token, "the container's context token")
        return await self._call(operation_id, model, *path, body=body, timeout=timeout, token=token)
