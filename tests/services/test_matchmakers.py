"""The matchmaker: validation before sending, releases and their parts, lists, and secrets."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from edgegap_async import EdgegapClient, RegistryCredentials
from edgegap_async.errors import BadRequest, ConfigurationError, DecodeError
from edgegap_async.secret import Secret
from edgegap_async.simulator import LocalEdgegap

TOKEN = "s3cr3t-of-the-registry"
IMAGE = {"repository": "registry.studio.example", "image": "kart/director", "tag": "v1.2"}
ROLES = {"frontend": "kart-frontend", "director": "kart-director", "match_function": "kart-function"}

Call = Callable[[EdgegapClient], Awaitable[object]]


# before anything is sent


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda e: e.matchmakers.create("a/b"), "the name 'a/b' cannot be part of a URL path"),
        (lambda e: e.matchmakers.create(None), "the name must be a string, not NoneType"),
        (lambda e: e.matchmakers.update("ranked", new_name=" "), "the name is empty"),
        (lambda e: e.matchmakers.components.create("", **IMAGE), "the name is empty"),
        (lambda e: e.matchmakers.envs.create("kart", "..", value="x"), r"the key '\.\.' cannot"),
        (lambda e: e.matchmakers.envs.update("kart", "MODE", new_key="A/B"), "the key 'A/B' cannot"),
        (lambda e: e.matchmakers.releases.create("ranked", "r1", **ROLES | {"director": ""}), "the director component"),
        (lambda e: e.matchmakers.releases.update("ranked", "r1", new_version="r/2"), "the version 'r/2' cannot"),
        (lambda e: e.matchmakers.managed_releases.create("ranked", "m1", config=3), "the release config name must"),
        (lambda e: e.matchmakers.configs.create("a\nb", configuration="{}"), "the name"),
        (
            lambda e: e.matchmakers.components.create("kart", **IMAGE, credentials=RegistryCredentials(token="")),
            "the registry's token is empty",
        ),
        (
            lambda e: e.matchmakers.components.create("kart", **IMAGE, credentials=RegistryCredentials(token=3)),  # type: ignore[arg-type]
            "the registry's token must be a string or a Secret",
        ),
    ],
)
async def test_invalid_names_and_tokens_are_refused_before_sending(
    local: LocalEdgegap, edgegap: EdgegapClient, call: Call, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await call(edgegap)
    assert not local.requests


async def test_an_update_sends_only_the_passed_fields(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    await edgegap.matchmakers.components.create("kart", **IMAGE)
    changed = await edgegap.matchmakers.components.update("kart", tag="v1.3")
    assert (changed.name, changed.image, changed.tag) == ("kart", IMAGE["image"], "v1.3")
    assert local.requests[-1].body == {"tag": "v1.3"}


# releases, configurations, variables


async def test_a_release_is_made_of_components(edgegap: EdgegapClient) -> None:
    matchmakers = edgegap.matchmakers
    assert (await matchmakers.create("ranked")).name == "ranked"
    for name in ROLES.values():
        await matchmakers.components.create(name, **IMAGE)
    created = await matchmakers.releases.create("ranked", "r1", **ROLES)
    assert created.director_component_name == "kart-director"
    assert await matchmakers.releases.get("ranked", "r1") == created
    updated = await matchmakers.releases.update("ranked", "r1", new_version="r2", director="kart-function")
    assert (updated.version, updated.director_component_name) == ("r2", "kart-function")
    await matchmakers.releases.delete("ranked", "r2")
    assert [row.name async for row in matchmakers.list()] == ["ranked"]
    await matchmakers.delete("ranked")
    with pytest.raises(BadRequest):
        await matchmakers.get("ranked")
    assert len(await matchmakers.components.list().collect()) == 3


async def test_a_managed_release_follows_a_configuration(edgegap: EdgegapClient) -> None:
    matchmakers = edgegap.matchmakers
    await matchmakers.create("ranked")
    config = await matchmakers.configs.create("ranked-4v4", configuration='{"team_size": 4}')
    created = await matchmakers.managed_releases.create("ranked", "m1", config=config.name)
    assert created.release_config_name == "ranked-4v4"
    assert await matchmakers.managed_releases.get("ranked", "m1") == created
    renamed = await matchmakers.configs.update("ranked-4v4", new_name="ranked-2v2")
    assert renamed.configuration == '{"team_size": 4}'


async def test_variables_belong_to_a_component(edgegap: EdgegapClient) -> None:
    envs = edgegap.matchmakers.envs
    for component in ("kart-director", "kart-frontend"):
        await edgegap.matchmakers.components.create(component, **IMAGE)
    await envs.create("kart-director", "MODE", value="ranked")
    renamed = await envs.update("kart-director", "MODE", new_key="GAME_MODE")
    assert (renamed.key, renamed.value) == ("GAME_MODE", "ranked")
    assert await envs.list("kart-director").collect() == [renamed]
    assert await envs.list("kart-frontend").collect() == []
    await envs.delete("kart-director", "GAME_MODE")
    assert await envs.list("kart-director").total() == 0


# lists, in each shape the service sends


@pytest.mark.parametrize(
    ("data", "names"),
    [
        ({"name": "kart-director"}, ["kart-director"]),
        ([{"name": "kart-director"}, {"name": "kart-frontend"}], ["kart-director", "kart-frontend"]),
        ([], []),
        ({}, []),
        (None, []),
    ],
    ids=["the document's: one by itself", "several", "none", "an empty object", "null"],
)
async def test_components_are_listed_in_each_documented_shape(
    local: LocalEdgegap, edgegap: EdgegapClient, data: Any, names: list[str]
) -> None:
    local.faults.add("get-component-list", "status", code=200, body={"count": len(names), "data": data})
    assert [row.name async for row in edgegap.matchmakers.components.list()] == names


async def test_a_list_response_without_its_rows_is_a_decode_error(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("get-component-list", "status", code=200, body={"count": 0})
    with pytest.raises(DecodeError, match="has no 'data'"):
        await edgegap.matchmakers.components.list().collect()


async def test_the_list_of_releases_has_both_kinds(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    rows = [
        {"version": "r1", "director_component_name": "kart-director"},
        {"version": "m1", "release_config_name": "ranked-4v4"},
        {"key": "what the document shows", "value": "instead"},
    ]
    local.faults.add("get-release-list", "status", code=200, body={"count": 3, "data": rows})
    listed = await edgegap.matchmakers.releases.list("ranked").collect()
    assert [row.version for row in listed] == ["r1", "m1", None]
    assert listed[1].release_config_name == "ranked-4v4"
    assert listed[2].key == "what the document shows"


# secrets


@pytest.mark.parametrize("token", [TOKEN, Secret(TOKEN)], ids=["str", "Secret"])
async def test_a_registry_token_is_sent_and_returned_but_not_in_a_repr(
    local: LocalEdgegap, edgegap: EdgegapClient, token: str | Secret
) -> None:
    credentials = RegistryCredentials(username="ci", token=token, extra={"email": "ci@studio.example"})
    created = await edgegap.matchmakers.components.create("kart", **IMAGE, credentials=credentials)
    sent: Any = local.requests[-1].body
    assert sent["credentials"] == {"username": "ci", "token": TOKEN, "email": "ci@studio.example"}
    assert created.credentials == credentials
    assert created.credentials.token is not None
    assert created.credentials.token.reveal() == TOKEN
    assert await edgegap.matchmakers.components.list().collect() == [created]
    assert TOKEN not in repr([credentials, created])


async def test_an_error_hides_the_token_that_the_service_repeats(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    body = {"message": f"ci:{TOKEN} may not pull this image", "details": {"token": TOKEN}}
    local.faults.add("patch-matchmaker-component", "status", code=400, body=body)
    with pytest.raises(BadRequest) as caught:
        await edgegap.matchmakers.components.update("kart", credentials=RegistryCredentials(token=TOKEN))
    assert caught.value.message == "ci:*** may not pull this image"
    assert TOKEN not in repr(caught.value.details)


async def test_variables_and_configurations_are_not_in_a_repr(edgegap: EdgegapClient) -> None:
    await edgegap.matchmakers.components.create("kart", **IMAGE)
    variable = await edgegap.matchmakers.envs.create("kart", "API_KEY", value=TOKEN)
    config = await edgegap.matchmakers.configs.create("ranked-4v4", configuration=TOKEN)
    assert (variable.value, config.configuration) == (TOKEN, TOKEN)
    assert TOKEN not in repr([variable, config])
