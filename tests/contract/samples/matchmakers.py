"""The matchmaker: its components and their variables, its releases of both kinds, their configurations."""

from __future__ import annotations

from edgegap_async import RegistryCredentials
from samples import Calls

IMAGE = {"repository": "registry.studio.example", "image": "kart/director", "tag": "v1.2"}
CREDENTIALS = RegistryCredentials(username="ci", token="a-registry-token")
ROLES = {"frontend": "kart-frontend", "director": "kart-director", "match_function": "kart-function"}
CONFIGURATION = '{"version": "1.0", "profiles": {"ranked": {"team_size": 4}}}'

CALLS: Calls = {
    "post-matchmaker": [lambda e: e.matchmakers.create("ranked")],
    "get-matchmaker": [lambda e: e.matchmakers.get("ranked")],
    "patch-matchmaker": [
        lambda e: e.matchmakers.update("ranked"),
        lambda e: e.matchmakers.update("ranked", new_name="casual"),
    ],
    "delete-matchmaker": [lambda e: e.matchmakers.delete("ranked")],
    "get-matchmaker-list": [lambda e: e.matchmakers.list().first()],
    "post-matchmaker-component": [
        lambda e: e.matchmakers.components.create("kart-director", **IMAGE),
        lambda e: e.matchmakers.components.create("kart-director", **IMAGE, credentials=CREDENTIALS),
    ],
    "get-matchmaker-component": [lambda e: e.matchmakers.components.get("kart-director")],
    "patch-matchmaker-component": [
        lambda e: e.matchmakers.components.update("kart-director"),
        lambda e: e.matchmakers.components.update(
            "kart-director", new_name="kart-director-2", **IMAGE, credentials=CREDENTIALS
        ),
    ],
    "delete-matchmaker-component": [lambda e: e.matchmakers.components.delete("kart-director")],
    "get-component-list": [lambda e: e.matchmakers.components.list().first()],
    "post-matchmaker-component-env": [lambda e: e.matchmakers.envs.create("kart-director", "MODE", value="ranked")],
    "get-matchmaker-component-env": [lambda e: e.matchmakers.envs.get("kart-director", "MODE")],
    "patch-matchmaker-component-env": [
        lambda e: e.matchmakers.envs.update("kart-director", "MODE"),
        lambda e: e.matchmakers.envs.update("kart-director", "MODE", new_key="GAME_MODE", value="casual"),
    ],
    "delete-matchmaker-component-env": [lambda e: e.matchmakers.envs.delete("kart-director", "MODE")],
    "get-envs-list": [lambda e: e.matchmakers.envs.list("kart-director").first()],
    "post-matchmaker-release": [lambda e: e.matchmakers.releases.create("ranked", "r1", **ROLES)],
    "get-matchmaker-release": [lambda e: e.matchmakers.releases.get("ranked", "r1")],
    "patch-matchmaker-release": [
        lambda e: e.matchmakers.releases.update("ranked", "r1"),
        lambda e: e.matchmakers.releases.update("ranked", "r1", new_version="r2", **ROLES),
    ],
    "delete-matchmaker-release": [lambda e: e.matchmakers.releases.delete("ranked", "r1")],
    "get-release-list": [lambda e: e.matchmakers.releases.list("ranked").first()],
    "post-matchmaker-managed-release": [
        lambda e: e.matchmakers.managed_releases.create("ranked", "m1", config="ranked-4v4")
    ],
    "get-matchmaker-managed-release": [lambda e: e.matchmakers.managed_releases.get("ranked", "m1")],
    "patch-matchmaker-managed-release": [
        lambda e: e.matchmakers.managed_releases.update("ranked", "m1"),
        lambda e: e.matchmakers.managed_releases.update("ranked", "m1", new_version="m2", config="ranked-2v2"),
    ],
    "delete-matchmaker-managed-release": [lambda e: e.matchmakers.managed_releases.delete("ranked", "m1")],
    "post-matchmaker-release-config": [
        lambda e: e.matchmakers.configs.create("ranked-4v4", configuration=CONFIGURATION)
    ],
    "get-matchmaker-release-config": [lambda e: e.matchmakers.configs.get("ranked-4v4")],
    "patch-matchmaker-release-config": [
        lambda e: e.matchmakers.configs.update("ranked-4v4"),
        lambda e: e.matchmakers.configs.update("ranked-4v4", new_name="ranked-2v2", configuration=CONFIGURATION),
    ],
    "delete-matchmaker-release-config": [lambda e: e.matchmakers.configs.delete("ranked-4v4")],
    "get-release-configs-list": [lambda e: e.matchmakers.configs.list().first()],
}
