"""Fleets, through the client: what the local Edgegap starts for their policies, and what ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from edgegap_async import DeployFilter, EdgegapClient, Filter, Selector, User
from edgegap_async.simulator import LocalEdgegap, SimulatedDeployment, VirtualClock

pytestmark = pytest.mark.filterwarnings("ignore:.*only the document of 2024")

NORTH_AMERICA = (DeployFilter(field="continent", values=("North America",), filter_type="any"),)
SEATS = {"kind": "Seat", "sockets": 4, "autodeploy": False, "empty_ttl": 5}
VERSIONS = {
    "seats": {"session_config": SEATS},
    "other": {"session_config": SEATS},
    "eager": {"session_config": SEATS | {"autodeploy": True}},
    "lasting": {"session_config": {"kind": "Seat", "sockets": 4, "autodeploy": False}},
    "plain": {},
}


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
async def local(clock: VirtualClock) -> AsyncIterator[LocalEdgegap]:
    async with LocalEdgegap(applications={"kart": VERSIONS}, clock=clock, rate_limits=None) as local:
        yield local


@pytest.fixture
async def edgegap(local: LocalEdgegap) -> AsyncIterator[EdgegapClient]:
    async with local.client(rate_limits=None) as edgegap:
        yield edgegap


async def fleet_of(edgegap: EdgegapClient, version: str = "seats", *, name: str = "north", **changes: Any) -> None:
    """Create an enabled fleet with one policy, linked to one version."""
    policy: dict[str, Any] = {
        "enabled": True,
        "type": "Location",
        "minimum": 1,
        "maximum": 3,
        "threshold": 0.75,
        "data": NORTH_AMERICA,
    }
    await edgegap.fleets.create(name, enabled=True)
    await edgegap.fleets.policies.create(name, "policy", **policy | changes)
    await edgegap.fleets.link_version(name, application="kart", version=version)


async def join(edgegap: EdgegapClient, players: int = 1, version: str = "seats", first: int = 1) -> str:
    users = [f"203.0.113.{number}" for number in range(first, first + players)]
    return (await edgegap.sessions.create("kart", version, users=users)).session_id


def running(local: LocalEdgegap) -> list[SimulatedDeployment]:
    return list(local.deployments)


async def test_a_fleet_starts_its_minimum_within_its_filters(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    not_miami = DeployFilter(field="city", values=("Miami",), filter_type="not")
    await fleet_of(edgegap, minimum=3, maximum=10, data=(*NORTH_AMERICA, not_miami))
    assert [(each.application, each.version) for each in running(local)] == [("kart", "seats")] * 3
    assert {each.location.continent for each in running(local)} == {"North America"}
    assert "Miami" not in {each.city for each in running(local)}
    assert len({each.city for each in running(local)}) == 3  # spread over the locations


async def test_deployments_of_a_fleet_are_found_by_their_tags(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap)
    await edgegap.deployments.create("kart", "seats", users=["203.0.113.9"])
    (own,) = await edgegap.deployments.list(filter=Filter(tags="north")).collect()
    assert own.request_id == running(local)[0].request_id
    assert own.tags == ("north", "policy")


@pytest.mark.parametrize("part", ["fleet", "policy", "link", "version"])
async def test_a_fleet_without_one_of_its_parts_starts_nothing(
    edgegap: EdgegapClient, local: LocalEdgegap, part: str
) -> None:
    await edgegap.fleets.create("north", enabled=part != "fleet")
    await edgegap.fleets.policies.create(
        "north",
        "policy",
        enabled=part != "policy",
        type="Location",
        minimum=1,
        maximum=1,
        threshold=0.9,
        data=NORTH_AMERICA,
    )
    if part == "version":  # its sessions do not share deployments
        await edgegap.fleets.link_version("north", application="kart", version="plain")
    elif part != "link":
        await edgegap.fleets.link_version("north", application="kart", version="seats")
    assert not local.deployments
    await edgegap.fleets.update("north", enabled=True)
    await edgegap.fleets.policies.update("north", "policy", enabled=True)
    await edgegap.fleets.link_version("north", application="kart", version="seats")
    assert len(local.deployments) == 1


@pytest.mark.parametrize(
    ("changes", "city"),
    [
        ({"type": "Coordinates", "data": {"latitude": 48.9, "longitude": 2.4}}, "Paris"),
        ({"data": [DeployFilter(field="city", values=("Lima",), filter_type="all")]}, "Lima"),
        ({"data": [DeployFilter(field="city", values=("Lima", "Paris"), filter_type="all")]}, None),
        ({"data": {"filters": [{"field": "city"}]}}, None),
        ({"data": {"filters": [{"field": "city", "values": ["Lima"], "filter_type": "some"}]}}, None),
        ({"data": {}}, None),
        ({"type": "Tag", "data": {"filters": [{"field": "tier", "values": ["1"], "filter_type": "any"}]}}, None),
        ({"type": "Coordinates", "data": {"latitude": "north", "longitude": 2.4}}, None),
    ],
)
async def test_the_data_of_a_policy_says_where(
    edgegap: EdgegapClient, local: LocalEdgegap, changes: dict[str, Any], city: str | None
) -> None:
    await fleet_of(edgegap, **changes)
    assert [each.city for each in running(local)] == ([city] if city else [])


async def test_a_fleet_grows_when_its_threshold_is_reached(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap)
    await join(edgegap, 2)
    assert len(local.deployments) == 1  # 2 of 4 sockets are used
    await join(edgegap, 1)
    assert len(local.deployments) == 2  # 3 of 4; now 3 of 8


async def test_a_fleet_grows_for_a_session_that_waits(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap, threshold=1.0)
    await join(edgegap, 3)
    waiting = await join(edgegap, 2)
    assert len(local.deployments) == 2
    assert (await edgegap.sessions.get(waiting)).deployment is not None


async def test_a_fleet_stays_within_its_maximum_and_replaces_what_ends(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock
) -> None:
    await fleet_of(edgegap, maximum=2)
    sessions = [await join(edgegap, 4) for _ in range(3)]
    assert len(local.deployments) == 2
    assert not (await edgegap.sessions.get(sessions[2])).linked
    clock.advance(10)
    await edgegap.deployments.stop(running(local)[0].request_id)
    assert len(local.deployments) == 2
    assert (await edgegap.sessions.get(sessions[2])).linked


async def test_a_session_with_autodeploy_ignores_the_maximum(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap, "eager", maximum=1)
    for _ in range(3):
        await join(edgegap, 4, "eager")
    assert len(local.deployments) == 3
    assert sum(each.policy is not None for each in running(local)) == 1


async def test_a_session_that_a_fleet_cannot_serve_starts_nothing(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap)
    players = [f"203.0.113.{number}" for number in range(1, 5)]
    in_europe = DeployFilter(field="continent", values=("Europe",), filter_type="any")
    await join(edgegap, 4, "other")
    await edgegap.sessions.create("kart", "seats", users=players, filters=[in_europe])
    await edgegap.sessions.create("kart", "seats", users=players, selectors=[Selector(tag="ranked")])
    assert len(local.deployments) == 1
    await edgegap.sessions.create("kart", "seats", users=players, selectors=[Selector(tag="north")])
    assert len(local.deployments) == 2


async def test_a_fleet_shrinks_to_its_minimum_after_the_empty_ttl(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock
) -> None:
    await fleet_of(edgegap)
    first = running(local)[0]
    sessions = [await join(edgegap, 4) for _ in range(2)]
    assert len(local.deployments) == 3
    for session in sessions:
        await edgegap.sessions.delete(session)
    clock.advance(5 * 60 - 10)
    assert len(local.deployments) == 3
    clock.advance(30)
    assert len(local.deployments) == 1
    clock.advance(24 * 3600 - 600)
    assert running(local) == [first]


async def test_a_fleet_of_a_version_without_empty_ttl_does_not_shrink(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock
) -> None:
    await fleet_of(edgegap, "lasting")
    await edgegap.sessions.delete(await join(edgegap, 4, "lasting"))
    clock.advance(3600)
    assert len(local.deployments) == 2


@pytest.mark.parametrize("part", ["fleet", "policy", "disabled"])
async def test_without_its_policy_a_deployment_runs_on_until_it_is_empty_for_too_long(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock, part: str
) -> None:
    await fleet_of(edgegap)
    clock.advance(600)  # the minimum is kept
    if part == "fleet":
        await edgegap.fleets.delete("north")
    elif part == "policy":
        await edgegap.fleets.policies.delete("north", "policy")
    else:
        await edgegap.fleets.update("north", enabled=False)
    assert len(local.deployments) == 0 or running(local)[0].ends_at is not None
    clock.advance(600)
    assert not local.deployments


async def test_a_policy_whose_minimum_is_zero_starts_nothing_before_it_is_needed(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock
) -> None:
    await fleet_of(edgegap)
    await edgegap.fleets.policies.update("north", "policy", minimum=0)
    clock.advance(600)
    assert not local.deployments
    session = await join(edgegap)
    assert len(local.deployments) == 1
    assert (await edgegap.sessions.get(session)).linked


async def test_a_fleet_replaces_a_deployment_that_sessions_cannot_join(
    edgegap: EdgegapClient, local: LocalEdgegap
) -> None:
    await fleet_of(edgegap)
    await edgegap.deployments.update(running(local)[0].request_id, is_joinable_by_session=False)
    assert (await edgegap.sessions.get(await join(edgegap, 2))).linked
    assert len(local.deployments) == 2


async def test_an_inactive_version_is_not_started(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await edgegap.versions.update("kart", "seats", is_active=False)
    await fleet_of(edgegap)
    assert not local.deployments
    await edgegap.versions.update("kart", "seats", is_active=True)
    assert len(local.deployments) == 1


async def test_the_policies_of_a_fleet_are_independent(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    canada = DeployFilter(field="country", values=("Canada",), filter_type="any")
    montreal = DeployFilter(field="city", values=("Montreal",), filter_type="any")
    await fleet_of(edgegap, minimum=4, maximum=4, data=[canada])
    await edgegap.fleets.policies.create(
        "north", "city", enabled=True, type="Location", minimum=2, maximum=2, threshold=0.9, data=[montreal]
    )
    assert len(local.deployments) == 6


async def test_a_failed_deployment_is_replaced_within_the_maximum(
    edgegap: EdgegapClient, local: LocalEdgegap, clock: VirtualClock
) -> None:
    await fleet_of(edgegap, maximum=2)
    clock.advance(10)
    for _ in range(3):
        for deployment in running(local):
            deployment.fail("out of memory")
    assert [each.state for each in running(local)] == ["ERROR", "ERROR"]  # they are billed until they are stopped


async def test_a_fleet_starts_near_the_session_that_waits(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap, minimum=1, threshold=1.0)
    await join(edgegap, 3)
    in_vancouver = [User.at(49.3, -123.1, ip_address=f"203.0.113.{number}") for number in (7, 8)]
    await edgegap.sessions.create("kart", "seats", users=in_vancouver)
    assert running(local)[-1].city == "Vancouver"


async def test_a_fleet_starts_where_the_session_that_waits_may_run(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap, minimum=1, threshold=1.0)
    await join(edgegap, 3)
    in_vancouver = [User.at(49.3, -123.1, ip_address=f"203.0.113.{number}") for number in (7, 8)]
    country = DeployFilter(field="country", values=("United States",), filter_type="any")
    await edgegap.sessions.create("kart", "seats", users=in_vancouver, filters=[country])
    assert running(local)[-1].city == "Seattle"


async def test_a_session_that_its_users_left_can_wait(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    await fleet_of(edgegap, maximum=1)
    await join(edgegap, 4)
    waiting = await join(edgegap, 1, first=9)
    await edgegap.deployments.update(running(local)[0].request_id, is_joinable_by_session=False)
    await edgegap.sessions.users.remove(waiting, ["203.0.113.9"])
    await edgegap.fleets.policies.update("north", "policy", maximum=3)
    await join(edgegap, 1)
    assert (await edgegap.sessions.get(waiting)).linked
