"""What was asked for and what came of it, kept on disk for whoever comes after this process.

A journal is a folder with a file for each client that writes to it: lines of JSON, only ever appended. A client holds
a lock on its file while it lives, which the system takes away with the process, however that ends: so the files of
others that can be locked are those of the dead.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

import attrs

from edgegap_async.codec import dumps, loads
from edgegap_async.errors import ConfigurationError
from edgegap_async.ownership.tag import GuardTag

if sys.platform == "win32":
    import msvcrt

    def _locked(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _locked(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


T = TypeVar("T")

Came: TypeAlias = Literal["asked", "came", "gone", "released"]
"""What can be said of a server: asked for, known by its id, stopped (or never created), left to somebody else."""

_SUFFIX: Final = ".jsonl"


@attrs.frozen(kw_only=True)
class OrphanedServer:
    """A server that somebody asked for and did not see the end of.

    ``request_id`` is None where the answer was never seen: ``tag`` finds it, if it exists. ``name`` is its application
    and version, None where only its tag is known.
    """

    tag: GuardTag
    request_id: str | None = None
    name: str | None = None


class Journal:
    """The file of one client in a journal's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="edgegap journal")
        self._path = folder
        self._file: int | None = None

    async def open(self, owner: str) -> None:
        """Begin the file of one client. Raises ConfigurationError where there can be none."""
        self._path = self.folder / f"{owner}{_SUFFIX}"
        try:
            self._file = await self._do(_opened, self._path)
        except OSError as error:
            raise ConfigurationError(f"journal: {self.folder} cannot be a folder of journals: {error}") from error

    async def note(self, tag: GuardTag, came: Came, *, request_id: str | None = None, name: str | None = None) -> None:
        """Append what came of a server; on return it survives the end of this process."""
        row = {"tag": str(tag), "came": came, "request_id": request_id, "name": name}
        line = dumps({field: value for field, value in row.items() if value is not None}) + b"\n"
        if self._file is not None:
            await self._do(os.write, self._file, line)

    async def close(self) -> None:
        """Let go of the file, and remove it if nothing of what it names is left."""
        if self._file is not None:
            file, self._file = self._file, None
            await self._do(_closed, file, self._path)
        self._writer.shutdown(wait=False)

    async def dead(self) -> list[StaleJournal]:
        """What clients that no longer live left behind; locked until each is settled or let go."""
        return await self._do(lambda: [*_inheritances(self.folder, self._path)])

    async def end(self, inheritance: StaleJournal, *, settled: bool) -> None:
        """Remove what is settled, leave what is not to the next who comes."""
        await self._do(_ended, inheritance, settled)

    async def living(self) -> set[str]:
        """The owners of the files here that somebody holds."""
        return await self._do(lambda: {path.stem for path in self.folder.glob(f"*{_SUFFIX}") if _is_held(path)})

    async def _do(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work, *arguments)


@attrs.frozen(kw_only=True)
class StaleJournal:
    """The file of a client that no longer lives, held so that nobody else takes it."""

    path: Path
    file: int
    left: tuple[OrphanedServer, ...]


def _opened(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    if not _locked(file):
        os.close(file)
        raise OSError(f"{path.name} is in use")
    return file


def _closed(file: int, path: Path) -> None:
    try:
        if not _left(path):
            path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _inheritances(folder: Path, own: Path) -> Iterator[StaleJournal]:
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        if path == own:
            continue
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            continue  # somebody else has settled it meanwhile
        if not _locked(file):
            os.close(file)
            continue
        yield StaleJournal(path=path, file=file, left=_left(path))


def _ended(inheritance: StaleJournal, settled: bool) -> None:
    try:
        if settled:
            inheritance.path.unlink(missing_ok=True)
    finally:
        os.close(inheritance.file)


def _is_held(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _locked(file)
    finally:
        os.close(file)


def _left(path: Path) -> tuple[OrphanedServer, ...]:
    """What a file names that is not known to be gone; a line that was cut off by the end of its writer is none."""
    left: dict[str, OrphanedServer] = {}
    for line in path.read_bytes().splitlines():
        row = _row(line)
        tag = GuardTag.parse(str(row.get("tag")))
        if tag is None:
            continue
        match row.get("came"):
            case "asked":
                left[str(tag)] = OrphanedServer(tag=tag, name=cast("str | None", row.get("name")))
            case "came" if str(tag) in left:
                left[str(tag)] = attrs.evolve(left[str(tag)], request_id=row.get("request_id"))
            case "gone" | "released":
                left.pop(str(tag), None)
            case _:
                pass
    return tuple(left.values())


def _row(line: bytes) -> dict[str, Any]:
    try:
        row: object = loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", row) if isinstance(row, dict) else {}
