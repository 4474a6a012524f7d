"""Versions of an application, and who may reach their servers."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Final, Unpack

import attrs

from edgegap_async.errors import ConfigurationError
from edgegap_async.limits import Priority
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.states import Progress, State
from edgegap_async.models.version_options import VersionOptions, version_body, version_secrets
from edgegap_async.models.versions import (
    ACLEntry,
    ACLResponse,
    Version,
    VersionDeleted,
    VersionResponse,
)
from edgegap_async.pagination import DEFAULT_PAGE_SIZE, PageStream
from edgegap_async.services.base import Service
from edgegap_async.transport import Pipeline
from edgegap_async.validation import validate_number
from edgegap_async.waiting import Kind, Schedule, wait_until_ready

_CACHE: Final = Kind(name="the cache of", unwanted="a server can be deployed meanwhile, and starts slowly")
_CACHING: Final = Schedule(shortest=5.0, longest=30.0, unknown_grace=None)
"""Caching goes to every location in the world: it takes minutes."""


@attrs.frozen
class _Cached:
    """A look at how far a version is cached, for who waits for so many percent."""

    version: Version
    percent: float
    state: State | None = None

    @property
    def progress(self) -> Progress:
        return Progress.READY if self.version.cached >= self.percent else Progress.PENDING

    @property
    def reason(self) -> str | None:
        return f"{self.version.cached:.0f} % cached"


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
            ACLResponse,
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
            ACLResponse,
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
            key=lambda entry: entry.id,
            path=_path(application, version),
            page_size=page_size,
            timeout=timeout,
        )


class Versions(Service):
    """``edgegap.versions``: what of an application can be deployed."""

    def __init__(self, pipeline: Pipeline, prefetch: int) -> None:
        super().__init__(pipeline, prefetch)
        self.acl: ACL = ACL(pipeline, prefetch)

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
            VersionResponse,
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
            VersionResponse,
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
            key=lambda version: version.name,
            path={"app_name": application},
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

        async def look(_: str, seconds: float) -> _Cached:
            version = await self._pipeline.call(
                "app-version-get", Version, path=_path(application, name), timeout=seconds, priority=Priority.POLL
            )
            if version.force_cache is False and version.cached < percent:
                raise ConfigurationError(
                    f"{application} {name} is not cached: turn it on with versions.update(force_cache=True)"
                )
            return _Cached(version, percent)

        seen = await wait_until_ready(
            look,
            f"{application} {name}",
            kind=_CACHE,
            timeout=self._seconds(timeout),
            on_look=None if on_progress is None else lambda seen: on_progress(seen.version.cached),
            schedule=_CACHING,
        )
        return seen.version


def _path(application: str, version: str) -> dict[str, str]:
    return {"app_name": application, "version_name": version}
