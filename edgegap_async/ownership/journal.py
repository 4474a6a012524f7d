"""What was requested and what became of it, kept on disk for the process that cleans up after this one.

A journal is a folder with one file for each client that writes to it: lines of JSON that are only appended. A client
holds a lock on its file while it is open; the operating system releases the lock when the process ends, however it
ends. So a file of another client that can be locked is stale.
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

from edgegap_async.errors import ConfigurationError
from edgegap_async.json_codec import dumps, loads
from edgegap_async.ownership.tag import GuardTag

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: int) -> bool:
        try:
            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: int) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


T = TypeVar("T")

JournalEvent: TypeAlias = Literal["requested", "created", "stopped", "released"]
"""What is written down: a create request, the id of its server, that it is stopped (or was never created), that this
client is no longer responsible for it."""

RecoveryOutcome: TypeAlias = Literal["stopped", "already stopped"]
"""What ``recover`` did with a server: it stopped it, or the service no longer had it to stop."""

_SUFFIX: Final = ".jsonl"


@attrs.frozen(kw_only=True)
class OrphanedServer:
    """A server whose client ended without stopping it.

    Attributes:
        tag: The guard's tag of the server, which names its client and when it was requested.
        request_id: The deployment's id, None if the client ended before it received one: the tag finds the server,
            if it exists.
        name: Its application and version, None if only the tag is known.
        outcome: What ``recover`` did with it, None in a dry run.
    """

    tag: GuardTag
    request_id: str | None = None
    name: str | None = None
    outcome: RecoveryOutcome | None = None


class Journal:
    """The file of one client in the folder of a journal."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="edgegap journal")
        self._path = folder
        self._file: int | None = None

    async def open(self, owner: str) -> None:
        """Create and lock the file of one client; raises ConfigurationError if that is impossible."""
        self._path = self.folder / f"{owner}{_SUFFIX}"
        try:
            self._file = await self._run(_open_locked, self._path)
        except OSError as error:
            raise ConfigurationError(f"journal: cannot write to the folder {self.folder}: {error}") from error

    async def record(
        self, tag: GuardTag, event: JournalEvent, *, request_id: str | None = None, name: str | None = None
    ) -> None:
        """Append an event; when this returns, the event survives the end of the process.

        Args:
            tag: The tag of the server.
            event: What happened.
            request_id: The server's id, once it is known.
            name: Its application and version.
        """
        row = {"tag": str(tag), "event": event, "request_id": request_id, "name": name}
        line = dumps({field: value for field, value in row.items() if value is not None}) + b"\n"
        if self._file is not None:
            await self._run(os.write, self._file, line)

    async def close(self) -> None:
        """Unlock the file, and remove it if none of its servers is left to stop."""
        if self._file is not None:
            file, self._file = self._file, None
            await self._run(_close_own, file, self._path)
        self._writer.shutdown(wait=False)

    async def lock_stale(self) -> list[StaleJournal]:
        """Return the files whose clients have ended, locked until ``release_stale`` is called for each."""
        return await self._run(lambda: [*_stale_journals(self.folder, self._path)])

    async def release_stale(self, stale: StaleJournal, *, is_settled: bool) -> None:
        """Unlock a stale file; remove it if all of its servers are stopped, else leave it to the next recovery."""
        await self._run(_release, stale, is_settled)

    async def living_owners(self) -> set[str]:
        """Return the owners of the files that are locked: their clients are open."""
        return await self._run(lambda: {path.stem for path in self.folder.glob(f"*{_SUFFIX}") if _is_locked(path)})

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work, *arguments)


@attrs.frozen(kw_only=True)
class StaleJournal:
    """The file of a client that has ended, locked so that no other recovery takes it."""

    path: Path
    file: int
    orphans: tuple[OrphanedServer, ...]


def _open_locked(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    if not _try_lock(file):
        os.close(file)
        raise OSError(f"{path.name} is in use")
    return file


def _close_own(file: int, path: Path) -> None:
    try:
        if not _orphans(path):
            path.unlink(missing_ok=True)
    finally:
        os.close(file)


def _stale_journals(folder: Path, own: Path) -> Iterator[StaleJournal]:
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        if path == own:
            continue
        try:
            file = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            continue  # another recovery has removed it meanwhile
        if not _try_lock(file):
            os.close(file)
            continue
        yield StaleJournal(path=path, file=file, orphans=_orphans(path))


def _release(stale: StaleJournal, is_settled: bool) -> None:
    try:
        if is_settled:
            stale.path.unlink(missing_ok=True)
    finally:
        os.close(stale.file)


def _is_locked(path: Path) -> bool:
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(file)
    finally:
        os.close(file)


def _orphans(path: Path) -> tuple[OrphanedServer, ...]:
    """The servers in a file that are neither stopped nor released; an incomplete last line is ignored."""
    orphans: dict[str, OrphanedServer] = {}
    for line in path.read_bytes().splitlines():
        row = _parse_row(line)
        tag = GuardTag.parse(str(row.get("tag")))
        if tag is None:
            continue
        match row.get("event"):
            case "requested":
                orphans[str(tag)] = OrphanedServer(tag=tag, name=cast("str | None", row.get("name")))
            case "created" if str(tag) in orphans:
                orphans[str(tag)] = attrs.evolve(orphans[str(tag)], request_id=row.get("request_id"))
            case "stopped" | "released":
                orphans.pop(str(tag), None)
            case _:
                pass
    return tuple(orphans.values())


def _parse_row(line: bytes) -> dict[str, Any]:
    try:
        row: object = loads(line)
    except ValueError:
        return {}
    return cast("dict[str, Any]", row) if isinstance(row, dict) else {}
