"""Endpoint storage: its keys are sent, and appear in no repr, log or error."""

from __future__ import annotations

import logging
import warnings

import pytest

from edgegap_async import EdgegapClient
from edgegap_async.errors import APIError, ConfigurationError
from edgegap_async.secret import Secret
from edgegap_async.simulator import LocalEdgegap

KEY = "wJalrXUtnFEMI/K7MDENG"
BUCKET = {"endpoint": "https://s3.example", "bucket": "kart-logs", "access_key_id": "AKIAEXAMPLE"}


async def test_keys_are_sent_but_not_in_a_repr_or_log(
    local: LocalEdgegap, edgegap: EdgegapClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    created = await edgegap.storage.create("logs", **BUCKET, secret_access_key=Secret(KEY))
    assert local.requests[-1].body["secret_access_key"] == KEY
    assert created.access_key_id is not None
    assert created.access_key_id.reveal() == "AKIAEXAMPLE"
    assert "AKIAEXAMPLE" not in repr(created)
    assert KEY not in caplog.text


async def test_an_error_hides_a_key_that_the_service_repeats(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("endpoint-create", "status", code=400, body={"message": f"{KEY} is no key"})
    with pytest.raises(APIError) as caught:
        await edgegap.storage.create("logs", **BUCKET, secret_access_key=KEY)
    assert caught.value.message == "*** is no key"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"output_format": "CSV"}, "the output format cannot be 'CSV': choose from NDJSON, TEXT"),
        ({"output_format": "TXT"}, "did you mean 'TEXT'"),
        ({"secret_access_key": ""}, "is empty"),
    ],
)
async def test_invalid_values_are_refused_before_sending(
    local: LocalEdgegap, edgegap: EdgegapClient, wrong: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        await edgegap.storage.create("logs", **({"secret_access_key": KEY} | BUCKET | wrong))  # type: ignore[arg-type]
    assert local.requests == []


async def test_an_unknown_source_type_is_refused_with_the_closest(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    with pytest.raises(ConfigurationError, match="the source type cannot be 'Fille': did you mean 'File'"):
        await edgegap.storage.pull_profiles.update("logs", "config", source_type="Fille")  # type: ignore[arg-type]
    assert local.requests == []


async def test_an_operation_of_2024_warns_once(edgegap: EdgegapClient) -> None:
    with pytest.warns(DeprecationWarning, match=r"fleets.create \(POST /v1/fleet\): only the document of 2024"):
        await edgegap.fleets.create("north")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        await edgegap.fleets.create("south")
