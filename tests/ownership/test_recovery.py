"""``client.recover`` stops orphaned servers: by the journal of a process that has ended, or by their tags."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgegap_async import EdgegapClient, GuardPolicy, OrphanedServer, RecoveryFailed
from edgegap_async.errors import BadRequest, ConfigurationError, PermissionDenied
from edgegap_async.models.tags import without_guard_tags
from edgegap_async.ownership.journal_file import JournalFile
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap

from .conftest import CreateWithTags

USERS = ["203.0.113.7"]
QUICK = GuardPolicy(settle_seconds=0.2)
MOMENT = timedelta(milliseconds=1)

DEPLOYER = """
import asyncio, sys
from edgegap_async import EdgegapClient, GuardPolicy, OrphanedServer, RecoveryFailed

async def main():
    async with EdgegapClient(journal=sys.argv[1]) as edgegap, asyncio.TaskGroup() as group:
        for _ in range(50):
            group.create_task(edgegap.deployments.deploy("kart", "v1", users=["203.0.113.7"], timeout=600))
        await asyncio.sleep(3600)

asyncio.run(main())
"""


def old_tag() -> GuardTag:
    """A tag of an unknown client that requested its server an hour ago."""
    return GuardTag("0000000", GuardTags().next().number - 3600 * 1024)


def write_journal(folder: Path, tag: GuardTag) -> Path:
    """Write the journal of a client that ended after it had recorded a request."""
    file = JournalFile.create(folder / f"{tag.owner}.jsonl")
    file.put(str(tag), {"tag": str(tag), "name": "kart v1"})
    file.close()
    return file.path


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
        assert await other.recover(older_than=MOMENT) == ()
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


async def test_the_journal_has_a_line_for_each_server_that_the_client_is_responsible_for(
    local: LocalEdgegap, tmp_path: Path
) -> None:
    def lines() -> list[dict[str, str]]:
        """The lines below the header, free ones as {}."""
        (file,) = tmp_path.iterdir()
        return [json.loads(line) if line.strip() else {} for line in file.read_text().splitlines()[1:]]

    async with local.client(journal=tmp_path) as edgegap:
        first, second = [await edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
        await edgegap.recover()  # waits for what is being written
        tags = [line.pop("tag") for line in lines() if line]
        assert [GuardTag.parse(tag) is not None for tag in tags] == [True] * 2
        assert {f"{tag[3:10]}.jsonl" for tag in tags} == {file.name for file in tmp_path.iterdir()}
        assert [{**line, "tag": ""} for line in lines()] == [
            {"tag": "", "name": "kart v1", "request_id": each.request_id} for each in (first, second)
        ]
        await edgegap.deployments.stop(first)
        local.faults.add("v2-deployment-create", "status", code=400, body={"message": "no"})
        with pytest.raises(BadRequest):
            await edgegap.deployments.create("kart", "v2", users=USERS)
        await edgegap.recover()
        assert [line.get("request_id") for line in lines()] == [None, second.request_id]
        await edgegap.deployments.release(second)
        assert lines() == []


async def test_closing_removes_the_journal_of_a_client_without_servers(local: LocalEdgegap, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    async with local.client(journal=folder) as edgegap:
        request = await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.deployments.stop(request)
        assert len([*folder.iterdir()]) == 1
    assert [*folder.iterdir()] == []


async def test_a_server_without_an_id_in_the_journal_is_found_by_its_tag(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path
) -> None:
    """The process ended before it received the response, in the middle of writing a line."""
    tag = GuardTags().next()
    orphaned = await create_with_tags([str(tag)])
    with (await asyncio.to_thread(write_journal, tmp_path, tag)).open("a") as file:
        file.write('{"tag":"eg-')
    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        (orphan,) = await edgegap.recover()
        assert (orphan.request_id, orphan.tag, orphan.name) == (orphaned, tag, "kart v1")
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


async def test_recover_by_age_stops_only_old_servers_with_a_guard_tag(
    local: LocalEdgegap, create_with_tags: CreateWithTags
) -> None:
    async with local.client() as edgegap:
        old = old_tag()
        await create_with_tags([str(old)])
        untagged = await edgegap.deployments.create("kart", "v1", users=USERS, tags=["by-hand"], guard=False)
        await create_with_tags([str(GuardTags().next())])
        (orphan,) = await edgegap.recover(older_than=timedelta(minutes=30))
        assert orphan.tag == old
        assert len(local.deployments) == 2
        await edgegap.recover(older_than=MOMENT)
        assert [each.request_id for each in local.deployments] == [untagged.request_id]


async def test_recover_stops_exactly_the_orphans_that_it_is_given(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path
) -> None:
    """Between the dry run and the stop, more servers are orphaned: they run on, and their journals remain."""
    async with local.client(journal=tmp_path) as first:
        await first.deployments.create("kart", "v1", users=USERS)
    await create_with_tags([str(old_tag())])
    age = timedelta(minutes=30)
    async with local.client(journal=tmp_path) as edgegap:
        listed = await edgegap.recover(older_than=age, dry_run=True)
        assert [each.outcome for each in listed] == [None, None]
        async with local.client(journal=tmp_path) as second:
            later = await second.deployments.create("kart", "v1", users=USERS)
        also_later = await create_with_tags([str(old_tag())])
        recovered = await edgegap.recover(orphans=listed)
        assert {each.request_id for each in recovered} == {each.request_id for each in listed}
        assert {each.outcome for each in recovered} == {"stopped"}
        assert {each.request_id for each in local.deployments} == {later.request_id, also_later}
        rest = await edgegap.recover(older_than=age, dry_run=True)
        assert {each.request_id for each in rest} >= {later.request_id, also_later}


async def test_a_journal_remains_until_all_of_its_servers_are_stopped(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as first:
        for _ in range(2):
            await first.deployments.create("kart", "v1", users=USERS)
    async with local.client(journal=tmp_path) as edgegap:
        chosen, other = await edgegap.recover(dry_run=True)
        await edgegap.recover(orphans=[chosen])
        assert [each.request_id for each in local.deployments] == [other.request_id]
        assert {each.request_id for each in await edgegap.recover(dry_run=True)} >= {other.request_id}
        await edgegap.recover(orphans=[chosen, other])
        assert await edgegap.recover() == ()
    assert [*tmp_path.iterdir()] == []


async def test_a_journal_remains_while_its_tag_finds_a_server_that_was_not_chosen(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path
) -> None:
    """The journal has only a tag, and two servers have it: one was listed, the other appeared later."""
    tag = GuardTags().next()
    await asyncio.to_thread(write_journal, tmp_path, tag)
    await create_with_tags([str(tag)])
    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        listed = await edgegap.recover(dry_run=True)
        later = await create_with_tags([str(tag)])
        assert len(await edgegap.recover(orphans=listed)) == 1
        assert [each.request_id for each in local.deployments] == [later]
        await edgegap.recover()
    assert len(local.deployments) == 0


async def test_recover_distinguishes_servers_that_it_stopped_from_servers_that_were_already_stopped(
    tmp_path: Path,
) -> None:
    async with LocalEdgegap(time_to_ready=(0, 0)) as local:
        async with local.client(journal=tmp_path) as first:
            running, stopped = [await first.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
        async with local.client() as another_worker:
            await another_worker.deployments.stop(stopped)
            await another_worker.deployments.wait_until_stopped(stopped)
        async with local.client(journal=tmp_path) as edgegap:
            recovered = await edgegap.recover()
        outcomes = {each.request_id: each.outcome for each in recovered}
        assert outcomes == {running.request_id: "stopped", stopped.request_id: "already stopped"}


async def test_a_recovery_that_fails_has_the_servers_that_it_stopped(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as first:
        requests = {(await first.deployments.create("kart", "v1", users=USERS)).request_id for _ in range(3)}
    local.faults.add("deployment-delete", "status", code=403, body={"message": "no"})
    async with local.client(journal=tmp_path) as second:
        with pytest.raises(RecoveryFailed) as failed:
            await second.recover()
        (running,) = local.deployments
        assert {each.request_id for each in failed.value.recovered} == requests - {running.request_id}
        assert {each.outcome for each in failed.value.recovered} == {"stopped"}
        part = failed.value.subgroup(PermissionDenied)
        assert isinstance(part, RecoveryFailed)
        assert part.recovered == failed.value.recovered
        assert [each.request_id for each in local.deployments] == [running.request_id]


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=-1), 30])
async def test_an_age_that_is_not_above_zero_is_refused(local: LocalEdgegap, age: Any) -> None:
    async with local.client() as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS)
    async with local.client() as edgegap:
        with pytest.raises(ConfigurationError, match="older_than"):
            await edgegap.recover(older_than=age)
    assert len(local.deployments) == 1


async def test_orphans_go_with_neither_an_age_nor_a_dry_run(edgegap: EdgegapClient, local: LocalEdgegap) -> None:
    orphan = OrphanedServer(tag=old_tag(), request_id="0123456789ab")
    with pytest.raises(ConfigurationError, match="omit older_than= and dry_run="):
        await edgegap.recover(orphans=[orphan], dry_run=True)
    with pytest.raises(ConfigurationError, match="omit older_than= and dry_run="):
        await edgegap.recover(orphans=[orphan], older_than=timedelta(hours=1))
    with pytest.raises(ConfigurationError, match=r"that recover\(dry_run=True\) returned"):
        await edgegap.recover(orphans=[OrphanedServer(tag=old_tag())])
    assert local.requests == []


# tags


OWN_TAGS: dict[str, Callable[[EdgegapClient, str], Awaitable[object]]] = {
    "create": lambda e, tag: e.deployments.create("kart", "v1", users=USERS, tags=[tag]),
    "deploy": lambda e, tag: e.deployments.deploy("kart", "v1", users=USERS, tags=[tag]),
    "create_v1": lambda e, tag: e.deployments.create_v1("kart", "v1", users=USERS, tags=[tag]),
    "private_fleets.create": lambda e, tag: e.private_fleets.create(
        "kart", "v1", private_host_ids=["host"], users=USERS, tags=[tag]
    ),
    "tags.create": lambda e, tag: e.deployments.tags.create("0123456789ab", tag),
    "tags.update": lambda e, tag: e.deployments.tags.update("0123456789ab", "mine", new_name=tag),
    "context.create_tag": lambda e, tag: e.context.create_tag("0123456789ab", 1, tag, token="abc"),
}


@pytest.mark.parametrize("call", OWN_TAGS.values(), ids=OWN_TAGS)
async def test_a_tag_of_the_callers_own_in_the_form_of_a_guard_tag_is_refused(
    edgegap: EdgegapClient, local: LocalEdgegap, call: Callable[[EdgegapClient, str], Awaitable[object]]
) -> None:
    with pytest.raises(ConfigurationError, match="reserved"):
        await call(edgegap, "eg-7777777-77777777")
    assert local.requests == []


async def test_a_tag_that_only_begins_like_a_guard_tag_is_accepted(edgegap: EdgegapClient) -> None:
    request = await edgegap.deployments.create("kart", "v1", users=USERS, tags=["eg-match-42"])
    assert (await edgegap.deployments.get(request)).tags == ("eg-match-42",)


FORK = """
import asyncio, os, sys
from edgegap_async import EdgegapClient

async def create(edgegap):
    async with edgegap:
        await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"])
        os.write(barrier[1], b".")
        while not os.path.exists(sys.argv[1] + "/go"):  # both are open at the same time
            await asyncio.sleep(0.01)

barrier = os.pipe()
edgegap = EdgegapClient(journal=sys.argv[1])
children = []
for _ in range(2):
    child = os.fork()
    if child == 0:
        asyncio.run(create(edgegap))
        os._exit(0)
    children.append(child)
os.read(barrier[0], 1), os.read(barrier[0], 1)
open(sys.argv[1] + "/go", "w").close()
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
async def test_two_processes_forked_after_the_client_was_created_have_two_owners(
    local: LocalEdgegap, tmp_path: Path
) -> None:
    environment = {"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url}
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", FORK, str(tmp_path), env=environment)
    try:
        assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    tags = [GuardTag.parse(tag) for each in local.deployments for tag in each.tags]
    assert len({tag.owner for tag in tags if tag is not None}) == 2
    (tmp_path / "go").unlink()
    async with local.client(journal=tmp_path) as edgegap:
        assert len(await edgegap.recover()) == 2
    assert len(local.deployments) == 0


async def test_recover_by_age_skips_a_row_that_cannot_be_decoded(
    local: LocalEdgegap, create_with_tags: CreateWithTags
) -> None:
    async with local.client() as edgegap:
        old = old_tag()
        request_id = await create_with_tags([str(old)])
        rows = [{"request_id": ["odd"], "tags": 7}, {"request_id": request_id, "tags": [str(old)]}]
        local.faults.add("deployment-list", "status", code=200, body={"data": rows, "total_count": 2})
        (orphan,) = await edgegap.recover(older_than=timedelta(minutes=30))
        assert orphan.request_id == request_id
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
