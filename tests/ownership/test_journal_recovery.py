"""Several journals that cannot be recovered, read or emptied: each is reported by itself, and kept."""

from __future__ import annotations

import asyncio
import errno
import os
from pathlib import Path
from typing import Any

import pytest

from edgegap_async import GuardPolicy, JournalError, RecoveryFailed
from edgegap_async.ownership.journal import Journal, OtherJournals
from edgegap_async.ownership.journal_file import LINE_BYTES, JournalFile
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.simulator import LocalEdgegap

from .conftest import CreateWithTags

QUICK = GuardPolicy(settle_seconds=0.01)


def stale_journal(
    folder: Path, owner: str, *, request_id: str | None = None, damaged: int = 0
) -> tuple[Path, GuardTag]:
    """Write the file of a client that ended with one server."""
    tag = GuardTags(owner=owner).next()
    path = folder / f"{owner}.jsonl"
    file = JournalFile.create(path)
    file.put(str(tag), {"tag": str(tag), **({} if request_id is None else {"request_id": request_id})})
    file.close()
    with path.open("ab") as raw:
        raw.write(b"damaged".ljust(LINE_BYTES) * damaged)
    return path, tag


async def failures_of(local: LocalEdgegap, folder: Path) -> RecoveryFailed:
    async with local.client(journal=folder, guard=QUICK) as edgegap:
        with pytest.raises(RecoveryFailed) as failed:
            await edgegap.recover()
    return failed.value


async def test_journals_remain_whose_tags_could_not_be_looked_up(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path
) -> None:
    first, tag = await asyncio.to_thread(stale_journal, tmp_path, "1111111")
    second, _ = await asyncio.to_thread(stale_journal, tmp_path, "2222222")
    orphaned = await create_with_tags([str(tag)])
    fault = local.faults.add("deployment-list", "status", times=None, code=403, body={"message": "no"})
    failed = await failures_of(local, tmp_path)
    assert len(failed.exceptions) == 2
    assert failed.recovered == ()
    assert first.exists()
    assert second.exists()
    local.faults.clear()
    assert fault.happened
    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        assert [each.request_id for each in await edgegap.recover()] == [orphaned]
    assert [*tmp_path.iterdir()] == []


async def test_each_journal_that_cannot_be_emptied_is_reported(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for owner in ("1111111", "2222222"):
        request_id = await create_with_tags(["mine"])
        await asyncio.to_thread(stale_journal, tmp_path, owner, request_id=request_id)

    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        monkeypatch.setattr(os, "ftruncate", refuse)
        with pytest.raises(RecoveryFailed) as failed:
            await edgegap.recover()
        monkeypatch.undo()
    messages = sorted(str(error) for error in failed.value.exceptions)
    assert [owner in message for owner, message in zip(("1111111", "2222222"), messages, strict=True)] == [True, True]
    assert len(failed.value.recovered) == 2


@pytest.mark.parametrize("damaged", [1, 2])
async def test_a_journal_with_a_damaged_line_is_kept(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path, damaged: int
) -> None:
    request_id = await create_with_tags(["mine"])
    path, _ = await asyncio.to_thread(stale_journal, tmp_path, "1111111", request_id=request_id, damaged=damaged)
    failed = await failures_of(local, tmp_path)
    assert [each.request_id for each in failed.recovered] == [request_id]
    assert f"has {damaged} damaged lines" in str(failed.exceptions[0])
    assert path.exists()


async def test_a_journal_without_damaged_lines_is_removed(
    local: LocalEdgegap, create_with_tags: CreateWithTags, tmp_path: Path
) -> None:
    request_id = await create_with_tags(["mine"])
    path, _ = await asyncio.to_thread(stale_journal, tmp_path, "1111111", request_id=request_id)
    async with local.client(journal=tmp_path, guard=QUICK) as edgegap:
        assert [each.request_id for each in await edgegap.recover()] == [request_id]
        assert not path.exists()


def test_what_cannot_be_read_is_reported_by_its_path() -> None:
    others = OtherJournals()
    for name in ("a", "b"):
        others.add_error(Path(name), "cannot be read")
    assert {path: str(error) for path, error in others.errors.items()} == {
        "a": "the journal a cannot be read",
        "b": "the journal b cannot be read",
    }
    assert {type(error) for error in others.errors.values()} == {JournalError}


def test_the_error_of_a_file_that_was_replaced_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    file = JournalFile.create(path)
    path.unlink()
    path.write_text("of somebody else")
    with pytest.raises(FileNotFoundError, match="the file was replaced") as caught:
        file.put("1", {"tag": "1"})
    file.close()
    assert (caught.value.errno, caught.value.filename) == (errno.ENOENT, str(path))


async def test_a_journal_that_is_open_is_not_stale(tmp_path: Path) -> None:
    journal, other = Journal(tmp_path), Journal(tmp_path)
    await journal.open("1111111")
    await other.open("2222222")
    async with other.lock_stale() as found:
        assert (found.stale, found.living, found.errors) == ([], {"1111111"}, {})
    await journal.close()
    await other.close()


@pytest.mark.parametrize(("error", "living"), [(FileNotFoundError, set[str]()), (PermissionError, {"1111111"})])
async def test_a_journal_that_cannot_be_opened_does_not_hide_the_next_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: type[OSError], living: set[str]
) -> None:
    """Another recovery has removed the first, or another user owns it."""
    first, _ = await asyncio.to_thread(stale_journal, tmp_path, "1111111")
    second, tag = await asyncio.to_thread(stale_journal, tmp_path, "2222222")
    open_file = os.open

    def refuse_first(path: Any, *arguments: Any, **options: Any) -> int:
        if path == first:
            raise error
        return open_file(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse_first)
    journal = Journal(tmp_path)
    async with journal.lock_stale() as found:
        assert [(stale.file.path, [orphan.tag for orphan in stale.orphans]) for stale in found.stale] == [
            (second, [tag])
        ]
        assert found.living == living
        assert {*found.errors} == ({str(first)} if living else set())
    await journal.close()


@pytest.mark.parametrize("is_broken", [False, True])
async def test_a_journal_that_cannot_be_closed_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path, is_broken: bool
) -> None:
    journal = Journal(tmp_path)
    await journal.open("1111111")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    if is_broken:
        monkeypatch.setattr(os, "ftruncate", refuse)
    await journal.close()
    path = tmp_path / "1111111.jsonl"
    expected = [f"the journal {path} could not be closed: [Errno 5] Input/output error"] if is_broken else []
    assert [record.getMessage() for record in caplog.records] == expected
