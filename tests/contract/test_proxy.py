"""All lifecycles and scenarios through Prism, once for each document: it validates requests and responses."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from corrected_documents import write_document
from documents import NULL_UNTIL_READY, OPERATION_IDS
from lifecycles import LIFECYCLES, run_lifecycle
from prism import Violations, free_port, prism
from scenarios import SCENARIOS

from edgegap_async import EdgegapClient
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap

# (operation, field of the response) -> why the document cannot be right
CONTRADICTIONS: Final = {
    **{
        ("deployment-get", f"body.{field}"): "required and not nullable, but unknown until the server is ready"
        for field in NULL_UNTIL_READY
    },
    ("fleet-policies-delete", ""): "no success is documented",
    ("context-delete-deployment-tag", ""): "no success is documented",
}


@pytest.mark.contract
@pytest.mark.parametrize("spec", ["v1", "v2", "v1-legacy"])
async def test_lifecycles_and_scenarios_violate_no_document(spec: str, tmp_path: Path, checked: Counter[str]) -> None:
    # Operations of other documents pass unchecked; an operation of two documents is checked by the present one.
    operations = [each for each in OPERATION_IDS if OPERATIONS[each].spec == spec]
    violations = Violations(operations)
    port = free_port()
    async with (
        prism("proxy", str(write_document(spec, tmp_path, operations)), f"http://127.0.0.1:{port}") as url,
        # each test has a new server behind the proxy, so connections are not kept
        aiohttp.ClientSession(headers={"Connection": "close"}, trace_configs=[violations.trace]) as session,
    ):
        for name in [*LIFECYCLES, *SCENARIOS]:
            async with (
                LocalEdgegap(port=port, seed=1, rate_limits=None, time_to_ready=(0.3, 0.6)) as local,
                EdgegapClient(local.token, base_url=url, session=session, rate_limits=None) as edgegap,
            ):
                await (run_lifecycle(edgegap, name) if name in LIFECYCLES else SCENARIOS[name](edgegap, local))
    checked["operations through Prism's proxy"] += len(violations.exchanges)
    checked["exchanges through Prism's proxy"] += violations.exchanges.total()
    assert [each for each in violations.found if each.side == "request"] == []
    responses = {(each.operation_id, each.field): each for each in violations.found}
    assert [responses[each] for each in responses.keys() - CONTRADICTIONS] == []
    assert [each for each in CONTRADICTIONS.keys() - responses if each[0] in operations] == []
    assert set(violations.exchanges) == set(operations)
