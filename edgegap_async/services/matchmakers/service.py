"""The managed matchmaker and its parts, which only the document of 2024 lists.

A release brings a matchmaker to life: one of components is made of one's own containers and their variables, a managed
one of a configuration.
"""

from __future__ import annotations

from types import NoneType

from edgegap_async.errors import JSON
from edgegap_async.models.encoding import omit_none
from edgegap_async.models.matchmakers import (
    ComponentVariable,
    ListedRelease,
    ListedReleaseConfig,
    ManagedRelease,
    Matchmaker,
    MatchmakerComponent,
    MatchmakerRelease,
    RegistryCredentials,
    ReleaseConfig,
)
from edgegap_async.pagination import PageStream
from edgegap_async.services.base import Service
from edgegap_async.services.core import ClientCore
from edgegap_async.validation import validate_name


class Components(Service):
    """``edgegap.matchmakers.components``: the containers that releases are made of."""

    async def create(
        self,
        name: str,
        *,
        repository: str,
        image: str,
        tag: str,
        credentials: RegistryCredentials | None = None,
        timeout: float | None = None,
    ) -> MatchmakerComponent:
        """Add a component: ``POST /v1/aom/component``.

        Its name is the only one of its kind. ``repository`` is the registry that has the ``image``, ``credentials``
        open it where it is private.
        """
        return await self._pipeline.call(
            "post-matchmaker-component",
            MatchmakerComponent,
            body=_names(name=name)
            | omit_none(repository=repository, image=image, tag=tag, credentials=_as_json(credentials)),
            timeout=timeout,
            secrets=credentials.secrets if credentials else (),
        )

    async def get(self, name: str, *, timeout: float | None = None) -> MatchmakerComponent:
        """One component: ``GET /v1/aom/component/{component_name}``."""
        return await self._pipeline.call(
            "get-matchmaker-component", MatchmakerComponent, path={"component_name": name}, timeout=timeout
        )

    async def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        repository: str | None = None,
        image: str | None = None,
        tag: str | None = None,
        credentials: RegistryCredentials | None = None,
        timeout: float | None = None,
    ) -> MatchmakerComponent:
        """Change what is given of a component: ``PATCH /v1/aom/component/{component_name}``."""
        return await self._pipeline.call(
            "patch-matchmaker-component",
            MatchmakerComponent,
            path={"component_name": name},
            body=_names(**omit_none(name=new_name))
            | omit_none(repository=repository, image=image, tag=tag, credentials=_as_json(credentials)),
            timeout=timeout,
            secrets=credentials.secrets if credentials else (),
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Remove a component, and no matchmaker: ``DELETE /v1/aom/component/{component_name}``."""
        await self._pipeline.call(
            "delete-matchmaker-component", NoneType, path={"component_name": name}, timeout=timeout
        )

    def list(self, *, timeout: float | None = None) -> PageStream[MatchmakerComponent]:
        """All components: ``GET /v1/aom/components``, in one answer."""
        return self._list("get-component-list", MatchmakerComponent, key=lambda row: row.name, timeout=timeout)


class Envs(Service):
    """``edgegap.matchmakers.envs``: the variables in a component's environment."""

    async def create(self, component: str, key: str, *, value: str, timeout: float | None = None) -> ComponentVariable:
        """Add a variable: ``POST /v1/aom/component/{component_name}/env``."""
        return await self._pipeline.call(
            "post-matchmaker-component-env",
            ComponentVariable,
            path={"component_name": component},
            body=_names(key=key) | omit_none(value=value),
            timeout=timeout,
        )

    async def get(self, component: str, key: str, *, timeout: float | None = None) -> ComponentVariable:
        """One variable: ``GET /v1/aom/component/{component_name}/env/{env_key}``."""
        return await self._pipeline.call(
            "get-matchmaker-component-env",
            ComponentVariable,
            path={"component_name": component, "env_key": key},
            timeout=timeout,
        )

    async def update(
        self,
        component: str,
        key: str,
        *,
        new_key: str | None = None,
        value: str | None = None,
        timeout: float | None = None,
    ) -> ComponentVariable:
        """Change what is given of a variable: ``PATCH /v1/aom/component/{component_name}/env/{env_key}``."""
        return await self._pipeline.call(
            "patch-matchmaker-component-env",
            ComponentVariable,
            path={"component_name": component, "env_key": key},
            body=_names(**omit_none(key=new_key)) | omit_none(value=value),
            timeout=timeout,
        )

    async def delete(self, component: str, key: str, *, timeout: float | None = None) -> None:
        """Remove a variable: ``DELETE /v1/aom/component/{component_name}/env/{env_key}``."""
        await self._pipeline.call(
            "delete-matchmaker-component-env",
            NoneType,
            path={"component_name": component, "env_key": key},
            timeout=timeout,
        )

    def list(self, component: str, *, timeout: float | None = None) -> PageStream[ComponentVariable]:
        """The variables of a component: ``GET /v1/aom/component/{component_name}/envs``, in one answer."""
        return self._list(
            "get-envs-list",
            ComponentVariable,
            component,
            key=lambda row: row.key,
            timeout=timeout,
        )


class Releases(Service):
    """``edgegap.matchmakers.releases``: versions of a matchmaker that are made of one's own components."""

    async def create(
        self,
        matchmaker: str,
        version: str,
        *,
        frontend: str,
        director: str,
        match_function: str,
        timeout: float | None = None,
    ) -> MatchmakerRelease:
        """Add a release: ``POST /v1/aom/matchmaker/{matchmaker_name}/release``.

        ``frontend``, ``director`` and ``match_function`` name the components that are these to Open Match.
        """
        return await self._pipeline.call(
            "post-matchmaker-release",
            MatchmakerRelease,
            path={"matchmaker_name": matchmaker},
            body=_names(
                version=version,
                frontend_component_name=frontend,
                director_component_name=director,
                match_function_component_name=match_function,
            ),
            timeout=timeout,
        )

    async def get(self, matchmaker: str, version: str, *, timeout: float | None = None) -> MatchmakerRelease:
        """One release: ``GET /v1/aom/matchmaker/{matchmaker_name}/release/{release_version}``. Raises NotFound."""
        return await self._pipeline.call(
            "get-matchmaker-release",
            MatchmakerRelease,
            path={"matchmaker_name": matchmaker, "release_version": version},
            timeout=timeout,
        )

    async def update(
        self,
        matchmaker: str,
        version: str,
        *,
        new_version: str | None = None,
        frontend: str | None = None,
        director: str | None = None,
        match_function: str | None = None,
        timeout: float | None = None,
    ) -> MatchmakerRelease:
        """Change what is given of a release: ``PATCH /v1/aom/matchmaker/{matchmaker_name}/release/{release_version}``.

        Raises NotFound.
        """
        return await self._pipeline.call(
            "patch-matchmaker-release",
            MatchmakerRelease,
            path={"matchmaker_name": matchmaker, "release_version": version},
            body=_names(
                **omit_none(
                    version=new_version,
                    frontend_component_name=frontend,
                    director_component_name=director,
                    match_function_component_name=match_function,
                )
            ),
            timeout=timeout,
        )

    async def delete(self, matchmaker: str, version: str, *, timeout: float | None = None) -> None:
        """Remove a release: ``DELETE /v1/aom/matchmaker/{matchmaker_name}/release/{release_version}``."""
        await self._pipeline.call(
            "delete-matchmaker-release",
            NoneType,
            path={"matchmaker_name": matchmaker, "release_version": version},
            timeout=timeout,
        )

    def list(self, matchmaker: str, *, timeout: float | None = None) -> PageStream[ListedRelease]:
        """The releases of a matchmaker: ``GET /v1/aom/matchmaker/{matchmaker_name}/releases``, in one answer."""
        return self._list(
            "get-release-list",
            ListedRelease,
            matchmaker,
            key=lambda row: (row.version, row.key),
            timeout=timeout,
        )


class ManagedReleases(Service):
    """``edgegap.matchmakers.managed_releases``: versions of a matchmaker that follow a configuration.

    They have no list of their own: ``edgegap.matchmakers.releases.list`` is that of all.
    """

    async def create(
        self, matchmaker: str, version: str, *, config: str, timeout: float | None = None
    ) -> ManagedRelease:
        """Add a release that follows ``config``: ``POST /v1/aom/matchmaker/{matchmaker_name}/release/managed``."""
        return await self._pipeline.call(
            "post-matchmaker-managed-release",
            ManagedRelease,
            path={"matchmaker_name": matchmaker},
            body=_names(version=version, release_config_name=config),
            timeout=timeout,
        )

    async def get(self, matchmaker: str, version: str, *, timeout: float | None = None) -> ManagedRelease:
        """One release: ``GET /v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}``.

        Raises NotFound.
        """
        return await self._pipeline.call(
            "get-matchmaker-managed-release",
            ManagedRelease,
            path={"matchmaker_name": matchmaker, "release_version": version},
            timeout=timeout,
        )

    async def update(
        self,
        matchmaker: str,
        version: str,
        *,
        new_version: str | None = None,
        config: str | None = None,
        timeout: float | None = None,
    ) -> ManagedRelease:
        """Change what is given: ``PATCH /v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}``.

        Raises NotFound.
        """
        return await self._pipeline.call(
            "patch-matchmaker-managed-release",
            ManagedRelease,
            path={"matchmaker_name": matchmaker, "release_version": version},
            body=_names(**omit_none(version=new_version, release_config_name=config)),
            timeout=timeout,
        )

    async def delete(self, matchmaker: str, version: str, *, timeout: float | None = None) -> None:
        """Remove one: ``DELETE /v1/aom/matchmaker/{matchmaker_name}/release/managed/{release_version}``.

        The matchmaker stays.
        """
        await self._pipeline.call(
            "delete-matchmaker-managed-release",
            NoneType,
            path={"matchmaker_name": matchmaker, "release_version": version},
            timeout=timeout,
        )


class Configs(Service):
    """``edgegap.matchmakers.configs``: configurations that managed releases follow."""

    async def create(self, name: str, *, configuration: str, timeout: float | None = None) -> ReleaseConfig:
        """Add a configuration, one document in a text: ``POST /v1/aom/release/config``.

        Its name is the only one of its kind.
        """
        return await self._pipeline.call(
            "post-matchmaker-release-config",
            ReleaseConfig,
            body=_names(name=name) | omit_none(configuration=configuration),
            timeout=timeout,
        )

    async def get(self, name: str, *, timeout: float | None = None) -> ReleaseConfig:
        """One configuration: ``GET /v1/aom/release/config/{config_name}``."""
        return await self._pipeline.call(
            "get-matchmaker-release-config", ReleaseConfig, path={"config_name": name}, timeout=timeout
        )

    async def update(
        self,
        name: str,
        *,
        new_name: str | None = None,
        configuration: str | None = None,
        timeout: float | None = None,
    ) -> ReleaseConfig:
        """Change what is given of a configuration: ``PATCH /v1/aom/release/config/{config_name}``."""
        return await self._pipeline.call(
            "patch-matchmaker-release-config",
            ReleaseConfig,
            path={"config_name": name},
            body=_names(**omit_none(name=new_name)) | omit_none(configuration=configuration),
            timeout=timeout,
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Remove a configuration: ``DELETE /v1/aom/release/config/{config_name}``."""
        await self._pipeline.call(
            "delete-matchmaker-release-config", NoneType, path={"config_name": name}, timeout=timeout
        )

    def list(self, *, timeout: float | None = None) -> PageStream[ListedReleaseConfig]:
        """All configurations: ``GET /v1/aom/release/configs``, in one answer."""
        return self._list(
            "get-release-configs-list", ListedReleaseConfig, key=lambda row: (row.name, row.key), timeout=timeout
        )


class Matchmakers(Service):
    """``edgegap.matchmakers``: matchmakers that the provider runs; no present document of the service has them."""

    def __init__(self, core: ClientCore) -> None:
        super().__init__(core)
        self.components: Components = Components(core)
        self.envs: Envs = Envs(core)
        self.releases: Releases = Releases(core)
        self.managed_releases: ManagedReleases = ManagedReleases(core)
        self.configs: Configs = Configs(core)

    async def create(self, name: str, *, timeout: float | None = None) -> Matchmaker:
        """Add a matchmaker, which does nothing before it has a release: ``POST /v1/aom/matchmaker``."""
        return await self._pipeline.call("post-matchmaker", Matchmaker, body=_names(name=name), timeout=timeout)

    async def get(self, name: str, *, timeout: float | None = None) -> Matchmaker:
        """One matchmaker: ``GET /v1/aom/matchmaker/{matchmaker_name}``."""
        return await self._pipeline.call("get-matchmaker", Matchmaker, path={"matchmaker_name": name}, timeout=timeout)

    async def update(self, name: str, *, new_name: str | None = None, timeout: float | None = None) -> Matchmaker:
        """Rename a matchmaker: ``PATCH /v1/aom/matchmaker/{matchmaker_name}``."""
        return await self._pipeline.call(
            "patch-matchmaker",
            Matchmaker,
            path={"matchmaker_name": name},
            body=_names(**omit_none(name=new_name)),
            timeout=timeout,
        )

    async def delete(self, name: str, *, timeout: float | None = None) -> None:
        """Remove a matchmaker: ``DELETE /v1/aom/matchmaker/{matchmaker_name}``."""
        await self._pipeline.call("delete-matchmaker", NoneType, path={"matchmaker_name": name}, timeout=timeout)

    def list(self, *, timeout: float | None = None) -> PageStream[Matchmaker]:
        """All matchmakers: ``GET /v1/aom/matchmakers``, in one answer."""
        return self._list("get-matchmaker-list", Matchmaker, key=lambda row: row.name, timeout=timeout)


def _names(**fields: object) -> dict[str, JSON]:
    """Fields each of which is a name, in a path sooner or later. Raises ConfigurationError for what can be none."""
    return {field: validate_name(name, f"the {field.replace('_', ' ')}") for field, name in fields.items()}


def _as_json(credentials: RegistryCredentials | None) -> JSON:
    return None if credentials is None else credentials.as_json()
