"""Versions of an application, and who may reach their servers."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, Unpack

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.limits import Priority
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.fields import Progress, Snapshot, State
from edgegap_async.models.versions import (
    ACLAnswer,
    ACLEntry,
    Version,
    VersionAnswer,
    VersionDeleted,
    VersionOptions,
    version_body,
    version_secrets,
)
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
"""Caching goes to every location in the world: it takes minutes."""


@attrs.frozen
class _CacheSnapshot:
    """How far a version is cached."""

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
    """A version that is cached in so many percent of the locations."""

    kind: str = "version"
    timeout_hint: str = "A server can be deployed meanwhile, and starts slowly"
    unknown_grace: float | None = None
    percent: float

    def progress(self, snapshot: Snapshot) -> Progress:
        if not isinstance(snapshot, _CacheSnapshot):
            return snapshot.progress
        if snapshot.version.cached >= self.percent:
            return Progress.READY
        if snapshot.version.force_cache is False:
            raise ConfigurationError(
                f"version {snapshot.version.name} is not cached: turn it on with versions.update(force_cache=True)"
            )
        return Progress.PENDING


class ACL(Service):
    """``edgegap.versions.acl``: the addresses that may reach the servers of a version.

    They count where the version's ``whitelisting_active`` is on. Only the document of 2024 lists these calls.
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
        """Let a range of addresses in: ``POST /v1/app/{app_name}/version/{version_name}/whitelist``.

        ``cidr`` is an address or a range such as ``203.0.113.0/24``. Raises ConfigurationError for anything else.
        """
        try:
            ipaddress.ip_network(cidr, strict=False)
        except ValueError:
            raise ConfigurationError(f"cidr is an address or a range such as 203.0.113.0/24, not {cidr!r}") from None
        answer = await self._pipeline.call(
            "app-version-whitelist-post",
            ACLAnswer,
            path=_path(application, version),
            body={"cidr": cidr, **omit_none(label=label, is_active=is_active)},
            timeout=timeout,
        )
        return answer.whitelist_entry

    async def get(self, application: str, version: str, id: str, *, timeout: float | None = None) -> ACLEntry:
        """One range: ``GET /v1/app/{app_name}/version/{version_name}/whitelist/{entry_id}``. Raises NotFound."""
        return await self._pipeline.call(
            "app-version-whitelist-entry-get",
            ACLEntry,
            path={**_path(application, version), "entry_id": id},
            timeout=timeout,
        )

    async def delete(self, application: str, version: str, id: str, *, timeout: float | None = None) -> ACLEntry:
        """Remove a range: ``DELETE /v1/app/{app_name}/version/{version_name}/whitelist/{entry_id}``; gives it back."""
        answer = await self._pipeline.call(
            "app-version-whitelist-entry-delete",
            ACLAnswer,
            path={**_path(application, version), "entry_id": id},
            timeout=timeout,
        )
        return answer.whitelist_entry

    def list(
        self, application: str, version: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[ACLEntry]:
        """All ranges of a version: ``GET /v1/app/{app_name}/version/{version_name}/whitelist``."""
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
    """``edgegap.versions``: what of an application can be deployed."""

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.acl: ACL = ACL(core)
        self._cache_watcher = core.watchers.add("version", _CacheProbe(core.pipeline), _INTERVAL)

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
        timeout: float | None = None,
        **options: Unpack[VersionOptions],
    ) -> Version:
        """Add a version: ``POST /v1/app/{app_name}/version``.

        ``req_cpu`` is in 1/1024 of a core, ``req_memory`` in MB: each at least 100, the memory at most twice the CPU
        units. ``name`` has 1 to 64 characters; ``options`` are VersionOptions. Raises ConfigurationError before
        anything is sent, Conflict where there is one of that name, FailedDependency where ``verify_image`` is asked
        for and the image cannot be pulled.
        """
        answer = await self._pipeline.call(
            "app-version-create",
            VersionAnswer,
            path={"app_name": application},
            body=version_body(
                options,
                name=name,
                req_cpu=req_cpu,
                req_memory=req_memory,
                docker_repository=docker_repository,
                docker_image=docker_image,
                docker_tag=docker_tag,
            ),
            timeout=timeout,
            secrets=version_secrets(options),
        )
        return answer.version

    async def get(self, application: str, name: str, *, timeout: float | None = None) -> Version:
        """One version: ``GET /v1/app/{app_name}/version/{version_name}``. Raises NotFound."""
        return await self._pipeline.call("app-version-get", Version, path=_path(application, name), timeout=timeout)

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
        """Change what is given: ``PATCH /v1/app/{app_name}/version/{version_name}``.

        Servers that run keep what they were started with. Takes what ``create`` does; only the document of 2024 has
        ``req_cpu``, ``req_memory`` and ``req_video`` here. Raises like ``create``, and NotFound.
        """
        answer = await self._pipeline.call(
            "app-version-update",
            VersionAnswer,
            path=_path(application, name),
            body=version_body(
                options,
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
        return answer.version

    async def delete(self, application: str, name: str, *, timeout: float | None = None) -> VersionDeleted:
        """Remove a version: ``DELETE /v1/app/{app_name}/version/{version_name}``. Raises NotFound."""
        return await self._pipeline.call(
            "app-version-delete", VersionDeleted, path=_path(application, name), timeout=timeout
        )

    def list(
        self, application: str, *, page_size: int = DEFAULT_PAGE_SIZE, timeout: float | None = None
    ) -> PageStream[Version]:
        """All versions of an application: ``GET /v1/app/{app_name}/versions``."""
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
        """Wait until the image of a version is cached in so many percent of the locations.

        From about 80 servers start fast nearly anywhere; it takes minutes, so give a ``timeout`` (in seconds) that
        does. ``on_progress`` is told the percent after each look. Raises ReadyTimeout, NotFound, and ConfigurationError
        for a version whose ``force_cache`` is off: it would never come.
        """
        validate_number(percent, "percent", minimum=0, maximum=100)

        snapshot = await self._wait(
            self._cache_watcher,
            _CacheTarget(percent=percent),
            _path(application, name),
            timeout=timeout,
            on_snapshot=None if on_progress is None else lambda snapshot: on_progress(snapshot.version.cached),
            every_snapshot=True,
        )
        return snapshot.version


def _path(application: str, version: str) -> dict[str, str]:
    return {"app_name": application, "version_name": version}
