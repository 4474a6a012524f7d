"""The environment variables of a matchmaker's components; only the 2024 document lists them."""

from __future__ import annotations

from types import NoneType

from edgegap_async.models.encoding import omit_none
from edgegap_async.models.matchmakers import ComponentVariable
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.matchmakers.name_fields import validate_name_fields


class Envs(Service):
    """``edgegap.matchmakers.envs``: the environment variables of a component. No repr shows their values."""

    async def create(self, component: str, key: str, *, value: str, timeout: float | None = None) -> ComponentVariable:
        """Create a variable: ``POST /v1/aom/component/{component_name}/env``.

        Args:
            component: The component's name.
            key: The variable's name.
            value: Its value.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The key is invalid; nothing was sent.
            BadRequest: There is no such component.
        """
        body = validate_name_fields(key=key) | omit_none(value=value)
        return await self._call(
            "post-matchmaker-component-env", ComponentVariable, component, body=body, timeout=timeout
        )

    async def get(self, component: str, key: str, *, timeout: float | None = None) -> ComponentVariable:
        """Return a variable: ``GET /v1/aom/component/{component_name}/env/{env_key}``.

        Args:
            component: The component's name.
            key: The variable's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            BadRequest: There is no such component or variable.
        """
        return await self._call("get-matchmaker-component-env", ComponentVariable, component, key, timeout=timeout)

    async def update(
        self,
        component: str,
        key: str,
        *,
        new_key: str | None = None,
        value: str | None = None,
        timeout: float | None = None,
    ) -> ComponentVariable:
        """Change the fields that are not None: ``PATCH /v1/aom/component/{component_name}/env/{env_key}``.

        Args:
            component: The component's name.
            key: The variable's present name.
            new_key: The name it gets.
            value: The value it gets.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new key is invalid; nothing was sent.
            BadRequest: There is no such component or variable.
        """
        body = validate_name_fields(**omit_none(key=new_key)) | omit_none(value=value)
        return await self._call(
            "patch-matchmaker-component-env", ComponentVariable, component, key, body=body, timeout=timeout
        )

    async def delete(self, component: str, key: str, *, timeout: float | None = None) -> None:
        """Delete a variable: ``DELETE /v1/aom/component/{component_name}/env/{env_key}``.

        Args:
            component: The component's name.
            key: The variable's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            BadRequest: There is no such component or variable.
        """
        await self._call("delete-matchmaker-component-env", NoneType, component, key, timeout=timeout)

    def list(self, component: str, *, timeout: float | None = None) -> PageStream[ComponentVariable]:
        """List the variables of a component: ``GET /v1/aom/component/{component_name}/envs``, in one response."""
        return self._list(
            "get-envs-list",
            ComponentVariable,
            component,
            key=lambda row: row.key,
            timeout=timeout,
        )
