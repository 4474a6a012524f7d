"""The file of a journal: whatever the disk does, its lines are whole, and its size follows the lines in use."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgegap_async.json_codec import dumps
from edgegap_async.ownership.journal_file import LINE_BYTES, JournalFile

Write = Callable[[int, bytes], int]


def put(file: JournalFile, *keys: str, **fields: str) -> None:
    for key in keys:
        file.put(key, {"tag": key, **fields})


def tags(path: Path) -> list[object]:
    """The keys of the lines that another process would find."""
    file = JournalFile.lock(path)
    assert file is not None
    rows, damaged = file.read()
    file.close()
    assert damaged == 0
    return [row["tag"] for row in rows]


def writes_up_to(limit: int) -> Write:
    """``os.write`` on a disk that is full: nothing is written beyond a limit of the file's size."""
    write = os.write

    def write_within_limit(file: int, data: bytes) -> int:
        space = limit - os.lseek(file, 0, os.SEEK_CUR)
        if space <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[:space])

    return write_within_limit


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))
    file = JournalFile.create(tmp_path / "a")
    put(file, "1", "2")
    file.close()
    assert tags(file.path) == ["1", "2"]


def test_a_write_of_nothing_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = JournalFile.create(tmp_path / "a")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda *_: 0)
        with pytest.raises(OSError, match="nothing was written") as caught:
            put(file, "1")
    assert (caught.value.errno, caught.value.filename) == (errno.EIO, str(file.path))
    file.remove()


def test_a_line_that_was_cut_short_does_not_join_the_next_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = JournalFile.create(tmp_path / "a")
    put(file, "1")
    with monkeypatch.context() as full:
        full.setattr(os, "write", writes_up_to(2 * LINE_BYTES + 20))
        with pytest.raises(OSError, match="No space left"):
            put(file, "2")
    put(file, "3")
    file.close()
    assert tags(file.path) == ["1", "3"]


def test_lines_are_changed_and_erased_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = JournalFile.create(tmp_path / "a")
    put(file, "1", "2", "3", "4")
    monkeypatch.setattr(os, "write", writes_up_to(os.path.getsize(file.path)))
    with pytest.raises(OSError, match="No space left"):
        put(file, "5")
    put(file, "1", request_id="0123456789ab" * 20)
    for key in ("2", "3"):
        file.erase(key)
    put(file, "6", "7")
    file.close()
    assert tags(file.path) == ["1", "6", "7", "4"]


def test_a_line_that_could_not_be_erased_remains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = JournalFile.create(tmp_path / "a")
    put(file, "1")

    def refuse(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "ftruncate", refuse)
        with pytest.raises(OSError, match="Input/output"):
            file.erase("1")
    assert not file.is_empty
    file.close()
    assert tags(file.path) == ["1"]


def test_no_file_remains_that_could_not_be_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    descriptors = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(os, "write", writes_up_to(100))
    with pytest.raises(OSError, match="No space left"):
        JournalFile.create(tmp_path / "a")
    assert [*tmp_path.iterdir()] == []
    assert len(os.listdir("/dev/fd")) == descriptors


def test_another_recovery_does_not_lock_a_file_that_could_not_be_created(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would remove the file, and this process would then report that."""
    found: list[JournalFile | None] = []
    unlink = Path.unlink

    def lock_then_unlink(path: Path) -> None:
        found.append(JournalFile.lock(path))
        unlink(path)

    monkeypatch.setattr(os, "write", writes_up_to(100))
    monkeypatch.setattr(Path, "unlink", lock_then_unlink)
    with pytest.raises(OSError, match="No space left"):
        JournalFile.create(tmp_path / "a")
    assert found == [None]


def test_the_error_of_a_new_file_that_cannot_be_locked_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fcntl = pytest.importorskip("fcntl")

    def refuse(*_: object) -> None:
        raise BlockingIOError

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "a"
    with pytest.raises(BlockingIOError, match="the new file is locked already") as caught:
        JournalFile.create(path)
    assert (caught.value.errno, caught.value.filename) == (errno.EAGAIN, str(path))
    assert not path.exists()


def test_a_file_that_exists_is_neither_created_nor_changed(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("of somebody else")
    with pytest.raises(FileExistsError):
        JournalFile.create(path)
    assert path.read_text() == "of somebody else"


@pytest.mark.skipif(os.name == "nt", reason="files have no such modes there")
def test_other_users_cannot_read_the_file(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        file = JournalFile.create(tmp_path / "a")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    file.remove()


@pytest.mark.parametrize("is_replaced", [False, True])
def test_a_line_is_not_added_to_a_file_that_was_removed(tmp_path: Path, is_replaced: bool) -> None:
    file = JournalFile.create(tmp_path / "folder" / "a")
    put(file, "1")
    (tmp_path / "folder").rename(tmp_path / "elsewhere")
    if is_replaced:
        (tmp_path / "folder").mkdir()
        (tmp_path / "folder" / "a").write_text("of somebody else")
    with pytest.raises(FileNotFoundError):
        put(file, "2")
    file.erase("1")
    file.close()


def test_the_size_follows_the_lines_in_use(tmp_path: Path) -> None:
    file = JournalFile.create(tmp_path / "a")
    put(file, "always")
    for number in range(10_000):
        put(file, str(number), str(-number - 1))
        put(file, str(number), request_id="0123456789ab")
        file.erase(str(number - 1))
        file.erase(str(-number - 1))
        assert os.path.getsize(file.path) <= 5 * LINE_BYTES
    put(file, *(f"many {number}" for number in range(500)))
    for number in range(500):
        file.erase(f"many {number}")
    file.erase("9999")
    assert os.path.getsize(file.path) == 2 * LINE_BYTES
    file.erase("always")
    assert os.path.getsize(file.path) == LINE_BYTES
    file.remove()


def test_a_line_that_is_too_long_is_refused(tmp_path: Path) -> None:
    file = JournalFile.create(tmp_path / "a")
    longest = "x" * (LINE_BYTES - 1 - len(dumps({"tag": ""})))
    with pytest.raises(ValueError, match="too long"):
        put(file, longest + "x")
    assert file.is_empty
    put(file, longest, "1")
    file.close()
    assert tags(file.path) == [longest, "1"]


@pytest.mark.parametrize("missing", [1, 20])
def test_a_last_line_that_is_too_short_is_ignored(tmp_path: Path, missing: int) -> None:
    """The process ended while it added the line."""
    file = JournalFile.create(tmp_path / "a")
    put(file, "1", "2")
    file.close()
    os.truncate(file.path, 3 * LINE_BYTES - missing)
    assert tags(file.path) == ["1"]


def test_lines_that_cannot_be_decoded_are_counted(tmp_path: Path) -> None:
    file = JournalFile.create(tmp_path / "a")
    put(file, "1", "2", "3")
    os.pwrite(file._file, b"\0" * LINE_BYTES, 2 * LINE_BYTES)
    os.pwrite(file._file, b"[]".ljust(LINE_BYTES), 3 * LINE_BYTES)
    assert file.read() == ([{"tag": "1"}], 2)
    os.pwrite(file._file, b"x", 0)
    with pytest.raises(ValueError, match="not a journal of this version"):
        file.read()
    file.remove()


def test_a_header_that_was_cut_short_names_nothing(tmp_path: Path) -> None:
    """The process ended while it created the file."""
    (tmp_path / "a").write_text("{")
    assert tags(tmp_path / "a") == []


def test_a_file_that_is_being_created_or_in_use_is_not_locked(tmp_path: Path) -> None:
    descriptors = len(os.listdir("/dev/fd"))
    (tmp_path / "empty").touch()
    assert JournalFile.lock(tmp_path / "empty") is None
    file = JournalFile.create(tmp_path / "a")
    assert JournalFile.lock(file.path) is None
    file.remove()
    assert len(os.listdir("/dev/fd")) == descriptors


@pytest.mark.parametrize("is_cut_short", [False, True])
def test_a_file_is_erased_before_its_lock_is_released(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_cut_short: bool
) -> None:
    """Between the two, another recovery can lock it: it must find nothing to stop."""
    file = JournalFile.create(tmp_path / "a")
    put(file, "1")
    file.close()
    if is_cut_short:
        file.path.write_text("{")
    found: list[object] = []
    unlink = Path.unlink

    def lock_then_unlink(path: Path) -> None:
        found.append(tags(path))
        unlink(path)

    monkeypatch.setattr(Path, "unlink", lock_then_unlink)
    stale = JournalFile.lock(file.path)
    assert stale is not None
    stale.remove()
    assert found == [[]]
    assert [*tmp_path.iterdir()] == []


def test_no_open_file_is_removed_or_opened_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows removes no open file, and a second handle cannot read what is locked."""
    handles: dict[int, str] = {}
    os_open, os_close, os_unlink, io_open = os.open, os.close, os.unlink, io.open

    def refuse_if_open(path: Any) -> None:
        if not isinstance(path, int) and os.fspath(path) in handles.values():
            raise PermissionError(errno.EACCES, "The process cannot access the file", path)

    def open_once(path: Any, *arguments: Any, **options: Any) -> int:
        refuse_if_open(path)
        handles[file := os_open(path, *arguments, **options)] = os.fspath(path)
        return file

    def close(file: int) -> None:
        handles.pop(file, None)
        os_close(file)

    def unlink(path: Any, *arguments: Any, **options: Any) -> None:
        refuse_if_open(path)
        os_unlink(path, *arguments, **options)

    def open_file(path: Any, *arguments: Any, **options: Any) -> Any:
        refuse_if_open(path)
        return io_open(path, *arguments, **options)

    for module, name, replacement in (
        (os, "open", open_once),
        (os, "close", close),
        (os, "unlink", unlink),
        (io, "open", open_file),
    ):
        monkeypatch.setattr(module, name, replacement)
    monkeypatch.setattr("builtins.open", open_file)
    owner = JournalFile.create(tmp_path / "a")
    put(owner, "1", "2")
    owner.erase("1")
    owner.close()
    assert tags(owner.path) == ["2"]
    stale = JournalFile.lock(owner.path)
    assert stale is not None
    stale.read()
    stale.remove()
    JournalFile.create(tmp_path / "b").remove()
    assert handles == {}
    assert [*tmp_path.iterdir()] == []
