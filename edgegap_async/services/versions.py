"""Versions of an application, and the addresses that may reach their servers."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from types import NoneType
from typing import Final, Unpack

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.limits import Priority
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.states import Progress, Snapshot, State
from edgegap_async.models.version_options import (
    NULL_ON_CREATE,
    NULL_ON_UPDATE,
    VersionOptions,
    version_body,
    version_secrets,
)
from edgegap_async.models.versions import ACLEntry, ACLResponse, Version, VersionKind, VersionResponse
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_number
from edgegap_async.waiting.conditions import WaitTarget
from edgegap_async.waiting.intervals import PollInterval
from edgegap_async.waiting.status_probe import POLL_SECONDS
from edgegap_async.waiting.subscriptions import WatchEntry

_INTERVAL: Final = PollInterval(first=0.0, shortest=5.0, growth=0.15, longest=30.0)
"""The service copies the image to every location in the world: that takes minutes."""


@attrs.frozen
class _CacheSnapshot:
    """How far a version's image is cached."""

    version: Version
    state: State | None = None
    progress: Progress = Progress.PENDING

    @property
    def reason(self) -> str | None:
        return f"{self.version.cached:.0f} % cached"


@attrs.frozen
class _CacheProbe:
    """Polls a version."""

    pipeline: Pipeline

    async def poll(self, entry: WatchEntry[_CacheSnapshot]) -> _CacheSnapshot:
        version = await self.pipeline.call(
            "app-version-get", Version, path=entry.path, timeout=POLL_SECONDS, priority=Priority.POLL
        )
        return _CacheSnapshot(version)


@attrs.frozen(kw_only=True)
class _CacheTarget(WaitTarget):
    """A version whose image is cached in a percentage of the locations."""

    kind: str = "version cache"
    timeout_hint: str = "Servers can be deployed meanwhile; where the image is not cached they start slowly"
    unknown_grace: float | None = None
    percent: float

    def progress(self, snapshot: Snapshot) -> Progress:
        if not isinstance(snapshot, _CacheSnapshot):
            return snapshot.progress
        if snapshot.version.cached >= self.percent:
            return Progress.READY
        if snapshot.version.force_cache is False:
            raise ConfigurationError(
                f"version {snapshot.version.name} is not cached: turn caching on with versions.update(force_cache=True)"
            )
        return Progress.PENDING


class ACL(Service):
    """``edgegap.versions.acl``: the IP ranges that may reach the servers of a version.

    The list applies to versions created or updated with ``whitelisting_active=True``. Only the 2024 document lists
    these operations. There is no update: delete an entry and create another.
    """

    async def create(
        self,
        application: str,
        version: str,
        *,
        cidr: str,
        label: str | None = None,
        is_active: bool | None = None,
        timeout: float | None = None,
    ) -> ACLEntry:
        """Allow a range of addresses: ``POST /v1/app/{app_name}/version/{version_name}/whitelist``.

        Args:
            application: The application's name.
            version: The version's name.
            cidr: An address, or a range such as ``203.0.113.0/24``.
            label: A name for people.
            is_active: Whether the entry applies; None for the service's default.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            ConfigurationError: ``cidr`` is neither an address nor a range; nothing was sent.
        """
        try:
            ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            raise ConfigurationError(
                f"cidr must be an IP address or a range such as 203.0.113.0/24, not {cidr!r}"
            ) from None
        body = {"cidr": cidr, **omit_none(label=label, is_active=is_active)}
        response = await self._call(
            "app-version-whitelist-post", ACLResponse, application, version, body=body, timeout=timeout
        )
        return response.whitelist_entry

    async def get(self, application: str, version: str, id: str, *, timeout: float | None = None) -> ACLEntry:
        """Return an entry: ``GET /v1/app/{app_name}/version/{version_name}/whitelist/{entry_id}``.

        Args:
            application: The application's name.
            version: The version's name.
            id: The entry's id.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such entry.
        """
        return await self._call("app-version-whitelist-entry-get", ACLEntry, application, version, id, timeout=timeout)

    async def delete(self, application: str, version: str, id: str, *, timeout: float | None = None) -> None:
        """Delete an entry: ``DELETE /v1/app/{app_name}/version/{version_name}/whitelist/{entry_id}``.

        Args:
            application: The application's name.
            version: The version's name.
            id: The entry's id.
            timeout: Deadline of the call in seconds, None for the client's.
        """
        await self._call("app-version-whitelist-entry-delete", NoneType, application, version, id, timeout=timeout)

    def list(
        self, application: str, version: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[ACLEntry]:
        """List the entries of a version: ``GET /v1/app/{app_name}/version/{version_name}/whitelist``.

        Args:
            application: The application's name.
            version: The version's name.
            page_size: Not sent: this endpoint has no page size parameter.
            timeout: Deadline of the request in seconds, None for the client's.
        """
        return self._list(
            "app-version-whitelist-get",
            ACLEntry,
            application,
            version,
            key=lambda entry: entry.id,
            page_size=page_size,
            timeout=timeout,
        )


class Versions(Service):
    """``edgegap.versions``: an application's versions, each a container image with its resources and ports.

    ::

        await edgegap.versions.create(
            "kart",
            "v1.2",
            req_cpu=512,
            req_memory=1024,
            docker_repository="registry.studio.example",
            docker_image="studio/kart",
            docker_tag="1.2",
            ports=[VersionPort(port=7777, name="gameport")],
        )
    """

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.acl: ACL = ACL(core)
        self._cache_watcher = core.watchers.add("version cache", _CacheProbe(core.pipeline), _INTERVAL)

    async def create(
        self,
        application: str,
        name: str,
        *,
        req_cpu: int,
        req_memory: int,
        docker_repository: str,
        docker_image: str,
        docker_tag: str,
        kind: VersionKind | None = None,
        timeout: float | None = None,
        **options: Unpack[VersionOptions],
    ) -> Version:
        """Create a version: ``POST /v1/app/{app_name}/version``.

        Args:
            application: The application's name.
            name: The version's name, 1 to 64 characters.
            req_cpu: CPU units of 1/1024 of a core, at least 100.
            req_memory: Memory in MB, at least 100, and at most twice ``req_cpu``.
            docker_repository: The registry's host name.
            docker_image: The image's name in the registry.
            docker_tag: The image's tag.
            kind: The version's kind, for sessions or not. Only the provider's page of June 2025 has it. It shows a
                number and describes ``"session"`` and ``"non-session"``, so both are accepted.
            timeout: Deadline of the call in seconds, None for the client's.
            **options: The fields of ``VersionOptions``. None is sent for ``command`` and ``arguments``.

        Raises:
            ConfigurationError: A value is out of range or an option is unknown; nothing was sent.
            NotFound: There is no such application.
            Conflict: A version of that name exists.
            FailedDependency: ``verify_image`` is set, and the service cannot pull the image.
        """
        response = await self._call(
            "app-version-create",
            VersionResponse,
            application,
            body=version_body(
                options,
                nullable=NULL_ON_CREATE,
                name=name,
                req_cpu=req_cpu,
                req_memory=req_memory,
                kind=kind,
                docker_repository=docker_repository,
                docker_image=docker_image,
                docker_tag=docker_tag,
            ),
            timeout=timeout,
            secrets=version_secrets(options),
        )
        return response.version

    async def get(self, application: str, name: str, *, timeout: float | None = None) -> Version:
        """Return a version: ``GET /v1/app/{app_name}/version/{version_name}``.

        Args:
            application: The application's name.
            name: The version's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such version.
        """
        return await self._call("app-version-get", Version, application, name, timeout=timeout)

    async def update(
        self,
        application: str,
        name: str,
        *,
        new_name: str | None = None,
        req_cpu: int | None = None,
        req_memory: int | None = None,
        docker_repository: str | None = None,
        docker_image: str | None = None,
        docker_tag: str | None = None,
        timeout: float | None = None,
        **options: Unpack[VersionOptions],
    ) -> Version:
        """Change the fields that are passed: ``PATCH /v1/app/{app_name}/version/{version_name}``.

        Running servers keep the settings that they were started with.

        Args:
            application: The application's name.
            name: The version's present name.
            new_name: The name it gets, 1 to 64 characters.
            req_cpu: CPU units of 1/1024 of a core, at least 100. Only the 2024 document has it here.
            req_memory: Memory in MB, at least 100, and at most twice ``req_cpu`` if that is passed too. Only the 2024
                document has it here.
            docker_repository: The registry's host name.
            docker_image: The image's name in the registry.
            docker_tag: The image's tag.
            timeout: Deadline of the call in seconds, None for the client's.
            **options: The fields of ``VersionOptions``. None is sent for ``max_duration``, ``command`` and
                ``arguments``, which the older pages allow to be null. Only the 2024 document has ``req_video`` here.

        Raises:
            ConfigurationError: A value is out of range or an option is unknown; nothing was sent.
            NotFound: There is no such version.
            Conflict: A version with the new name exists.
            FailedDependency: ``verify_image`` is set, and the service cannot pull the image.
        """
        response = await self._call(
            "app-version-update",
            VersionResponse,
            application,
            name,
            body=version_body(
                options,
                nullable=NULL_ON_UPDATE,
                name=new_name,
                req_cpu=req_cpu,
                req_memory=req_memory,
                docker_repository=docker_repository,
                docker_image=docker_image,
                docker_tag=docker_tag,
            ),
            timeout=timeout,
            secrets=version_secrets(options),
        )
        return response.version

    async def delete(self, application: str, name: str, *, timeout: float | None = None) -> None:
        """Delete a version: ``DELETE /v1/app/{app_name}/version/{version_name}``.

        Args:
            application: The application's name.
            name: The version's name.
            timeout: Deadline of the call in seconds, None for the client's.

        Raises:
            NotFound: There is no such version.
        """
        await self._call("app-version-delete", NoneType, application, name, timeout=timeout)

    def list(
        self, application: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[Version]:
        """List the versions of an application: ``GET /v1/app/{app_name}/versions``.

        Args:
            application: The application's name.
            page_size: Not sent: this endpoint has no page size parameter.
            timeout: Deadline of the request in seconds, None for the client's.

        Raises:
            NotFound: There is no such application (raised when the list is read).
        """
        return self._list(
            "app-version-list",
            Version,
            application,
            key=lambda version: version.name,
            page_size=page_size,
            timeout=timeout,
        )

    async def wait_until_cached(
        self,
        application: str,
        name: str,
        percent: float = 80.0,
        *,
        timeout: float | None = None,
        on_progress: Callable[[float], object] | None = None,
    ) -> Version:
        """Wait until a version's image is cached in a percentage of the locations, polling ``versions.get``.

        From about 80 percent on, servers start fast nearly everywhere. Caching takes minutes: pass a ``timeout`` that
        allows for it. Rate limits and transient errors do not end the wait.

        Args:
            application: The application's name.
            name: The version's name.
            percent: The percentage of locations to wait for, 0 to 100.
            timeout: Deadline of the whole wait in seconds, None for the client's.
            on_progress: Called with the percentage after each poll.

        Raises:
            ConfigurationError: ``percent`` is out of range, or the version's ``force_cache`` is off, so that the wait
                could not end.
            NotFound: There is no such version.
            WaitTimeout: The percentage was not reached within ``timeout`` seconds.
        """
        validate_number(percent, "percent", minimum=0, maximum=100)

        snapshot = await self._wait(
            self._cache_watcher,
            _CacheTarget(percent=percent),
            {"app_name": application, "version_name": name},
            timeout=timeout,
            on_snapshot=None if on_progress is None else lambda snapshot: on_progress(snapshot.version.cached),
            every_snapshot=True,
        )
        return snapshot.version
