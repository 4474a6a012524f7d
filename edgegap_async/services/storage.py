"""Buckets of one's own that the service writes logs to and copies files from."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import get_args

from edgegap_async.config import Secret, validate_secret
from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.storage import EndpointStorage, OutputFormat, PullProfile, PullProfileLink, SourceType
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_choice, validate_name


class PullProfiles(Service):
    """``edgegap.storage.pull_profiles``: what is copied from a bucket into containers when they start."""

    async def create(
        self,
        endpoint_name: str,
        name: str,
        *,
        source: str,
        source_type: SourceType,
        destination: str,
        timeout: float | None = None,
    ) -> PullProfile:
        """Add a profile, to be linked: ``POST /v1/storage/endpoint/{endpoint_name}/pull-profile``.

        ``source`` is a path in the storage, a File or a Folder as ``source_type`` says. ``destination`` is a path in
        the container that a normal user may write to: a protected one, such as ``/etc/``, makes deployments fail.
        """
        return await self._pipeline.call(
            "pull-profile-create",
            PullProfile,
            path={"endpoint_name": endpoint_name},
            body={
                "name": validate_name(name, "the pull profile's name"),
                **_profile(source, source_type, destination),
            },
            timeout=timeout,
        )

    async def get(self, endpoint_name: str, name: str, *, timeout: float | None = None) -> PullProfile:
        """One profile: ``GET /v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}``."""
        return await self._pipeline.call(
            "pull-profile-get", PullProfile, path=_path(endpoint_name, name), timeout=timeout
        )

    async def update(
        self,
        endpoint_name: str,
        name: str,
        *,
        new_name: str | None = None,
        source: str | None = None,
        source_type: SourceType | None = None,
        destination: str | None = None,
        timeout: float | None = None,
    ) -> PullProfile:
        """Change what is given: ``PATCH /v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}``.

        Raises NotFound.
        """
        return await self._pipeline.call(
            "pull-profile-update",
            PullProfile,
            path=_path(endpoint_name, name),
            body={
                **omit_none(name=None if new_name is None else validate_name(new_name, "the pull profile's name")),
                **_profile(source, source_type, destination),
            },
            timeout=timeout,
        )

    async def delete(self, endpoint_name: str, name: str, *, timeout: float | None = None) -> None:
        """Remove a profile: ``DELETE /v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}``.

        The versions it was linked to get nothing of it any more; the storage stays. Raises NotFound.
        """
        await self._pipeline.call("pull-profile-delete", NoneType, path=_path(endpoint_name, name), timeout=timeout)

    def list(
        self, endpoint_name: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[PullProfile]:
        """The profiles of a storage: ``GET /v1/storage/endpoint/{endpoint_name}/pull-profiles``."""
        return self._list(
            "pull-profile-list",
            PullProfile,
            endpoint_name,
            key=lambda profile: profile.name,
            page_size=page_size,
            timeout=timeout,
        )

    async def link_version(
        self, endpoint_name: str, name: str, *, application: str, version: str, timeout: float | None = None
    ) -> PullProfileLink:
        """Have a version's containers get what a profile copies. Raises NotFound.

        ``PUT .../pull-profile/{pull_profile_name}/app/{app_name}/version/{version_name}`` under the storage's address.
        """
        return await self._pipeline.call(
            "pull-profile-link-app-version",
            PullProfileLink,
            path={**_path(endpoint_name, name), "app_name": application, "version_name": version},
            timeout=timeout,
        )

    async def unlink_version(
        self, endpoint_name: str, name: str, *, application: str, version: str, timeout: float | None = None
    ) -> None:
        """End what ``link_version`` began; profile and version stay. Raises NotFound.

        ``DELETE`` at the address of ``link_version``.
        """
        await self._pipeline.call(
            "pull-profile-unlink-app-version",
            NoneType,
            path={**_path(endpoint_name, name), "app_name": application, "version_name": version},
            timeout=timeout,
        )


class Storage(Service):
    """``edgegap.storage``: buckets that keep the logs of deployments, and hold files for them."""

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.pull_profiles: PullProfiles = PullProfiles(core)

    async def create(
        self,
        name: str,
        *,
        endpoint: str,
        bucket: str,
        access_key_id: str | Secret,
        secret_access_key: str | Secret,
        output_format: OutputFormat | None = None,
        timeout: float | None = None,
    ) -> EndpointStorage:
        """Make a bucket known to the service: ``POST /v1/storage/endpoint``.

        ``endpoint`` is the address of the S3 service with http or https, best without the bucket's name in it.
        ``output_format`` is how logs are written, TEXT unless NDJSON is asked for. The keys are never shown.
        """
        keys = {
            "access_key_id": validate_secret(access_key_id, "the access key id"),
            "secret_access_key": validate_secret(secret_access_key, "the secret access key"),
        }
        return await self._pipeline.call(
            "endpoint-create",
            EndpointStorage,
            body={
                "name": validate_name(name, "the storage's name"),
                **_endpoint(endpoint, bucket, keys, output_format),
            },
            timeout=timeout,
            secrets=(*keys.values(),),
        )

    async def get(self, name: str, *, timeout: float | None = None) -> EndpointStorage:
        """One storage: ``GET /v1/storage/endpoint/{endpoint_name}``. Raises NotFound."""
        return await self._pipeline.call("endpoint-get", EndpointStorage, path={"endpoint_name": name}, timeout=timeout)

    async def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        endpoint: str | None = None,
        bucket: str | None = None,
        access_key_id: str | Secret | None = None,
        secret_access_key: str | Secret | None = None,
        output_format: OutputFormat | None = None,
        timeout: float | None = None,
    ) -> EndpointStorage:
        """Change what is given: ``PATCH /v1/storage/endpoint/{endpoint_name}``. Raises NotFound."""
        keys = {
            field: validate_secret(value, f"the {field.replace('_', ' ')}")
            for field, value in (("access_key_id", access_key_id), ("secret_access_key", secret_access_key))
            if value is not None
        }
        return await self._pipeline.call(
            "endpoint-update",
            EndpointStorage,
            path={"endpoint_name": name},
            body={
                **omit_none(name=None if new_name is None else validate_name(new_name, "the storage's name")),
                **_endpoint(endpoint, bucket, keys, output_format),
            },
            timeout=timeout,
            secrets=(*keys.values(),),
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Forget a storage: ``DELETE /v1/storage/endpoint/{endpoint_name}``; the bucket itself stays.

        The versions that are linked to it keep no logs any more. Raises NotFound.
        """
        await self._pipeline.call("endpoint-delete", NoneType, path={"endpoint_name": name}, timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[EndpointStorage]:
        """All storages: ``GET /v1/storage/endpoints``."""
        return self._list(
            "endpoints-list",
            EndpointStorage,
            key=lambda storage: storage.name,
            page_size=page_size,
            timeout=timeout,
        )


def _endpoint(
    endpoint: str | None, bucket: str | None, keys: Mapping[str, Secret], output_format: OutputFormat | None
) -> dict[str, JSON]:
    return omit_none(
        endpoint=endpoint,
        bucket=bucket,
        **{field: key.reveal() for field, key in keys.items()},
        output_format=None
        if output_format is None
        else validate_choice(output_format, get_args(OutputFormat), "the output format"),
    )


def _profile(source: str | None, source_type: SourceType | None, destination: str | None) -> dict[str, JSON]:
    return omit_none(
        source=source,
        source_type=None
        if source_type is None
        else validate_choice(source_type, get_args(SourceType), "the source type"),
        destination=destination,
    )


def _path(endpoint_name: str, name: str) -> dict[str, str]:
    return {"endpoint_name": endpoint_name, "pull_profile_name": name}
