"""A journal that cannot be written or read: no server is lost, no other error is hidden, nothing is passed over."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from edgegap_async import (
    CleanupFailed,
    ClientStateError,
    ConfigurationError,
    EdgegapError,
    GuardPolicy,
    JournalError,
    OrphanedServer,
    RecoveryFailed,
)
from edgegap_async.ownership.journal import Journal
from edgegap_async.ownership.journal_file import LINE_BYTES, JournalFile
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap

from .conftest import CreateWithTags

USERS = ["203.0.113.7"]
AGE = timedelta(minutes=30)


@pytest.fixture
async def ready() -> Any:
    """A local Edgegap whose servers are ready at once."""
    async with LocalEdgegap(seed=1, time_to_ready=(0, 0)) as local:
        yield local


class OwnError(Exception):
    """Raised by the block of a caller."""


class Disk:
    """Fails the writes of the journal that a test chooses."""

    def __init__(self) -> None:
        self.fails: Callable[[bytes], bool] = lambda _: False
        self._write = os.write

    def write(self, file: int, data: bytes) -> int:
        if len(data) == LINE_BYTES and self.fails(data):
            raise OSError(errno.ENOSPC, "No space left on device")
        return self._write(file, data)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(os, "write", disk.write)
    return disk


def stale_journal(folder: Path, tag: GuardTag, **fields: str) -> Path:
    file = JournalFile.create(folder / f"{tag.owner}.jsonl")
    file.put(str(tag), {"tag": str(tag), **fields})
    file.close()
    return file.path


def old_tag(owner: str = "0000000") -> GuardTag:
    return GuardTag(owner, GuardTags().next().number - 3600 * 1024)


# writing


async def test_nothing_is_sent_that_a_full_disk_cannot_record(local: LocalEdgegap, disk: Disk, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        disk.fails = lambda _: True
        with pytest.raises(JournalError, match=r"is requested: .*No space left on device.* nothing was sent. Check"):
            await edgegap.deployments.deploy("kart", "v1", users=USERS)
        assert local.requests == []
        disk.fails = lambda _: False
        await edgegap.deployments.stop(await edgegap.deployments.create("kart", "v1", users=USERS))
    assert [*tmp_path.iterdir()] == []


async def test_nothing_is_sent_after_the_folder_was_removed(local: LocalEdgegap, tmp_path: Path) -> None:
    async with local.client(journal=tmp_path / "folder") as edgegap:
        shutil.rmtree(tmp_path / "folder")
        with pytest.raises(JournalError, match="nothing was sent"):
            await edgegap.deployments.create("kart", "v1", users=USERS)
    assert local.requests == []


async def test_a_server_is_stopped_and_reported_if_its_id_cannot_be_recorded(
    ready: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    disk.fails = lambda data: b"request_id" in data
    with pytest.raises(ExceptionGroup) as failures:
        async with ready.client(journal=tmp_path) as edgegap, edgegap.deployments.running("kart", "v1", users=USERS):
            (server,) = ready.deployments
    (failure,) = failures.value.exceptions
    assert isinstance(failure, CleanupFailed)
    assert failure.id == server.request_id
    assert "is created: [Errno 28] No space left on device. So recover() can find its server only by" in str(failure)
    assert len(ready.deployments) == 0
    assert [*tmp_path.iterdir()] == []


async def test_the_error_of_a_block_is_not_replaced_by_an_error_of_the_journal(
    ready: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    async with ready.client(journal=tmp_path) as edgegap:
        running = edgegap.deployments.running("kart", "v1", users=USERS)
        server = await running.__aenter__()
        await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.recover()
        disk.fails = lambda _: True
        error = OwnError()
        assert not await running.__aexit__(OwnError, error, None)
        assert error.__notes__ == [f"deployment {server.request_id} was stopped"]
        await edgegap.__aexit__(OwnError, error, None)
    assert error.__notes__[1].startswith(
        f"record in the journal that {server.request_id} is stopped failed: the journal"
    )
    assert len(ready.deployments) == 1


async def test_a_stop_that_cannot_be_recorded_is_reported_when_the_client_is_closed(
    local: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    edgegap = await local.client(journal=tmp_path).__aenter__()
    first, _ = [await edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
    await edgegap.recover()
    disk.fails = lambda _: True
    assert (await edgegap.deployments.stop(first)).request_id == first.request_id
    with pytest.raises(ExceptionGroup) as failures:
        await edgegap.aclose()
    assert [getattr(failure, "id", None) for failure in failures.value.exceptions] == [first.request_id]
    disk.fails = lambda _: False
    async with local.client(journal=tmp_path) as second:
        assert len(await second.recover()) == 2


async def test_a_server_that_cannot_be_released_remains_the_clients(
    local: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        first, second = [await edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
        await edgegap.recover()
        disk.fails = lambda _: True
        with pytest.raises(JournalError, match=r"is released: .*recover\(\) may stop its server"):
            await edgegap.deployments.release(first)
        disk.fails = lambda _: False
        await edgegap.deployments.release(first)
        await edgegap.deployments.release(second)
    assert [*tmp_path.iterdir()] == []


async def test_a_folder_that_cannot_be_written_is_an_error_when_the_client_is_opened(
    local: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    descriptors = len(os.listdir("/dev/fd"))
    disk.fails = lambda _: True
    with pytest.raises(ConfigurationError, match=r"cannot write to the folder .*No space left"):
        await local.client(journal=tmp_path).__aenter__()
    assert len(os.listdir("/dev/fd")) == descriptors
    assert [*tmp_path.iterdir()] == []


async def test_a_folder_that_became_read_only_does_not_fail_the_closing(
    local: LocalEdgegap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        await edgegap.deployments.stop(await edgegap.deployments.create("kart", "v1", users=USERS))

        def refuse(path: Path) -> None:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))

        monkeypatch.setattr(Path, "unlink", refuse)
    monkeypatch.undo()
    assert len([*tmp_path.iterdir()]) == 1
    async with local.client(journal=tmp_path) as second:
        assert await second.recover() == ()
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", ["k" * 600, "\u00e9" * 600, "kart\ud800"])
async def test_a_name_of_any_length_is_recorded(tmp_path: Path, name: str) -> None:
    journal = Journal(tmp_path)
    tag = GuardTags(owner="1111111").next()
    await journal.open(tag.owner)
    await journal.record(tag, "requested", name=name)
    await journal.record(tag, "created", request_id="0123456789ab")
    await journal.close()
    other = Journal(tmp_path)
    async with other.lock_stale() as found:
        ((orphan,),) = [stale.orphans for stale in found.stale]
    await other.close()
    assert (orphan.tag, orphan.request_id, (orphan.name or "")[:4]) == (tag, "0123456789ab", name[:4])
    with pytest.raises(ClientStateError, match="is closed"):
        await journal.record(tag, "requested")
    await journal.close()


# reading


async def recover_with_errors(local: LocalEdgegap, folder: Path, **options: Any) -> RecoveryFailed:
    async with local.client(journal=folder, guard=GuardPolicy(settle_seconds=0.2)) as edgegap:
        with pytest.raises(RecoveryFailed) as failed:
            await edgegap.recover(**options)
    return failed.value


@pytest.mark.parametrize("is_folder", [False, True])
async def test_a_journal_that_cannot_be_read_is_reported_and_kept(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path, is_folder: bool
) -> None:
    if is_folder:
        (tmp_path / "1111111.jsonl").mkdir()
    else:
        (tmp_path / "1111111.jsonl").write_text("not a journal\n" * 100)
    tag = old_tag()
    request_id = await create_with_tags([str(tag)])
    await asyncio.to_thread(stale_journal, tmp_path, tag, request_id=request_id)
    failed = await recover_with_errors(local, tmp_path, dry_run=True)
    assert failed.message == "not all orphaned servers could be found"
    assert [each.request_id for each in failed.recovered] == [request_id]
    failed = await recover_with_errors(local, tmp_path)
    assert failed.message == "not all orphaned servers could be stopped"
    (error,) = failed.exceptions
    assert isinstance(error, JournalError)
    assert "1111111.jsonl cannot be" in str(error)
    assert [each.outcome for each in failed.recovered] == ["stopped"]
    assert [path.name for path in tmp_path.iterdir()] == ["1111111.jsonl"]


async def test_the_intact_lines_of_a_damaged_journal_are_recovered_and_it_is_kept(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path
) -> None:
    request_id = await create_with_tags([str(old_tag())])
    path = await asyncio.to_thread(stale_journal, tmp_path, old_tag(), request_id=request_id)
    with path.open("ab") as file:
        file.write(b'{"tag": "eg-0000000-0'.ljust(LINE_BYTES) + b'{"tag": 7}'.ljust(LINE_BYTES))
    failed = await recover_with_errors(local, tmp_path)
    assert [each.request_id for each in failed.recovered] == [request_id]
    (error,) = failed.exceptions
    assert "has 2 damaged lines. Find its servers with recover(older_than=...), then delete it" in str(error)
    assert path.exists()
    async with local.client(journal=tmp_path) as edgegap:
        chosen = OrphanedServer(tag=failed.recovered[0].tag, request_id=request_id)
        await edgegap.recover(orphans=[chosen])
    assert path.exists()


async def test_the_servers_of_a_journal_that_cannot_be_opened_are_spared(
    local: LocalEdgegap, create_with_tags: CreateWithTags, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its owner, another user, may be alive."""
    path = await asyncio.to_thread(stale_journal, tmp_path, old_tag("1111111"))
    spared, stopped = [await create_with_tags([str(old_tag(owner))]) for owner in ("1111111", "2222222")]
    open_file = os.open

    def refuse(name: Any, *arguments: Any, **options: Any) -> int:
        if name == path:
            raise PermissionError(errno.EACCES, "Permission denied", str(name))
        return open_file(name, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        failed = await recover_with_errors(local, tmp_path, older_than=AGE)
    assert [each.request_id for each in failed.recovered] == [stopped]
    assert [each.request_id for each in local.deployments] == [spared]
    assert "cannot be opened: [Errno 13] Permission denied" in str(failed.exceptions[0])


async def test_a_lock_that_fails_does_not_count_as_a_living_owner_without_an_error(
    local: LocalEdgegap, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Some network file systems have no locks."""
    fcntl = pytest.importorskip("fcntl")
    await asyncio.to_thread(stale_journal, tmp_path, old_tag())
    async with local.client(journal=tmp_path) as edgegap:
        descriptors = len(os.listdir("/dev/fd"))

        def no_locks(*_: object) -> None:
            raise OSError(errno.ENOLCK, "No locks available")

        monkeypatch.setattr(fcntl, "flock", no_locks)
        with pytest.raises(RecoveryFailed, match="not all") as failed:
            await edgegap.recover()
        assert "No locks available" in str(failed.value.exceptions[0])
        assert len(os.listdir("/dev/fd")) == descriptors


async def test_a_folder_that_cannot_be_listed_is_an_error(
    local: LocalEdgegap, create_with_tags: CreateWithTags, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await create_with_tags([str(old_tag())])
    async with local.client(journal=tmp_path) as edgegap:

        def refuse(_: object) -> list[str]:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(os, "listdir", refuse)
        with pytest.raises(EdgegapError, match=r"cannot be listed: .*Permission denied"):
            await edgegap.recover(older_than=AGE)
        assert len(local.deployments) == 1


async def test_a_journal_that_cannot_be_emptied_is_reported(
    local: LocalEdgegap, create_with_tags: CreateWithTags, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    request_id = await create_with_tags([str(old_tag())])
    await asyncio.to_thread(stale_journal, tmp_path, old_tag(), request_id=request_id)
    async with local.client(journal=tmp_path) as edgegap:

        def refuse(*_: object) -> None:
            raise OSError(errno.EROFS, "Read-only file system")

        monkeypatch.setattr(os, "ftruncate", refuse)
        with pytest.raises(RecoveryFailed) as failed:
            await edgegap.recover()
        assert "could not be emptied: [Errno 30] Read-only file system" in str(failed.value.exceptions[0])
        assert [each.outcome for each in failed.value.recovered] == ["stopped"]
        monkeypatch.undo()
