"""Which failures are retried, after which delay, how often, and which never are."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import attrs
import pytest

from edgegap_async import EdgegapClient, Event, EventKind, RetryPolicy, errors
from edgegap_async.errors import (
    APIError,
    BadRequest,
    EdgegapError,
    NotFound,
    Outcome,
    RateLimited,
    ServerError,
    TransportError,
)
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.transport.retry import RetryBudget

Arrived: TypeAlias = Callable[[str], list[float]]

IP = "203.0.113.7"


@attrs.frozen
class Operation:
    operation_id: str
    call: Callable[[EdgegapClient, str], Awaitable[object]]
    idempotent: bool


OPERATIONS = [
    Operation("deployment-get", lambda e, it: e.deployments.get(it), True),
    Operation("deployment-list", lambda e, _: e.deployments.list().first(), True),
    Operation("deployment-delete", lambda e, it: e.deployments.stop(it), True),
    Operation("deployment-tag-delete", lambda e, it: e.deployments.tags.delete(it, "old"), True),
    Operation("deployment-tag-create", lambda e, it: e.deployments.tags.create(it, "new"), False),
    Operation("deployment-tag-update", lambda e, it: e.deployments.tags.update(it, "old", new_name="new"), False),
    Operation("deployment-report", lambda e, it: e.deployments.report(it, reason="slow"), False),
    Operation("deployment-bulk-delete", lambda e, it: e.deployments.bulk_stop(request_ids=[it]), False),
    Operation("v2-deployment-create", lambda e, _: e.deployments.create("kart", "v1", users=[IP], guard=False), False),
    Operation("deployment-create", lambda e, _: e.deployments.create_v1("kart", users=[IP], guard=False), False),
    Operation(
        "private-fleets-deployment-create",
        lambda e, _: e.private_fleets.create("kart", "v1", private_host_ids=["alpha-1"], users=[IP], guard=False),
        False,
    ),
]
every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda it: it.operation_id)

# The service may have carried out the request, and no response arrives.
LOST: list[tuple[str, dict[str, Any]]] = [("reset", {}), ("drop_after_commit", {}), ("stall", {})]

TRANSIENT_STATUSES = {502, 503, 504}
STATUSES = [400, 401, 403, 404, 408, 409, 410, 418, 422, 424, 425, 500, 501, 502, 503, 504, 505, 599]


async def existing(edgegap: EdgegapClient) -> str:
    return (await edgegap.deployments.create("kart", "v1", users=[IP], tags=["old"], guard=False)).request_id


@pytest.mark.looptime
@every_operation
@pytest.mark.parametrize(("kind", "options"), LOST, ids=[kind for kind, _ in LOST])
async def test_a_lost_response_is_retried_only_if_idempotent(
    local: LocalEdgegap,
    edgegap: EdgegapClient,
    arrived: Arrived,
    operation: Operation,
    kind: str,
    options: dict[str, Any],
) -> None:
    it = await existing(edgegap)
    already = len(arrived(operation.operation_id))
    local.faults.add(operation.operation_id, kind, **options)
    if operation.idempotent:
        await operation.call(edgegap, it)
    else:
        with pytest.raises(TransportError, match=operation.operation_id) as caught:
            await operation.call(edgegap, it)
        assert caught.value.outcome is Outcome.UNKNOWN
        assert caught.value.operation == operation.operation_id
    assert len(arrived(operation.operation_id)) - already == (2 if operation.idempotent else 1)


@pytest.mark.looptime
@every_operation
@pytest.mark.parametrize("status", STATUSES)
async def test_error_statuses_are_retried_only_if_transient_and_idempotent(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, operation: Operation, status: int
) -> None:
    it = await existing(edgegap)
    already = len(arrived(operation.operation_id))
    fault = local.faults.add(operation.operation_id, "status", times=1, code=status, body={"message": "odd"})
    retried = operation.idempotent and status in TRANSIENT_STATUSES
    succeeds = operation.operation_id == "deployment-delete" and status in {404, 410}  # a stop is idempotent
    if retried or succeeds:
        await operation.call(edgegap, it)
    else:
        with pytest.raises(APIError) as caught:
            await operation.call(edgegap, it)
        assert caught.value.status == status
        assert type(caught.value) is errors.api_error_class(status)
    assert fault.happened == 1
    assert len(arrived(operation.operation_id)) - already == (2 if retried else 1)


@pytest.mark.looptime
@every_operation
async def test_a_429_is_retried_for_every_operation(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, operation: Operation
) -> None:
    it = await existing(edgegap)
    already = len(arrived(operation.operation_id))
    fault = local.faults.add(operation.operation_id, "rate_limited", times=7, retry_after=1)  # more than max_attempts=5
    if operation.operation_id == "private-fleets-deployment-create":
        with pytest.raises(BadRequest):  # there is no such host: that is the response after the 429s
            await operation.call(edgegap, it)
    else:
        await operation.call(edgegap, it)
    assert fault.happened == 7
    assert len(arrived(operation.operation_id)) - already == 8


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))  # bound and not listening: the port is reserved and refuses connections
        yield reserved.getsockname()[1]


@pytest.mark.looptime
@every_operation
async def test_a_request_that_was_not_sent_is_retried_for_every_operation(
    closed_port: int, operation: Operation
) -> None:
    async with EdgegapClient(
        "abc", base_url=f"http://127.0.0.1:{closed_port}", retry=RetryPolicy(max_attempts=3)
    ) as client:
        with pytest.raises(TransportError, match="nothing was sent") as caught:
            await operation.call(client, "0123456789ab")
        assert caught.value.outcome is Outcome.NOT_SENT
        assert caught.value.__notes__ == ["not retried: attempt 3 was the last (RetryPolicy.max_attempts=3)"]
        assert client.stats().requests == 3
        assert client.stats().retries == 2


@pytest.mark.looptime
async def test_a_create_is_retried_until_the_service_accepts_connections(unused_tcp_port: int) -> None:
    async with LocalEdgegap(port=unused_tcp_port, token="abc") as local:
        late = local.url
    local = LocalEdgegap(port=unused_tcp_port, token="abc")
    refused = asyncio.Event()

    def watch(event: Event) -> None:
        if event.kind is EventKind.FAILED:
            assert event.reason == "not sent"
            refused.set()

    async with EdgegapClient("abc", base_url=late, on_event=watch) as edgegap:
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=[IP], guard=False))
        await refused.wait()
        async with local:
            request = await creating
            assert [each.request_id for each in local.deployments] == [request.request_id]


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["reset", "drop_after_commit", "stall", "truncate", "not_json"])
@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if "create" in each.operation_id], ids=lambda it: it.operation_id
)
async def test_a_create_is_never_sent_twice(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, operation: Operation, kind: str
) -> None:
    it = await existing(edgegap)
    already, servers = len(arrived(operation.operation_id)), len(local.deployments)
    local.faults.add(operation.operation_id, kind)
    with pytest.raises(EdgegapError):
        await operation.call(edgegap, it)
    assert len(arrived(operation.operation_id)) - already == 1
    assert len(local.deployments) - servers <= 1


@pytest.mark.looptime
@pytest.mark.parametrize("kind", ["drop_after_commit", "stall"])
async def test_a_retried_delete_that_finds_nothing_is_a_success(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, kind: str
) -> None:
    it = await existing(edgegap)
    local.faults.add("deployment-tag-delete", kind)
    await edgegap.deployments.tags.delete(it, "old")
    assert len(arrived("deployment-tag-delete")) == 2
    assert local.requests[-1].status == 404
    assert local.deployments[it].tags == []


async def test_deleting_an_unknown_tag_is_not_found(edgegap: EdgegapClient) -> None:
    it = await existing(edgegap)
    with pytest.raises(NotFound):
        await edgegap.deployments.tags.delete(it, "another")


@pytest.mark.looptime
async def test_deleting_an_unknown_tag_is_not_found_after_a_429(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    it = await existing(edgegap)
    local.faults.add("deployment-tag-delete", "rate_limited")
    with pytest.raises(NotFound):
        await edgegap.deployments.tags.delete(it, "another")


@pytest.mark.looptime
async def test_deleting_an_unknown_tag_is_not_found_after_an_attempt_that_was_not_sent(
    unused_tcp_port: int,
) -> None:
    refused = asyncio.Event()

    def on_event(event: Event) -> None:
        if event.kind is EventKind.FAILED:
            assert event.reason == "not sent"
            refused.set()

    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with EdgegapClient("abc", base_url=url, on_event=on_event) as edgegap:
        deleting = asyncio.create_task(edgegap.deployments.tags.delete("0123456789ab", "another"))
        await refused.wait()
        async with LocalEdgegap(port=unused_tcp_port, token="abc"):
            with pytest.raises(NotFound):
                await deleting


@pytest.mark.looptime
@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_max_attempts_bounds_the_attempts(local: LocalEdgegap, attempts: int) -> None:
    local.faults.add("deployment-list", "status", times=None, code=503)
    async with local.client(retry=RetryPolicy(max_attempts=attempts)) as edgegap:
        with pytest.raises(ServerError) as caught:
            await edgegap.deployments.list().first()
    assert len(local.requests) == attempts
    assert caught.value.__notes__ == [
        f"not retried: attempt {attempts} was the last (RetryPolicy.max_attempts={attempts})"
    ]


@pytest.mark.looptime
async def test_429s_do_not_count_as_attempts(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "rate_limited", times=3, retry_after=0.5)
    local.faults.add("deployment-list", "status", code=503)
    async with local.client(retry=RetryPolicy(max_attempts=2)) as edgegap:
        await edgegap.deployments.list().first()
    assert [request.status for request in local.requests] == [429, 429, 429, 503, 200]


async def test_aiohttp_does_not_retry_on_its_own(local: LocalEdgegap) -> None:
    async with local.client(retry=RetryPolicy(max_attempts=1)) as edgegap:
        await edgegap.deployments.list().first()  # leaves a connection that the next request reuses
        local.faults.add("deployment-list", "reset")
        with pytest.raises(TransportError):
            await edgegap.deployments.list().first()
    assert len(local.requests) == 2


@pytest.mark.looptime
async def test_the_retry_budget_is_shared_by_all_calls_of_a_client(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "status", times=None, code=503)
    async with local.client(retry=RetryPolicy(max_attempts=3, budget=3)) as edgegap:
        failures = await asyncio.gather(*(edgegap.deployments.list().first() for _ in range(6)), return_exceptions=True)
        assert all(isinstance(failure, ServerError) for failure in failures)
        assert edgegap.stats().retries == 3
    assert len(local.requests) == 6 + 3
    notes = [note for failure in failures for note in getattr(failure, "__notes__", [])]
    assert len(notes) == 6
    assert any("retry budget is spent" in note for note in notes)


@pytest.mark.looptime
async def test_429s_do_not_use_the_retry_budget(local: LocalEdgegap) -> None:
    local.faults.add("deployment-list", "rate_limited", times=4, retry_after=0.5)
    async with local.client(retry=RetryPolicy(max_attempts=1, budget=0.5)) as edgegap:
        await edgegap.deployments.list().first()
    assert len(local.requests) == 5


def test_ten_successes_earn_a_retry() -> None:
    budget = RetryBudget(1)
    assert budget.spend()
    assert not budget.spend()
    for _ in range(10):
        budget.earn()
    assert budget.spend()
    assert not budget.spend()


@pytest.mark.looptime
async def test_successful_calls_refill_the_retry_budget(local: LocalEdgegap) -> None:
    async with local.client(rate_limits=None, retry=RetryPolicy(max_attempts=2, budget=1)) as edgegap:
        for successes, retries in ((0, 1), (5, 0), (6, 1)):
            for _ in range(successes):
                await edgegap.locations.list().first()
            before = edgegap.stats().retries
            local.faults.add("deployment-list", "status", times=2, code=503)
            with pytest.raises(ServerError):
                await edgegap.deployments.list().first()
            local.faults.clear()
            assert edgegap.stats().retries - before == retries


def test_a_retry_budget_does_not_grow_beyond_its_size() -> None:
    budget = RetryBudget(2)
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(3)] == [True, True, False]


# delays


@pytest.mark.looptime
@pytest.mark.parametrize("seconds", [0, 0.25, 1.5, 7])
async def test_retry_after_replaces_the_delay_to_the_fraction(
    local: LocalEdgegap, arrived: Arrived, seconds: float
) -> None:
    local.faults.add("deployment-list", "status", code=503, headers={"Retry-After": str(seconds)})
    async with local.client(rate_limits=None) as edgegap:
        await edgegap.deployments.list().first()
    first, second = arrived("deployment-list")
    assert second - first == pytest.approx(seconds, abs=0.001)


@pytest.mark.looptime
async def test_the_back_off_grows_up_to_max_delay(local: LocalEdgegap, arrived: Arrived) -> None:
    policy = RetryPolicy(max_attempts=12, initial_delay=1, max_delay=4)
    local.faults.add("deployment-list", "status", times=None, code=503)
    async with local.client(rate_limits=None, retry=policy, timeout=600) as edgegap:
        with pytest.raises(ServerError):
            await edgegap.deployments.list().first()
    moments = arrived("deployment-list")
    delays = [later - sooner for sooner, later in pairwise(moments)]
    assert len(delays) == 11
    assert all(delay <= min(2**nth, 4) + 0.001 for nth, delay in enumerate(delays))
    assert len(set(delays)) > 1


@pytest.mark.parametrize(("retry", "most"), [(1, 0.25), (2, 0.5), (3, 1.0), (6, 8.0), (7, 8.0), (500, 8.0)])
def test_a_delay_is_between_zero_and_a_bound_that_doubles(retry: int, most: float) -> None:
    policy = RetryPolicy()
    assert policy.delay(retry, jitter=lambda: 0.0) == 0
    assert policy.delay(retry, jitter=lambda: 1.0) == most


def test_a_delay_stays_bounded_after_thousands_of_retries() -> None:
    assert RetryPolicy().delay(5000, jitter=lambda: 1.0) == 8.0


# cancellation


@pytest.mark.looptime
@every_operation
async def test_a_cancelled_call_is_not_retried(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived, operation: Operation
) -> None:
    it = await existing(edgegap)
    already = len(arrived(operation.operation_id))
    local.faults.add(operation.operation_id, "stall", times=None)
    call = asyncio.ensure_future(operation.call(edgegap, it))
    await asyncio.sleep(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(60)
    assert len(arrived(operation.operation_id)) - already == 1


@pytest.mark.looptime
async def test_a_call_cancelled_between_two_attempts_is_not_retried(
    local: LocalEdgegap, edgegap: EdgegapClient, arrived: Arrived
) -> None:
    local.faults.add("deployment-list", "status", times=None, code=503, headers={"Retry-After": "5"})
    call = asyncio.create_task(edgegap.deployments.list().first())
    await asyncio.sleep(1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.sleep(60)
    assert len(arrived("deployment-list")) == 1


@pytest.mark.looptime
async def test_a_call_cancelled_while_it_waits_for_its_slot_is_not_sent(local: LocalEdgegap, arrived: Arrived) -> None:
    async with local.client(rate_limits={"list": 0.1}) as edgegap:
        await edgegap.deployments.list().first()
        call = asyncio.create_task(edgegap.deployments.list().first())
        await asyncio.sleep(1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await asyncio.sleep(60)
    assert len(arrived("deployment-list")) == 1


@pytest.mark.looptime
async def test_asyncio_timeout_of_the_caller_raises_its_own_timeout_error(
    local: LocalEdgegap, edgegap: EdgegapClient
) -> None:
    local.faults.add("deployment-list", "stall", times=None)
    with pytest.raises(TimeoutError) as caught:
        async with asyncio.timeout(1):
            await edgegap.deployments.list().first()
    assert not isinstance(caught.value, EdgegapError)
    assert len(local.requests) == 1


@pytest.mark.looptime
async def test_429s_are_retried_until_the_deadline(local: LocalEdgegap, edgegap: EdgegapClient) -> None:
    local.faults.add("deployment-list", "rate_limited", times=None, retry_after=2)
    began = asyncio.get_running_loop().time()
    with pytest.raises(RateLimited) as caught:
        await edgegap.deployments.list(timeout=9).first()
    assert asyncio.get_running_loop().time() - began <= 9
    assert len(local.requests) == 5
    assert caught.value.retry_after == 2
    assert "the timeout ends" in caught.value.__notes__[0]
