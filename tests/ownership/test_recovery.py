"""``client.recover`` stops orphaned servers: by the journal of a process that has ended, or by their tags."""

from __future__ import annotations

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from edgegap_async import EdgegapClient, GuardPolicy
from edgegap_async.errors import BadRequest, ConfigurationError
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


async def deploy_and_kill(local: LocalEdgegap, journal: Path, *, after: int) -> None:
    """Run fifty deploys in a process of its own, and kill it when ``after`` requests have arrived."""
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
async def test_the_servers_of_a_killed_process_are_stopped(tmp_path: Path, after: int) -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(0.1, 0.5)) as local:
        await deploy_and_kill(local, tmp_path, after=after)
        assert len(local.deployments) >= after
        async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
            orphans = await edgegap.recover(dry_run=True)
            assert len(local.deployments) >= after
            stopped = await edgegap.recover()
            assert {orphan.tag for orphan in orphans} == {orphan.tag for orphan in stopped}
            assert len(local.deployments) == 0
            assert await edgegap.recover() == ()
    assert [*tmp_path.iterdir()] == []


async def test_the_servers_of_open_clients_are_spared(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as owner, local.client(journal=tmp_path) as other:
        mine = await owner.deployments.create("kart", "v1", users=USERS)
        assert await other.recover() == ()
        assert await other.recover(older_than=timedelta(0)) == ()
        assert mine.request_id in local.deployments
        await owner.deployments.stop(mine)


async def test_servers_that_were_neither_stopped_nor_released_are_stopped(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as first:
        orphaned = await first.deployments.create("kart", "v1", users=USERS)
        released = await first.deployments.create("kart", "v1", users=USERS)
        await first.deployments.release(released)
        stopped = await first.deployments.create("kart", "v1", users=USERS)
        await first.deployments.stop(stopped)
        stopped_in_bulk = await first.deployments.create("kart", "v1", users=USERS)
        await first.deployments.bulk_stop(request_ids=[stopped_in_bulk])
    async with local.client(journal=tmp_path) as second:
        (orphan,) = await second.recover()
        assert (orphan.request_id, orphan.name) == (orphaned.request_id, "kart v1")
    assert [each.request_id for each in local.deployments] == [released.request_id]


async def test_the_journal_has_a_line_for_each_event(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        stopped = await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.deployments.stop(stopped)
        released = await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.deployments.release(released)
        local.faults.add("v2-deployment-create", "status", code=400, body={"message": "no"})
        with pytest.raises(BadRequest):
            await edgegap.deployments.create("kart", "v2", users=USERS)
        (file,) = tmp_path.iterdir()
        lines = [json.loads(line) for line in file.read_text().splitlines()]
    tags = list(dict.fromkeys(line.pop("tag") for line in lines))
    assert [GuardTag.parse(tag) is not None for tag in tags] == [True] * 3
    assert {GuardTag.parse(tag).owner for tag in tags} == {file.stem}  # type: ignore[union-attr]
    assert lines == [
        {"event": "requested", "name": "kart v1"},
        {"event": "created", "request_id": stopped.request_id},
        {"event": "stopped"},
        {"event": "requested", "name": "kart v1"},
        {"event": "created", "request_id": released.request_id},
        {"event": "released"},
        {"event": "requested", "name": "kart v2"},
        {"event": "stopped"},
    ]


async def test_closing_removes_the_journal_of_a_client_without_servers(local: LocalEdgegap, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    async with local.client(journal=folder) as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.deployments.stop(request)
        assert len([*folder.iterdir()]) == 1
    assert [*folder.iterdir()] == []


async def test_a_server_without_an_id_in_the_journal_is_found_by_its_tag(local: LocalEdgegap, tmp_path: Path) -> None:
    """The process ended before it received the response, in the middle of writing a line."""
    tag = GuardTags().next()
    async with local.client() as edgegap:
        orphaned = await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(tag)], guard=False)
    line = f'{{"tag":"{tag}","event":"requested","name":"kart v1"}}\n'
    (tmp_path / f"{tag.owner}.jsonl").write_text(line + '{"tag":"eg-')
    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        (orphan,) = await edgegap.recover()
        assert (orphan.request_id, orphan.tag, orphan.name) == (orphaned.request_id, tag, "kart v1")
    assert len(local.deployments) == 0


async def test_a_server_that_cannot_be_stopped_remains_in_the_journal(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as first:
        orphaned = await first.deployments.create("kart", "v1", users=USERS)
    local.faults.add("deployment-delete", "status", code=403, body={"message": "no"})
    async with local.client(journal=tmp_path) as second:
        with pytest.raises(ExceptionGroup, match="not all orphaned servers could be stopped") as group:
            await second.recover()
        (failure,) = group.value.exceptions
        assert failure.__notes__ == [f"deployment {orphaned.request_id} may still run"]
        assert [orphan.request_id for orphan in await second.recover()] == [orphaned.request_id]
    assert len(local.deployments) == 0


async def test_recover_by_age_stops_only_old_servers_with_a_guard_tag(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        old = GuardTag("0000000", GuardTags().next().number - 3600 * 1024)
        await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(old)], guard=False)
        untagged = await edgegap.deployments.create("kart", "v1", users=USERS, tags=["by-hand"], guard=False)
        await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(GuardTags().next())], guard=False)
        (orphan,) = await edgegap.recover(older_than=timedelta(minutes=30))
        assert orphan.tag == old
        assert len(local.deployments) == 2
        await edgegap.recover(older_than=timedelta(0))
        assert [each.request_id for each in local.deployments] == [untagged.request_id]


async def test_recover_by_age_skips_a_row_that_cannot_be_decoded(local: LocalEdgegap) -> None:
    async with local.client() as edgegap:
        old = GuardTag("0000000", GuardTags().next().number - 3600 * 1024)
        server = await edgegap.deployments.create("kart", "v1", users=USERS, tags=[str(old)], guard=False)
        rows = [{"request_id": ["odd"], "tags": 7}, {"request_id": server.request_id, "tags": [str(old)]}]
        local.faults.add("deployment-list", "status", code=200, body={"data": rows, "total_count": 2})
        (orphan,) = await edgegap.recover(older_than=timedelta(minutes=30))
        assert orphan.request_id == server.request_id
        assert len(local.deployments) == 0


async def test_recover_needs_a_journal_or_an_age(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    with pytest.raises(ConfigurationError, match="recover needs a journal or older_than="):
        await edgegap.recover()
    assert local.requests == []


async def test_a_journal_must_be_a_folder(local: LocalEdgegap, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="journal: cannot write to the folder"):
        await local.client(journal=tmp_path / "file").__aenter__()


def test_a_tag_holds_the_client_and_the_time_of_the_request() -> None:
    moment = 1_800_000_000.0
    tags = GuardTags(lambda: moment, "k4rt000")
    first, second = tags.next(), tags.next()
    assert first != second
    assert len(str(first)) == 19
    assert GuardTag.parse(str(second)) == second
    assert first.requested_at.timestamp() == pytest.approx(moment, abs=0.01)
    assert without_guard_tags((str(first), "eg-mine", "mine")) == ("eg-mine", "mine")
    assert GuardTag.parse("eg-k4rt000-0000000l") is None
