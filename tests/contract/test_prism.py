"""The client's calls against Prism's mock of each document: Prism reports no violation."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from corrected_documents import write_document
from documents import OPERATION_IDS
from prism import Violations, prism
from samples import all_calls

from edgegap_async import EdgegapClient, errors
from edgegap_async.operations import OPERATIONS

CALLS = all_calls()


@pytest.mark.contract
@pytest.mark.parametrize("spec", ["v1", "v2", "v1-legacy"])
async def test_no_call_violates_its_document(spec: str, tmp_path: Path, checked: Counter[str]) -> None:
    operations = [operation_id for operation_id in OPERATION_IDS if OPERATIONS[operation_id].spec == spec]
    violations = Violations(operations)
    async with (
        prism("mock", str(write_document(spec, tmp_path))) as url,
        aiohttp.ClientSession(trace_configs=[violations.trace]) as session,
        EdgegapClient("secret", base_url=url, session=session, rate_limits=None) as edgegap,
    ):
        for operation_id in operations:
            for call in CALLS[operation_id]:
                # the mock's examples may contradict their schemas, and one operation documents no success
                with contextlib.suppress(errors.DecodeError, errors.BadRequest):
                    await call(edgegap)
    checked["exchanges with Prism's mock"] += violations.exchanges.total()
    # the mock's responses, made from examples, are not checked
    assert [each for each in violations.found if each.side == "request"] == []
    assert set(violations.exchanges) == set(operations)
