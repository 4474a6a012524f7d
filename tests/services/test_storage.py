"""Endpoint storage: its keys are sent, and shown by nothing."""

from __future__ import annotations

import logging
import warnings

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.config import Secret
from edgegap_async.errors import APIError, ConfigurationError
from edgegap_async.simulator import LocalEdgegap

KEY = "wJalrXUtnFEMI/K7MDENG"
BUCKET = {"endpoint": "https://s3.example", "bucket": "kart-logs", "access_key_id": "AKIAEXAMPLE"}


async def test_keys_are_sent_and_not_shown(
    local: LocalEdgegap, edgegap: EdgegapClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    made = await edgegap.storage.create("logs", **BUCKET, secret_access_key=Secret(KEY))
    assert local.requests[-1].body["secret_access_key"] == KEY
    assert made.access_key_id is not None
    assert made.access_key_id.reveal() == "AKIAEXAMPLE"
    assert "AKIAEXAMPLE" not in repr(made)
    assert KEY not in caplog.text


async def test_a_key_that_the_service_repeats_is_not_shown(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("endpoint-create", "status", code=400, body={"message": f"{KEY} is no key"})
    with pytest.raises(APIError) as caught:
        await edgegap.storage.create("logs", **BUCKET, secret_access_key=KEY)
    assert caught.value.message == "*** is no key"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"output_format": "CSV"}, "cannot be 'CSV': known: NDJSON, TEXT"), ({"secret_access_key": ""}, "is empty")],
)
async def test_what_cannot_be_is_not_sent(
    local: LocalEdgegap, edgegap: EdgegapClient, wrong: dict[str, str], told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        await edgegap.storage.create("logs", **({"secret_access_key": KEY} | BUCKET | wrong))  # type: ignore[arg-type]
    assert local.requests == []


async def test_an_operation_that_only_2024_lists_says_so_once(edgegap: EdgegapClient) -> None:
    with pytest.warns(DeprecationWarning, match=r"fleets.create \(POST /v1/fleet\): only the document of 2024"):
        await edgegap.fleets.create("north")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await edgegap.fleets.create("south")
