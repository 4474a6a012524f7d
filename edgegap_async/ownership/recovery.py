"""Stops orphaned servers: by the journals of clients that have ended, or by the tags of the servers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.ownership.journal import Journal, OrphanedServer, StaleJournal

_CONCURRENCY: Final = 20
"""Stops under way at a time."""


@attrs.frozen
class Recovery:
    """Stops the servers of other clients, with the guard of this one."""

    guard: DeployGuard

    async def by_journal(self, journal: Journal, *, dry_run: bool) -> tuple[OrphanedServer, ...]:
        """Stop the servers in stale journals, and remove each journal whose servers are all stopped.

        Raises:
            ExceptionGroup: Of the errors of the servers that could not be stopped; their journals remain.
        """
        orphans: list[OrphanedServer] = []
        failures: list[Exception] = []
        stale = await journal.lock_stale()
        try:
            while stale:
                try:
                    orphans += await self._stop_orphans_of(stale[-1], dry_run=dry_run)
                    is_settled = not dry_run
                except* EdgegapError as group:
                    failures += group.exceptions
                    is_settled = False
                await journal.release_stale(stale.pop(), is_settled=is_settled)
        finally:
            for each in stale:
                await journal.release_stale(each, is_settled=False)
        if failures:
            raise ExceptionGroup("not all orphaned servers could be stopped", failures)
        return tuple(orphans)

    async def by_tags(
        self, older_than: timedelta, living: Collection[str], *, dry_run: bool
    ) -> tuple[OrphanedServer, ...]:
        """Stop the servers whose tag says that they were requested long ago, by a client that is not known to live.

        Args:
            older_than: How long ago.
            living: The owners of clients that are open.
            dry_run: Whether to stop nothing.
        """
        before = datetime.now(UTC) - older_than
        orphans = [
            OrphanedServer(tag=tag, request_id=server.request_id)
            for server, tag in await self.guard.lookup.all_guarded()
            if tag.requested_at < before and tag.owner not in living
        ]
        return await self._stop_all(orphans, dry_run=dry_run)

    async def _stop_orphans_of(self, stale: StaleJournal, *, dry_run: bool) -> tuple[OrphanedServer, ...]:
        """Stop what one journal names: servers known by their ids, and those that their tags find."""
        known = [orphan for orphan in stale.orphans if orphan.request_id is not None]
        found = await self._find(orphan for orphan in stale.orphans if orphan.request_id is None)
        return await self._stop_all([*known, *found], dry_run=dry_run)

    async def _find(self, orphans: Iterable[OrphanedServer]) -> list[OrphanedServer]:
        """Those of some orphans without an id that exist."""
        by_tag = {orphan.tag: orphan for orphan in orphans}
        if not by_tag:
            return []
        found = await self.guard.lookup.find_settled(by_tag)
        return [attrs.evolve(by_tag[tag], request_id=server.request_id) for server, tag in found]

    async def _stop_all(self, orphans: Collection[OrphanedServer], *, dry_run: bool) -> tuple[OrphanedServer, ...]:
        if not dry_run:
            slots = asyncio.Semaphore(_CONCURRENCY)
            errors = await asyncio.gather(*(self._stop(orphan, slots) for orphan in orphans))
            if failures := [error for error in errors if error is not None]:
                raise ExceptionGroup("not all orphaned servers could be stopped", failures)
        return tuple(orphans)

    async def _stop(self, orphan: OrphanedServer, slots: asyncio.Semaphore) -> EdgegapError | None:
        id = orphan.request_id or ""
        async with slots:
            try:
                await self.guard.cleanup.remove_now(id)
            except EdgegapError as error:
                error.add_note(f"deployment {id} may still run")
                return error
        return None
