"""The container registry: image names with slashes, and the results of a bulk deletion."""

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
async def test_slashes_of_an_image_name_stay_slashes_in_the_path(registry: LocalEdgegap, image: str) -> None:
    async with registry.client() as edgegap:
        assert sorted([row.tag async for row in edgegap.registry.list_tags(image)]) == IMAGES[image]
        await edgegap.registry.delete_tag(image, IMAGES[image][0])
    assert [request.path for request in registry.requests] == [
        f"/v1/container-registry/images/{image}/tags",
        f"/v1/container-registry/images/{image}/tags/{IMAGES[image][0]}",
    ]


@pytest.mark.parametrize("image", ["", "a//b", "/a", "a/../b", "a\\b", "a\nb"])
async def test_an_image_name_that_changes_the_path_is_refused_before_sending(
    edgegap: EdgegapClient, local: LocalEdgegap, image: str
) -> None:
    with pytest.raises(ConfigurationError, match="image name"):
        await edgegap.registry.delete_tag(image, "1.0")
    assert local.requests == []


async def test_special_characters_of_names_are_quoted(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(NotFound):
        await edgegap.registry.delete_tag("a?b#c%2F", "1 0")
    assert local.requests[-1].path == "/v1/container-registry/images/a%3Fb%23c%252F/tags/1%200"


async def test_bulk_deletion_returns_a_result_for_each_tag(registry: LocalEdgegap) -> None:
    async with registry.client() as edgegap:
        deletions = await edgegap.registry.bulk_delete_tags("studio/kart/server", ["1.0", "9.9"])
        assert {one.tag: (one.status, one.gone) for one in deletions.results} == {
            "1.0": (204, True),
            "9.9": (404, True),
        }
        summary = deletions.summary
        assert summary is not None
        assert (summary.total, summary.success, summary.failed) == (2, 1, 1)
        assert len(await edgegap.registry.list_tags("studio/kart/server").collect()) == 2


async def test_bulk_deletion_without_a_list_of_tags_is_refused_before_sending(
    edgegap: EdgegapClient, local: LocalEdgegap
) -> None:
    with pytest.raises(ConfigurationError, match="tags is empty"):
        await edgegap.registry.bulk_delete_tags("kart", [])
    with pytest.raises(ConfigurationError, match="tags must be a list"):
        await edgegap.registry.bulk_delete_tags("kart", "1.0")
    assert local.requests == []
