"""What a container may ask about its own deployment; only the document of 2024 lists it."""

from __future__ import annotations

from types import NoneType

from edgegap_async.config import Secret, own_token
from edgegap_async.models.deployments import DeploymentRow
from edgegap_async.models.tags import Tag
from edgegap_async.services.base import Service
from edgegap_async.validation import validate_int, validate_tag


class Context(Service):
    """``edgegap.context``: a deployment as its own container sees it.

    ``security_number`` and ``token`` are in the container's ARBITRIUM_CONTEXT_URL and ARBITRIUM_CONTEXT_TOKEN; the
    token is sent as it is, and not the organisation's. ``edgegap_async.container`` reads both.
    """

    async def get(
        self, request_id: str, security_number: int, *, token: str | Secret, timeout: float | None = None
    ) -> DeploymentRow:
        """The deployment: ``GET /v1/context/{request_id}/{security_number}``."""
        return await self._pipeline.call(
            "context-get", DeploymentRow, path=_path(request_id, security_number), timeout=timeout, token=_token(token)
        )

    async def create_tag(
        self, request_id: str, security_number: int, name: str, *, token: str | Secret, timeout: float | None = None
    ) -> Tag:
        """Tag the deployment: ``POST /v1/context/{request_id}/{security_number}/tags``. Raises Conflict if it has it.

        A tag has 1 to 40 characters.
        """
        return await self._pipeline.call(
            "context-create-deployment-tag",
            Tag,
            path=_path(request_id, security_number),
            body={"name": validate_tag(name)},
            timeout=timeout,
            token=_token(token),
        )

    async def delete_tag(
        self, request_id: str, security_number: int, name: str, *, token: str | Secret, timeout: float | None = None
    ) -> None:
        """Remove a tag: ``DELETE /v1/context/{request_id}/{security_number}/tags/{tag_name}``. Raises NotFound."""
        await self._pipeline.call(
            "context-delete-deployment-tag",
            NoneType,
            path={**_path(request_id, security_number), "tag_name": name},
            timeout=timeout,
            token=_token(token),
        )


def _path(request_id: str, security_number: int) -> dict[str, str]:
    return {"request_id": request_id, "security_number": str(validate_int(security_number, "the security number"))}


def _token(token: str | Secret) -> Secret:
    return own_token(token, "the container's context token")
