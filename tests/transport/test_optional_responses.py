"""Operations whose response may be empty."""

from __future__ import annotations

import pytest

from edgegap_async.errors import DecodeError
from edgegap_async.models.deployments import Deployment
from edgegap_async.simulator import LocalEdgegap

ID = "0123456789ab"


async def called(local: LocalEdgegap) -> Deployment | None:
    async with local.client() as edgegap:
        pipeline = edgegap._pipeline
        return await pipeline.call_optional("deployment-get", Deployment, path={"deployment_id": ID})


@pytest.mark.parametrize(("status", "body"), [(204, None), (200, ""), (200, " \n")])
async def test_an_empty_body_is_none(local: LocalEdgegap, status: int, body: str | None) -> None:
    local.faults.add("deployment-get", "status", code=status, body=body)
    assert await called(local) is None
    assert [request.path for request in local.requests] == [f"/v1/status/{ID}"]


async def test_any_other_body_is_decoded(local: LocalEdgegap) -> None:
    local.faults.add("deployment-get", "status", code=200, body={"request_id": ID})
    deployment = await called(local)
    assert deployment is not None
    assert deployment.request_id == ID


async def test_a_body_that_cannot_be_decoded_is_an_error(local: LocalEdgegap) -> None:
    local.faults.add("deployment-get", "status", code=200, body={"request_id": None})
    with pytest.raises(DecodeError) as caught:
        await called(local)
    assert (caught.value.operation, caught.value.path) == ("deployment-get", "$.request_id")
