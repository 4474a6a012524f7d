"""What was requested and not yet stopped, kept on disk for the process that cleans up after this one.

A journal is a folder with one file for each client that writes to it, with a line for each of its servers. The client
has its file locked while it is open. So a file that another client can lock is stale.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypeVar

import attrs

from edgegap_async.errors import JSON, ClientStateError, ConfigurationError, JournalError
from edgegap_async.ownership.disk_thread import DiskThread
from edgegap_async.ownership.journal_file import JournalFile
from edgegap_async.ownership.tag import GuardTag

T = TypeVar("T")

JournalEvent: TypeAlias = Literal["requested", "created", "stopped", "released"]
"""What is written down: a create request, the id of its server, that it is stopped (or was never created), that this
client is no longer responsible for it."""

RecoveryOutcome: TypeAlias = Literal["stopped", "already stopped"]
"""What ``recover`` did with a server: it stopped it, or the service no longer had it to stop."""

logger: Final = logging.getLogger("edgegap_async")

_SUFFIX: Final = ".jsonl"

_MAX_NAME_LENGTH: Final = 60
"""What fits into a line of the file, whatever its characters."""

_OPENING_SECONDS: Final = 30.0

_DISK_SECONDS: Final = 2.0
"""How long the end of a client or of a recovery waits for a disk that does not respond."""

_DAMAGE_ADVICE: Final = "Find its servers with recover(older_than=...), then delete it"

_CONSEQUENCES: Final[dict[JournalEvent, str]] = {
    "requested": "nothing was sent",
    "created": "recover() can find its server only by this tag",
    "stopped": "recover() may stop its server again",
    "released": "recover() may stop its server",
}


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


@attrs.frozen(kw_only=True)
class StaleJournal:
    """The file of a client that has ended, locked so that no other recovery takes it.

    Attributes:
        file: The file.
        orphans: The servers in it.
        is_damaged: Whether it has lines that cannot be read: it is kept, whatever becomes of these servers.
    """

    file: JournalFile
    orphans: tuple[OrphanedServer, ...]
    is_damaged: bool


@attrs.frozen
class OtherJournals:
    """The files of other clients.

    Attributes:
        stale: Those that are locked now.
        living: The owners of those that cannot be locked: their clients are open, or may be.
        errors: What cannot be read, by path.
    """

    stale: list[StaleJournal] = attrs.field(factory=list[StaleJournal])
    living: set[str] = attrs.field(factory=set[str])
    errors: dict[str, JournalError] = attrs.field(factory=dict[str, JournalError])

    def add_error(self, path: Path, problem: str) -> None:
        """Log and keep that a file cannot be read."""
        error = JournalError(f"the journal {path} {problem}")
        logger.warning("%s", error)
        self.errors[str(path)] = error


class Journal:
    """The file of one client in the folder of a journal. All work on the disk is done by one thread, in order."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._thread = DiskThread("edgegap journal")
        self._path = folder
        self._file: JournalFile | None = None
        """Only the thread uses it."""

    async def open(self, owner: str) -> None:
        """Create and lock the file of one client; raises ConfigurationError if that is impossible."""
        self._path = self.folder / f"{owner}{_SUFFIX}"
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._submit(self._create)
        except BaseException as error:
            self._start_closing()  # after the creation, which the thread does not interrupt
            if isinstance(error, OSError):  # or a TimeoutError, which is one
                reason = str(error) or "the disk does not respond"
                raise ConfigurationError(f"journal: cannot write to the folder {self.folder}: {reason}") from error
            raise

    def record(
        self, tag: GuardTag, event: JournalEvent, *, request_id: str | None = None, name: str | None = None
    ) -> asyncio.Future[None]:
        """Write an event; when the future is done, the event survives the end of the process.

        Events are written in the order of the calls, also if a future is cancelled.

        Args:
            tag: The tag of the server.
            event: What happened.
            request_id: The server's id, once it is known.
            name: Its application and version.

        Returns:
            A future that raises JournalError if the event cannot be written.
        """
        if name is not None:
            name = name[:_MAX_NAME_LENGTH].encode(errors="replace").decode()
        fields = {"tag": str(tag), "request_id": request_id, "name": name}
        return self._submit(self._write, event, {name: value for name, value in fields.items() if value is not None})

    async def close(self) -> None:
        """Unlock the file, and remove it if none of its servers is left to stop. This takes two seconds at most."""
        closing = self._start_closing()
        done, _ = await asyncio.wait({closing}, timeout=_DISK_SECONDS)
        if not done:
            logger.error("the journal %s could not be closed yet: the disk does not respond", self._path)
        elif (error := closing.exception()) is not None:
            logger.error("the journal %s could not be closed: %s", self._path, error)

    @asynccontextmanager
    async def lock_stale(self) -> AsyncGenerator[OtherJournals]:
        """Lock the files whose clients have ended, and unlock them when the block ends.

        Raises:
            JournalError: The folder cannot be listed.
        """
        found = OtherJournals()
        try:
            await self._submit(self._lock_stale, found)
            yield found
        finally:
            unlocking = self._submit(_unlock, found)  # after the locking, also if that was cancelled
            await asyncio.wait({unlocking}, timeout=_DISK_SECONDS)

    async def remove(self, stale: StaleJournal, found: OtherJournals) -> None:
        """Remove a file, all servers of which are stopped; raises JournalError if they cannot be erased."""
        await self._submit(_remove, stale, found)

    def _submit(self, work: Callable[..., T], *arguments: object) -> asyncio.Future[T]:
        return asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    def _start_closing(self) -> asyncio.Future[None]:
        closing = self._submit(self._close)
        self._thread.shutdown()
        return closing

    # in the thread

    def _create(self) -> None:
        self._file = JournalFile.create(self._path)

    def _write(self, event: JournalEvent, fields: dict[str, JSON]) -> None:
        tag, file = str(fields["tag"]), self._file
        if file is None:
            raise ClientStateError(
                f"this EdgegapClient is closed: its journal does not record any more that {tag} is {event}"
            )
        try:
            if event in {"requested", "created"}:
                file.put(tag, fields)
            else:
                file.erase(tag)
        except (OSError, ValueError) as error:
            raise JournalError(
                f"the journal {self._path} could not record that {tag} is {event}: {error}. So "
                f"{_CONSEQUENCES[event]}. Check that the folder exists, is writable and has space; open a new client"
            ) from error

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            (file.remove if file.is_empty else file.close)()

    def _lock_stale(self, found: OtherJournals) -> None:
        try:
            names = sorted(os.listdir(self.folder))
        except OSError as error:
            raise JournalError(f"the journal {self.folder} cannot be listed: {error}. Check its permissions") from error
        for path in (self.folder / name for name in names):
            if path.suffix != _SUFFIX or path == self._path:
                continue
            try:
                file = JournalFile.lock(path)
            except FileNotFoundError:
                continue  # its client, or another recovery, has removed it
            except OSError as error:
                found.living.add(path.stem)
                found.add_error(path, f"cannot be opened: {error}. Recover as the user who owns it")
                continue
            if file is None:
                found.living.add(path.stem)
            else:
                _read(file, found)


def _read(file: JournalFile, found: OtherJournals) -> None:
    try:
        rows, damaged = file.read()
    except (OSError, ValueError) as error:
        file.close()
        found.add_error(file.path, f"cannot be read: {error}. {_DAMAGE_ADVICE}")
        return
    orphans = [orphan for row in rows if (orphan := _orphan(row)) is not None]
    damaged += len(rows) - len(orphans)
    if damaged:
        found.add_error(file.path, f"has {damaged} damaged lines. {_DAMAGE_ADVICE}")
    found.stale.append(StaleJournal(file=file, orphans=tuple(orphans), is_damaged=damaged > 0))


def _orphan(row: dict[str, JSON]) -> OrphanedServer | None:
    tag = GuardTag.parse(str(row.get("tag")))
    request_id, name = row.get("request_id"), row.get("name")
    if tag is None or not isinstance(request_id, str | None) or not isinstance(name, str | None):
        return None
    return OrphanedServer(tag=tag, request_id=request_id, name=name)


def _unlock(found: OtherJournals) -> None:
    while found.stale:
        found.stale.pop().file.close()


def _remove(stale: StaleJournal, found: OtherJournals) -> None:
    found.stale.remove(stale)
    try:
        stale.file.remove()
    except OSError as error:
        raise JournalError(
            f"the journal {stale.file.path} could not be emptied: {error}. All servers in it are stopped: delete it"
        ) from error
