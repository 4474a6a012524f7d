"""Stops orphaned servers: by the journals of clients that have ended, or by the tags of the servers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import attrs

from edgegap_async.errors import EdgegapError, JournalError
from edgegap_async.models.deployments import StopReceipt
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.ownership.journal import Journal, OrphanedServer, OtherJournals, RecoveryOutcome, StaleJournal

_CONCURRENCY: Final = 20
"""Stops under way at a time."""


class RecoveryFailed(ExceptionGroup[EdgegapError]):
    """Not all orphaned servers could be found or stopped: the errors, and what was stopped in spite of them.

    Attributes:
        recovered: The servers that were stopped, or that a dry run found.
    """

    recovered: tuple[OrphanedServer, ...]

    def __new__(cls, message: str, errors: Sequence[EdgegapError], recovered: Sequence[OrphanedServer]) -> Self:
        """Keep the errors and the attributes.

        Args:
            message: The error message.
            errors: What failed, at least one.
            recovered: The servers that were stopped or found.
        """
        group = super().__new__(cls, message, errors)
        group.recovered = tuple(recovered)
        return group

    def __init__(self, message: str, errors: Sequence[EdgegapError], recovered: Sequence[OrphanedServer]) -> None:
        """Take what ``__new__`` takes.

        Args:
            message: The error message.
            errors: What failed.
            recovered: The servers that were stopped or found.
        """
        super().__init__(message, errors)

    def derive(self, errors: Sequence[EdgegapError], /) -> RecoveryFailed:  # type: ignore[override]
        """Return a group of some of the errors, for ``except*``."""
        return RecoveryFailed(self.message, errors, self.recovered)


@attrs.define(kw_only=True)
class Recovery:
    """One recovery: it stops the servers of other clients with the guard of this one, and collects what happened.

    Attributes:
        guard: Finds and stops the servers.
        dry_run: Whether to stop nothing.
        agreed: The only servers to stop, None for all that are found.
    """

    guard: DeployGuard
    dry_run: bool = False
    agreed: Collection[OrphanedServer] | None = None
    _found: dict[str, OrphanedServer] = attrs.field(factory=dict[str, OrphanedServer], init=False)
    _errors: dict[str, EdgegapError] = attrs.field(factory=dict[str, EdgegapError], init=False)

    async def by_journal(self, journal: Journal, living: Collection[str] = ()) -> set[str]:
        """Stop the servers in stale journals, and remove each journal whose servers are all stopped.

        Args:
            journal: Where the journals are.
            living: The owners of clients that are open: on another host, which may not see the lock of a journal.

        Returns:
            The owners of journals whose clients are open, or may be.

        Raises:
            JournalError: The journals cannot be listed.
        """
        async with journal.lock_stale() as others:
            if self.agreed is None:
                self._errors |= others.errors
            stale_journals = [
                stale for stale in others.stale if self._concerns(stale) and stale.file.path.stem not in living
            ]
            if not self.dry_run:
                for stale in stale_journals:
                    if await self._recover_journal(stale):
                        await self._remove(journal, stale, others)
        if self.dry_run:  # it changes nothing, so it does not keep another recovery from the journals
            for stale in stale_journals:
                await self._recover_journal(stale)
        return others.living

    async def by_tags(self, older_than: timedelta, living: Collection[str]) -> None:
        """Stop the servers whose tag says that they were requested long ago, by a client that is not known to live.

        Args:
            older_than: How long ago.
            living: The owners of clients that are open.
        """
        try:
            guarded = await self.guard.lookup.list.all_guarded()
        except EdgegapError as error:
            self._errors["the list"] = error
            return
        now = datetime.now(UTC)
        await self.stop(
            OrphanedServer(tag=tag, request_id=server.request_id)
            for server, tag in guarded
            if now - tag.requested_at > older_than and tag.owner not in living
        )

    async def stop(self, orphans: Iterable[OrphanedServer]) -> None:
        """Stop servers whose ids are known, at most once each."""
        ids = None if self.agreed is None else {each.request_id for each in self.agreed}
        chosen: dict[str, OrphanedServer] = {}
        for orphan in orphans:
            id = orphan.request_id or ""
            if (ids is None or id in ids) and id not in self._found and id not in self._errors:
                chosen[id] = orphan
        if self.dry_run:
            self._found |= chosen
        else:
            slots = asyncio.Semaphore(_CONCURRENCY)
            await asyncio.gather(*(self._stop(id, orphan, slots) for id, orphan in chosen.items()))

    def result(self) -> tuple[OrphanedServer, ...]:
        """Return the servers that were stopped, or found in a dry run.

        Raises:
            RecoveryFailed: Something failed.
        """
        recovered = tuple(self._found.values())
        if self._errors:
            done = "found" if self.dry_run else "stopped"
            message = f"not all orphaned servers could be {done}"
            raise RecoveryFailed(message, [*self._errors.values()], recovered)
        return recovered

    def _concerns(self, stale: StaleJournal) -> bool:
        """Whether a journal may name servers to stop."""
        if self.agreed is None:
            return True
        tags = {each.tag for each in self.agreed}
        return any(orphan.tag in tags for orphan in stale.orphans)

    async def _recover_journal(self, stale: StaleJournal) -> bool:
        """Stop what one journal names, and return whether all of it is stopped.

        These are servers known by their ids, and those that their tags find.
        """
        known = [orphan for orphan in stale.orphans if orphan.request_id is not None]
        try:
            found = await self._find(orphan for orphan in stale.orphans if orphan.request_id is None)
        except EdgegapError as error:
            self._errors[str(stale.file.path)] = error
            return False
        await self.stop([*known, *found])
        return all(orphan.request_id in self._found for orphan in (*known, *found))

    async def _remove(self, journal: Journal, stale: StaleJournal, others: OtherJournals) -> None:
        if not stale.is_damaged:
            try:
                await journal.remove(stale, others)
            except JournalError as error:
                self._errors[str(stale.file.path)] = error

    async def _find(self, orphans: Iterable[OrphanedServer]) -> list[OrphanedServer]:
        """Those of some orphans without an id that exist."""
        by_tag = {orphan.tag: orphan for orphan in orphans}
        if not by_tag:
            return []
        found = await self.guard.lookup.find_settled(by_tag)
        return [attrs.evolve(by_tag[tag], request_id=server.request_id) for server, tag in found]

    async def _stop(self, id: str, orphan: OrphanedServer, slots: asyncio.Semaphore) -> None:
        async with slots:
            try:
                receipt = await self.guard.cleanup.remove_now(id)
            except EdgegapError as error:
                error.add_note(f"deployment {id} may still run")
                self._errors[id] = error
            else:
                outcome: RecoveryOutcome = "stopped"
                if isinstance(receipt, StopReceipt) and receipt.already_gone:
                    outcome = "already stopped"
                self._found[id] = attrs.evolve(orphan, outcome=outcome)
