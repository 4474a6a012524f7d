"""Endpoint storage: S3 buckets that the service writes logs to, and copies files from."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import get_args

from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none, unless_none
from edgegap_async.models.storage import EndpointStorage, OutputFormat, PullProfile, PullProfileLink, SourceType
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.secret import Secret, validate_secret
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_choice, validate_name


class PullProfiles(Service):
    """``edgegap.storage.pull_profiles``: files and folders that containers get from a bucket when they start.

    ::

        await edgegap.storage.pull_profiles.create(
            "match-logs", "tracks", source="/tracks", source_type="Folder", destination="/srv/tracks"
        )
        await edgegap.storage.pull_profiles.link_version("match-logs", "tracks", application="kart", version="v1.2")
    """

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
        """Create a profile: ``POST /v1/storage/endpoint/{endpoint_name}/pull-profile``. Link it to versions next.

        Args:
            endpoint_name: The storage that holds the files.
            name: The profile's name.
            source: A path in the storage.
            source_type: Whether ``source`` is a ``"File"`` or a ``"Folder"``.
            destination: A path in the container that a normal user may write to. With a protected path, such as
                ``/etc/``, deployments fail.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The name or the source type is invalid; nothing was sent.
            NotFound: There is no such storage.
        """
        body = {
            "name": validate_name(name, "the pull profile's name"),
            **_profile_fields(source, source_type, destination),
        }
        return await self._call("pull-profile-create", PullProfile, endpoint_name, body=body, timeout=timeout)

    async def get(self, endpoint_name: str, name: str, *, timeout: float | None = None) -> PullProfile:
        """Return a profile: ``GET /v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}``.

        Args:
            endpoint_name: The storage that the profile belongs to.
            name: The profile's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such storage or profile.
        """
        return await self._call("pull-profile-get", PullProfile, endpoint_name, name, timeout=timeout)

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
        """Change the fields that are not None.

        ``PATCH /v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}``.

        Args:
            endpoint_name: The storage that the profile belongs to.
            name: The profile's present name.
            new_name: The name it gets.
            source: A path in the storage.
            source_type: Whether ``source`` is a ``"File"`` or a ``"Folder"``.
            destination: A path in the container that a normal user may write to.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name or the source type is invalid; nothing was sent.
            NotFound: There is no such storage or profile.
        """
        body = {
            **omit_none(name=unless_none(validate_name, new_name, "the pull profile's name")),
            **_profile_fields(source, source_type, destination),
        }
        return await self._call("pull-profile-update", PullProfile, endpoint_name, name, body=body, timeout=timeout)

    async def delete(self, endpoint_name: str, name: str, *, timeout: float | None = None) -> None:
        """Delete a profile: ``DELETE /v1/storage/endpoint/{endpoint_name}/pull-profile/{pull_profile_name}``.

        Linked versions no longer get its files. The storage remains.

        Args:
            endpoint_name: The storage that the profile belongs to.
            name: The profile's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such storage or profile.
        """
        await self._call("pull-profile-delete", NoneType, endpoint_name, name, timeout=timeout)

    def list(
        self, endpoint_name: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[PullProfile]:
        """List the profiles of a storage: ``GET /v1/storage/endpoint/{endpoint_name}/pull-profiles``.

        Args:
            endpoint_name: The storage that the profiles belong to.
            page_size: Rows per request.
            timeout: Deadline of each request in seconds, None for the client's.

        Raises:
            NotFound: There is no such storage (raised when the list is read).
        """
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
        """Link a version to a profile, so that its containers get the profile's files.

        ``PUT .../app/{app_name}/version/{version_name}`` below the profile's URL, the one of ``get``.

        Args:
            endpoint_name: The storage that the profile belongs to.
            name: The profile's name.
            application: The application's name.
            version: The version's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such storage, profile or version.
        """
        return await self._call(
            "pull-profile-link-app-version", PullProfileLink, endpoint_name, name, application, version, timeout=timeout
        )

    async def unlink_version(
        self, endpoint_name: str, name: str, *, application: str, version: str, timeout: float | None = None
    ) -> None:
        """Remove the link that ``link_version`` made; the profile and the version remain.

        ``DELETE`` of the same URL.

        Args:
            endpoint_name: The storage that the profile belongs to.
            name: The profile's name.
            application: The application's name.
            version: The version's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such storage, profile, version or link.
        """
        await self._call(
            "pull-profile-unlink-app-version", NoneType, endpoint_name, name, application, version, timeout=timeout
        )


class Storage(Service):
    """``edgegap.storage``: S3 buckets that keep the logs of deployments and hold files for their containers.

    ::

        await edgegap.storage.create(
            "match-logs",
            endpoint="https://s3.studio.example",
            bucket="kart-logs",
            access_key_id=os.environ["S3_KEY_ID"],
            secret_access_key=os.environ["S3_KEY"],
        )
    """

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
        """Register a bucket with the service: ``POST /v1/storage/endpoint``.

        Args:
            name: The storage's name, by which versions and ``stop`` refer to it.
            endpoint: The http or https URL of the S3 service, preferably without the bucket's name in it.
            bucket: The bucket's name.
            access_key_id: The access key; no error, log or repr shows it.
            secret_access_key: The secret key; no error, log or repr shows it.
            output_format: How logs are written, ``"TEXT"`` or ``"NDJSON"``; None for the service's default, TEXT.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The name, a key or the format is invalid; nothing was sent.
        """
        keys = {
            "access_key_id": validate_secret(access_key_id, "the access key id"),
            "secret_access_key": validate_secret(secret_access_key, "the secret access key"),
        }
        body = {
            "name": validate_name(name, "the storage's name"),
            **_storage_fields(endpoint, bucket, keys, output_format),
        }
        return await self._call(
            "endpoint-create", EndpointStorage, body=body, timeout=timeout, secrets=(*keys.values(),)
        )

    async def get(self, name: str, *, timeout: float | None = None) -> EndpointStorage:
        """Return a storage: ``GET /v1/storage/endpoint/{endpoint_name}``.

        Raises:
            NotFound: There is no storage of that name.
        """
        return await self._call("endpoint-get", EndpointStorage, name, timeout=timeout)

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
        """Change the fields that are not None: ``PATCH /v1/storage/endpoint/{endpoint_name}``.

        Args:
            name: The storage's present name.
            new_name: The name it gets.
            endpoint: The http or https URL of the S3 service.
            bucket: The bucket's name.
            access_key_id: The access key; no error, log or repr shows it.
            secret_access_key: The secret key; no error, log or repr shows it.
            output_format: How logs are written, ``"TEXT"`` or ``"NDJSON"``.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: The new name, a key or the format is invalid; nothing was sent.
            NotFound: There is no storage of that name.
        """
        keys = {
            field: validate_secret(value, f"the {field.replace('_', ' ')}")
            for field, value in (("access_key_id", access_key_id), ("secret_access_key", secret_access_key))
            if value is not None
        }
        body = {
            **omit_none(name=unless_none(validate_name, new_name, "the storage's name")),
            **_storage_fields(endpoint, bucket, keys, output_format),
        }
        return await self._call(
            "endpoint-update", EndpointStorage, name, body=body, timeout=timeout, secrets=(*keys.values(),)
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Remove a storage from the service: ``DELETE /v1/storage/endpoint/{endpoint_name}``.

        The bucket itself remains. Versions linked to the storage no longer keep logs.

        Raises:
            NotFound: There is no storage of that name.
        """
        await self._call("endpoint-delete", NoneType, name, timeout=timeout)

    def list(self, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None) -> PageStream[EndpointStorage]:
        """List all storages: ``GET /v1/storage/endpoints``."""
        return self._list(
            "endpoints-list",
            EndpointStorage,
            key=lambda storage: storage.name,
            page_size=page_size,
            timeout=timeout,
        )


def _storage_fields(
    endpoint: str | None, bucket: str | None, keys: Mapping[str, Secret], output_format: OutputFormat | None
) -> dict[str, JSON]:
    return omit_none(
        endpoint=endpoint,
        bucket=bucket,
        **{field: key.reveal() for field, key in keys.items()},
        output_format=unless_none(_validate_format, output_format),
    )


def _profile_fields(source: str | None, source_type: SourceType | None, destination: str | None) -> dict[str, JSON]:
    return omit_none(
        source=source,
        source_type=unless_none(_validate_source_type, source_type),
        destination=destination,
    )


def _validate_format(output_format: OutputFormat) -> str:
    return validate_choice(output_format, get_args(OutputFormat), "the output format")


def _validate_source_type(source_type: SourceType) -> str:
    return validate_choice(source_type, get_args(SourceType), "the source type")
