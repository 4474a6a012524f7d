"""Stops what clients that no longer live left behind: by what they wrote down, or by the tags of their servers."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import attrs

from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.ownership.journal import Journal, OrphanedServer, StaleJournal

_AT_ONCE: Final = 20
"""Stops under way at a time."""


@attrs.frozen
class Recovery:
    """The cleaning up after others, with the means of one client."""

    guard: DeployGuard

    async def by_journal(self, journal: Journal, *, dry_run: bool) -> tuple[OrphanedServer, ...]:
        """Stop what the journals of the dead name; a journal that is settled goes away."""
        found: list[OrphanedServer] = []
        failures: list[Exception] = []
        held = await journal.dead()
        try:
            while held:
                try:
                    found += await self._inherited(held[-1], dry_run=dry_run)
                    settled = not dry_run
                except* EdgegapError as group:
                    failures += group.exceptions
                    settled = False
                await journal.end(held.pop(), settled=settled)
        finally:
            for inheritance in held:
                await journal.end(inheritance, settled=False)
        if failures:
            raise ExceptionGroup("what was left behind could not all be stopped", failures)
        return tuple(found)

    async def _inherited(self, inheritance: StaleJournal, *, dry_run: bool) -> tuple[OrphanedServer, ...]:
        """Stop what one journal names, whose servers are known by their ids or sought by their tags."""
        known = [one for one in inheritance.left if one.request_id is not None]
        sought = await self._found(one for one in inheritance.left if one.request_id is None)
        return await self._stopped([*known, *sought], dry_run=dry_run)

    async def by_tags(
        self, older_than: timedelta, living: Collection[str], *, dry_run: bool
    ) -> tuple[OrphanedServer, ...]:
        """Stop the servers whose tag says that they were asked for so long ago, by nobody who is known to live."""
        before = datetime.now(UTC) - older_than
        found = [
            OrphanedServer(tag=tag, request_id=row.request_id)
            for row, tag in await self.guard.tagged()
            if tag.asked_at < before and tag.owner not in living
        ]
        return await self._stopped(found, dry_run=dry_run)

    async def _found(self, lost: Iterable[OrphanedServer]) -> list[OrphanedServer]:
        """Those of some servers without an id that exist."""
        wanted = {one.tag: one for one in lost}
        if not wanted:
            return []
        rows = await self.guard.settled(wanted)
        return [attrs.evolve(wanted[tag], request_id=row.request_id) for row, tag in rows]

    async def _stopped(self, left: Collection[OrphanedServer], *, dry_run: bool) -> tuple[OrphanedServer, ...]:
        if not dry_run:
            slots = asyncio.Semaphore(_AT_ONCE)
            failures = await asyncio.gather(*(self._stop(one, slots) for one in left))
            if failed := [failure for failure in failures if failure is not None]:
                raise ExceptionGroup("what was left behind could not all be stopped", failed)
        return tuple(left)

    async def _stop(self, left: OrphanedServer, slots: asyncio.Semaphore) -> EdgegapError | None:
        id = left.request_id or ""
        async with slots:
            try:
                await self.guard.removal.now(id)
            except EdgegapError as error:
                error.add_note(f"deployment {id} may still run")
                return error
        return None
