"""The client's calls against Prism mocking each document: none that it calls a violation."""

from __future__ import annotations

import contextlib
from collections import Counter
from pathlib import Path

import aiohttp
import pytest
from documents import EVERY
from mended import written
from prism import Violations, prism
from samples import all_calls

from edgegap_async import EdgegapClient, errors
from edgegap_async.operations import OPERATIONS

CALLS = all_calls()


@pytest.mark.contract
@pytest.mark.parametrize("spec", ["v1", "v2", "v1-legacy"])
async def test_no_call_violates_its_document(spec: str, tmp_path: Path, checked: Counter[str]) -> None:
    mine = [operation_id for operation_id in EVERY if OPERATIONS[operation_id].spec == spec]
    violations = Violations(mine)
    async with (
        prism("mock", str(written(spec, tmp_path))) as url,
        aiohttp.ClientSession(trace_configs=[violations.trace]) as session,
        EdgegapClient("secret", base_url=url, session=session, rate_limits=None) as edgegap,
    ):
        for operation_id in mine:
            for call in CALLS[operation_id]:
                # its examples need not be what the schema beside them says, and one operation documents no success
                with contextlib.suppress(errors.DecodeError, errors.BadRequest):
                    await call(edgegap)
    checked["exchanges with Prism's mock"] += violations.exchanges.total()
    # what the mock makes up from examples is its own affair
    assert [each for each in violations.found if each.side == "request"] == []
    assert set(violations.exchanges) == set(mine)
