"""What a process that has ended left behind is found, by its journal or by the tags of its servers, and stopped."""

from __future__ import annotations

import asyncio
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import ConfigurationError
from edgegap_async.models.tags import without_guard_tags
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
QUICK = GuardPolicy(settle_seconds=0.2)

DEPLOYER = """
import asyncio, sys
from edgegap_async import EdgegapClient, GuardPolicy

async def main():
    async with EdgegapClient(journal=sys.argv[1]) as edgegap, asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(edgegap.deployments.deploy("kart", "v1", users=["203.0.113.7"], timeout=600))
        await asyncio.sleep(3600)

asyncio.run(main())
"""


async def killed_in_the_middle(local: LocalEdgegap, journal: Path, *, after: int) -> None:
    """Run fifty deploys in a process of its own, and kill it when so many have arrived."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        DEPLOYER,
        str(journal),
        env={"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url},
    )
    try:
        async with asyncio.timeout(30):
            while len(local.history) < after:
                await asyncio.sleep(0.01)
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("after", [1, 25])
async def test_after_a_kill_nothing_is_left(tmp_path: Path, after: int) -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(0.1, 0.5)) as local:
        await killed_in_the_middle(local, tmp_path, after=after)
        assert len(local.deployments) >= after
        async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
            would = await edgegap.recover(dry_run=True)
            assert len(local.deployments) >= after
            stopped = await edgegap.recover()
            assert {one.tag for one in would} == {one.tag for one in stopped}
            assert len(local.deployments) == 0
            assert await edgegap.recover() == ()
    assert [*tmp_path.iterdir()] == []


async def test_the_living_are_spared(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as living, local.client(journal=tmp_path) as other:
        mine = await living.deployments.create("kart", "v1", users=USERS)
        assert await other.recover() == ()
        assert await other.recover(older_than=timedelta(0)) == ()
        assert mine.request_id in local.deployments
        await living.deployments.stop(mine.request_id)


async def test_what_was_left_on_purpose_is_recovered_unless_it_was_released(
    local: LocalEdgegap, tmp_path: Path
) -> None:
    async with local.client(journal=tmp_path) as first:
        left = await first.deployments.create("kart", "v1", users=USERS)
        released = await first.deployments.create("kart", "v1", users=USERS)
        await first.deployments.release(released.request_id)
        stopped = await first.deployments.create("kart", "v1", users=USERS)
        await first.deployments.stop(stopped.request_id)
        bulk = await first.deployments.create("kart", "v1", users=USERS)
        await first.deployments.bulk_stop(request_ids=[bulk.request_id])
    async with local.client(journal=tmp_path) as second:
        (found,) = await second.recover()
        assert (found.request_id, found.name) == (left.request_id, "kart v1")
    assert [each.request_id for each in local.deployments] == [released.request_id]


async def test_a_client_that_left_nothing_leaves_no_journal(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path / "deep" / "er") as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.deployments.stop(request.request_id)
        assert len([*(tmp_path / "deep" / "er").iterdir()]) == 1
    assert [*(tmp_path / "deep" / "er").iterdir()] == []


async def test_a_lost_answer_is_in_the_journal_too(local: LocalEdgegap, tmp_path: Path) -> None:
    """The process ended before it knew whether its server exists: the tag tells."""
    tag = GuardTags().next()
    async with local.client() as edgegap:
        lost = await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(tag)], guard=False)
    line = f'{{"tag":"{tag}","came":"asked","name":"kart v1"}}\n'
    (tmp_path / f"{tag.owner}.jsonl").write_text(line + '{"tag":"eg-')  # cut off in the middle of a line
    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        (found,) = await edgegap.recover()
        assert found.request_id == lost.request_id
    assert len(local.deployments) == 0


async def test_what_cannot_be_stopped_stays_in_the_journal(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as first:
        left = await first.deployments.create("kart", "v1", users=USERS)
    local.faults.add("deployment-delete", "status", code=403, body={"message": "no"})
    async with local.client(journal=tmp_path) as second:
        with pytest.raises(ExceptionGroup, match="could not all be stopped"):
            await second.recover()
        assert [one.request_id for one in await second.recover()] == [left.request_id]
    assert len(local.deployments) == 0


async def test_by_tags_only_the_old_and_only_ours_are_stopped(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        old = GuardTag("0000000", GuardTags().next().number - 3600 * 1024)
        await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(old)], guard=False)
        others = await edgegap.deployments.create("kart", "v1", users=USERS, tags=["by-hand"], guard=False)
        await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(GuardTags().next())], guard=False)
        (found,) = await edgegap.recover(older_than=timedelta(minutes=30))
        assert found.tag == old
        assert len(local.deployments) == 2
        await edgegap.recover(older_than=timedelta(0))
        assert [each.request_id for each in local.deployments] == [others.request_id]


async def test_without_a_journal_it_needs_an_age(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(ConfigurationError, match="journal"):
        await edgegap.recover()
    assert local.requests == []


async def test_a_journal_is_a_folder(local: LocalEdgegap, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be a folder of journals"):
        await local.client(journal=tmp_path / "file").__aenter__()


def test_a_tag_tells_who_and_when() -> None:
    moment = 1_800_000_000.0
    tags = GuardTags(lambda: moment, "k4rt000")
    first, second = tags.next(), tags.next()
    assert first != second
    assert len(str(first)) == 19
    assert GuardTag.parse(str(second)) == second
    assert first.requested_at.timestamp() == pytest.approx(moment, abs=0.01)
    assert without_guard_tags((str(first), "eg-mine", "mine")) == ("eg-mine", "mine")
    assert GuardTag.parse("eg-k4rt000-0000000l") is None
