"""A file of a journal: lines of one length that are overwritten in place, locked while its client is open.

Each line is JSON padded with spaces; a line of spaces is free. So the size of the file follows the lines in use, a line
whose write was cut short cannot join the next one, and a line that exists can be changed or erased on a full disk.

The operating system releases the lock when the process ends, however it ends. No lock is needed to create or to remove
a file. A file is empty until its client has locked it, and nobody else locks an empty file. A file is erased before its
lock is released, so a process that locks it before it is removed finds no lines in it. Each file is read through the
handle that holds its lock, and removed after that is closed, as Windows requires.
"""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from edgegap_async.errors import JSON
from edgegap_async.json_codec import dumps, loads

if sys.platform == "win32":
    import msvcrt

    _LOCKED_BYTE: Final = 2**30
    """Beyond the lines: nobody can read a locked byte."""

    def _try_lock(file: int) -> bool:
        os.lseek(file, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


LINE_BYTES: Final = 512
"""No line crosses the border of a page of memory, so the end of the process does not cut its write."""

_HEADER: Final = dumps({"edgegap_async journal": 1})
_BINARY: Final = getattr(os, "O_BINARY", 0)


class JournalFile:
    """A file that this process has locked. All methods block, and raise OSError."""

    def __init__(self, path: Path, file: int) -> None:
        """Take a file that is open and locked; ``create`` and ``lock`` call this.

        Args:
            path: Where it is.
            file: Its descriptor.
        """
        self.path = path
        self._file = file
        self._lines: dict[str, tuple[int, Mapping[str, JSON]]] = {}

    @classmethod
    def create(cls, path: Path) -> Self:
        """Create and lock a file, and its folder."""
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        created = cls(path, file)
        try:
            created._lock_and_mark()
        except BaseException:
            with suppress(OSError):
                os.ftruncate(file, 0)
            os.close(file)
            path.unlink()
            raise
        return created

    @classmethod
    def lock(cls, path: Path) -> Self | None:
        """Lock a file whose process has ended; return None if its process is alive or is just creating it."""
        file = os.open(path, os.O_RDWR | _BINARY)
        try:
            if os.fstat(file).st_size > 0 and _try_lock(file):
                return cls(path, file)
        except BaseException:
            os.close(file)
            raise
        os.close(file)
        return None

    def read(self) -> tuple[list[dict[str, JSON]], int]:
        """Return the lines, and the number of those that cannot be decoded.

        A last line that is too short was being added when the process ended, and is ignored, as is such a header.

        Raises:
            ValueError: It is not the file of a journal.
        """
        os.lseek(self._file, 0, os.SEEK_SET)
        with open(self._file, "rb", closefd=False) as file:
            content = file.read()
        ends = range(LINE_BYTES, len(content) + 1, LINE_BYTES)
        header, *lines = [content[end - LINE_BYTES : end] for end in ends] or [_padded(_HEADER)]
        if header != _padded(_HEADER):
            raise ValueError("it is not a journal of this version of edgegap_async")
        decoded = [_decode(line) for line in lines if not line.isspace()]
        rows = [row for row in decoded if row is not None]
        return rows, len(decoded) - len(rows)

    def put(self, key: str, fields: Mapping[str, JSON]) -> None:
        """Add a line, or change some fields of the line that was added under the same key.

        Raises:
            ValueError: The line is too long.
        """
        if not os.path.samestat(os.fstat(self._file), os.stat(self.path)):
            raise FileNotFoundError(errno.ENOENT, "the file was replaced", str(self.path))
        number, row = self._lines.get(key) or (self._first_free_number(), {})
        row = {**row, **fields}
        self._write(number, dumps(row))
        self._lines[key] = number, row

    def erase(self, key: str) -> None:
        """Erase a line, if there is one under the key."""
        if key not in self._lines:
            return
        number, _ = self._lines[key]
        last_other = max(self._numbers() - {number}, default=0)
        if number > last_other:
            os.ftruncate(self._file, (last_other + 1) * LINE_BYTES)
        else:
            self._write(number, b"")
        del self._lines[key]

    @property
    def is_empty(self) -> bool:
        """Whether all lines that this process added are erased."""
        return not self._lines

    def close(self) -> None:
        """Unlock the file, and keep it."""
        os.close(self._file)

    def remove(self) -> None:
        """Erase all lines, unlock the file and remove it."""
        try:
            os.ftruncate(self._file, 1)  # an empty file is one that is being created
        finally:
            self.close()
        with suppress(OSError):  # it names nothing now, and the next recovery tries again
            self.path.unlink()

    def _lock_and_mark(self) -> None:
        if not _try_lock(self._file):
            raise OSError(errno.EAGAIN, "the new file is locked already", str(self.path))
        self._write(0, _HEADER)

    def _numbers(self) -> set[int]:
        return {number for number, _ in self._lines.values()}

    def _first_free_number(self) -> int:
        numbers = self._numbers()
        return next(number for number in itertools.count(1) if number not in numbers)

    def _write(self, number: int, text: bytes) -> None:
        line = _padded(text)
        os.lseek(self._file, number * LINE_BYTES, os.SEEK_SET)
        while line:
            written = os.write(self._file, line)
            if not written:
                raise OSError(errno.EIO, "nothing was written", str(self.path))
            line = line[written:]


def _padded(text: bytes) -> bytes:
    if len(text) >= LINE_BYTES:
        raise ValueError(f"a line of {len(text)} bytes is too long")
    return text.ljust(LINE_BYTES - 1) + b"\n"


def _decode(line: bytes) -> dict[str, JSON] | None:
    try:
        row = loads(line)
    except ValueError:
        return None
    return row if isinstance(row, dict) else None
