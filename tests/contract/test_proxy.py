"""All walks and tours through Prism, once for each document: it validates what is asked and what is answered."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from documents import EVERY, KNOWN_LATER
from mended import written
from prism import Violations, free_port, prism
from tours import TOURS
from walks import WALKS, walk

from edgegap_async import EdgegapClient
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap

# (operation, field of the answer) -> why the document cannot be right
CONTRADICTIONS: Final = {
    **{
        ("deployment-get", f"body.{field}"): "required, not nullable, and nobody knows it before the server is ready"
        for field in KNOWN_LATER
    },
    ("fleet-policies-delete", ""): "no success is documented",
    ("context-delete-deployment-tag", ""): "no success is documented",
}


@pytest.mark.contract
@pytest.mark.parametrize("spec", ["v1", "v2", "v1-legacy"])
async def test_the_happy_path_violates_no_document(spec: str, tmp_path: Path, checked: Counter[str]) -> None:
    # What other documents describe passes through unseen; what two of them describe is held to the present one.
    mine = [each for each in EVERY if OPERATIONS[each].spec == spec]
    violations = Violations(mine)
    port = free_port()
    async with (
        prism("proxy", str(written(spec, tmp_path, mine)), f"http://127.0.0.1:{port}") as url,
        # the server behind is another one each time: no connection to it is worth keeping
        aiohttp.ClientSession(headers={"Connection": "close"}, trace_configs=[violations.trace]) as session,
    ):
        for name in [*WALKS, *TOURS]:
            async with (
                LocalEdgegap(port=port, seed=1, rate_limits=None, time_to_ready=(0.3, 0.6)) as local,
                EdgegapClient(local.token, base_url=url, session=session, rate_limits=None) as edgegap,
            ):
                await (walk(edgegap, name) if name in WALKS else TOURS[name](edgegap, local))
    checked["operations through Prism's proxy"] += len(violations.exchanges)
    checked["exchanges through Prism's proxy"] += violations.exchanges.total()
    assert [each for each in violations.found if each.side == "request"] == []
    answered = {(each.operation_id, each.field): each for each in violations.found}
    assert [answered[each] for each in answered.keys() - CONTRADICTIONS] == []
    assert [each for each in CONTRADICTIONS.keys() - answered if each[0] in mine] == []
    assert set(violations.exchanges) == set(mine)
