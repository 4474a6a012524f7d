"""The statuses that the pages and specifications list, in the client and in the local Edgegap."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any, Final

import aiohttp
import pytest
from documents import OPERATION_IDS, documented, example_response
from documents import success as documented_success
from page_calls import send
from provider_pages import SECTIONS, SPECIFICATIONS
from recorder import recorded
from samples import all_calls

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.errors import APIError, api_error_class
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap, VirtualClock

CALLS: Final = all_calls()


def _statuses() -> dict[str, dict[str, frozenset[int]]]:
    """Return the statuses of each operation, by what lists them."""
    found: dict[str, dict[str, frozenset[int]]] = defaultdict(dict)
    for section in SECTIONS:
        if section.statuses and section.page != "v1-2026":
            found[section.operation][f"page-{section.page}"] = frozenset(section.statuses)
    for source, spec in SPECIFICATIONS.items():
        for operation in OPERATIONS.values():
            described = documented(operation, spec) if (spec == "v2") == (operation.spec == "v2") else None
            if described is not None:
                found[operation.operation_id][source] = frozenset(map(int, described["responses"]))
    return found


STATUSES: Final = _statuses()

EVERY: Final = {operation_id: frozenset[int]().union(*sources.values()) for operation_id, sources in STATUSES.items()}
"""The statuses that any source lists."""

SUCCEEDS_ANYWAY: Final = {
    "deployment-delete": {404, 410},
    "deployment-self-delete": {404, 410},
}
"""The errors that mean what the caller wants: the deployment does not run."""


_USER: Final = {"user_type": "ip_address", "user_data": {"ip_address": "203.0.113.7"}}
_KART: Final[dict[str, Any]] = {"application": "kart", "version": "v1.2", "users": [_USER]}

UNGUARDED: Final[dict[str, dict[str, Any]]] = {
    "deployment-create": {"app_name": "kart", "ip_list": ["203.0.113.7"]},
    "v2-deployment-create": _KART,
    "private-fleets-deployment-create": {**_KART, "private_host_ids": ["alpha"]},
}
"""What creates a deployment, without the guard, which would look the deployment up after an error."""


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_each_documented_status_is_a_result_or_its_error(operation_id: str, checked: Counter[str]) -> None:
    _, schema = documented_success(OPERATIONS[operation_id])
    body = example_response(schema, complete=True)
    async with recorded(200, None, retry=RetryPolicy(max_attempts=1)) as (recorder, edgegap):
        for status in sorted(EVERY[operation_id]):
            recorder.status = status
            recorder.response = {"message": "why"} if status >= 400 else None if status == 204 else body
            checked["statuses of the client"] += 1
            if status < 400 or status in SUCCEEDS_ANYWAY.get(operation_id, ()):
                await _called(operation_id, edgegap)
                continue
            with pytest.raises(APIError) as caught:
                await _called(operation_id, edgegap)
            assert type(caught.value) is api_error_class(status)
            assert (caught.value.status, "why" in str(caught.value)) == (status, True)


async def _called(operation_id: str, edgegap: EdgegapClient) -> None:
    if operation_id in UNGUARDED:
        await send(edgegap, operation_id, UNGUARDED[operation_id])
    else:
        await CALLS[operation_id][0](edgegap)


@pytest.mark.parametrize("operation_id", OPERATION_IDS)
async def test_the_local_edgegap_rejects_with_a_documented_status(operation_id: str, checked: Counter[str]) -> None:
    """Without a token with 401; with names of what does not exist, with a status that a source lists."""
    operation = OPERATIONS[operation_id]
    path = operation.path
    for name in operation.parameters:
        path = path.replace(f"{{{name}}}", "1")
    async with LocalEdgegap(clock=VirtualClock(), rate_limits=None) as local, aiohttp.ClientSession(local.url) as http:
        refused = await _status(http, operation.method, path, json={"name": "red"})
        assert refused == 401
        checked["statuses of the local Edgegap"] += 1
        if operation.parameters:
            token = {"Authorization": f"token {local.token}"}
            missing = await _status(http, operation.method, path, headers=token, json={})
            assert missing >= 400 or operation_id in ACCEPTS_ANY_NAME
            assert missing in EVERY[operation_id]
            checked["statuses of the local Edgegap"] += 1


async def _status(http: aiohttp.ClientSession, method: str, path: str, **options: Any) -> int:
    async with http.request(method, path, **options) as response:
        return response.status


ACCEPTS_ANY_NAME: Final = frozenset({"IP lookup"})
"""The address of a lookup is any string: the document lists no error for one that is none."""


def test_the_number_of_statuses() -> None:
    assert sum(map(len, EVERY.values())) == 527
    assert len(EVERY) == len(OPERATION_IDS) == 124
    assert len(ACCEPTS_ANY_NAME) == 1
