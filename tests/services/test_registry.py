"""The registry: names with slashes, and a result for each tag of many."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import ConfigurationError, NotFound
from edgegap_async.simulator import LocalEdgegap

IMAGES = {"studio/kart/server": ["1.0", "1.1", "1.2"], "kart": ["a"]}


@pytest.fixture
async def registry() -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(seed=1, images=IMAGES) as local:
        yield local


@pytest.mark.parametrize("image", IMAGES)
async def test_slashes_stay_slashes(registry: LocalEdgegap, image: str) -> None:
    async with registry.client() as edgegap:
        assert sorted([row.tag async for row in edgegap.registry.list_tags(image)]) == IMAGES[image]
        await edgegap.registry.delete_tag(image, IMAGES[image][0])
    assert [request.path for request in registry.requests] == [
        f"/v1/container-registry/images/{image}/tags",
        f"/v1/container-registry/images/{image}/tags/{IMAGES[image][0]}",
    ]


@pytest.mark.parametrize("image", ["", "a//b", "/a", "a/../b", "a\\b", "a\nb"])
async def test_an_image_that_leads_elsewhere(edgegap: EdgegapClient, local: LocalEdgegap, image: str) -> None:
    with pytest.raises(ConfigurationError, match="image name"):
        await edgegap.registry.delete_tag(image, "1.0")
    assert local.requests == []


async def test_what_a_name_must_not_be_is_quoted(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(NotFound):
        await edgegap.registry.delete_tag("a?b#c%2F", "1 0")
    assert local.requests[-1].path == "/v1/container-registry/images/a%3Fb%23c%252F/tags/1%200"


async def test_of_many_tags_each_has_its_result(registry: LocalEdgegap) -> None:
    async with registry.client() as edgegap:
        answer = await edgegap.registry.bulk_delete_tags("studio/kart/server", ["1.0", "9.9"])
        assert {one.tag: (one.status, one.gone) for one in answer.results} == {"1.0": (204, True), "9.9": (404, True)}
        assert answer.summary is not None
        assert (answer.summary.total, answer.summary.success, answer.summary.failed) == (2, 1, 1)
        assert len(await edgegap.registry.list_tags("studio/kart/server").collect()) == 2


async def test_no_tags_is_a_mistake(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(ConfigurationError, match="tags is empty"):
        await edgegap.registry.bulk_delete_tags("kart", [])
    with pytest.raises(ConfigurationError, match="tags must be a list"):
        await edgegap.registry.bulk_delete_tags("kart", "1.0")
    assert local.requests == []
