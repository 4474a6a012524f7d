"""The matchmaker of one worker: it runs the matches whose last ticket it received, from the deploy to the stop."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from edgegap_async import EdgegapClient, Filter, RecoveryFailed, State, errors
from examples.matchmaker import settings
from examples.matchmaker.changes import Changes
from examples.matchmaker.store import FINAL_STATES, Match, Store, Ticket

logger = logging.getLogger("uvicorn.error")


class Matchmaker:
    """Tickets in, matches run, states out."""

    def __init__(self, edgegap: EdgegapClient, store: Store, changes: Changes) -> None:
        self._edgegap = edgegap
        self._changes = changes
        self._matches: set[asyncio.Task[None]] = set()
        self._is_stopping = False
        self.store = store

    async def join(self, mode: str, player: str) -> Ticket:
        """Add a ticket. If it completes a match, this worker runs the match."""
        ticket, match = await self.store.add_ticket(mode, player, settings.MODES[mode])
        if match is not None:
            task = asyncio.create_task(self._run(match), name=f"match {match.id}")
            self._matches.add(task)
            task.add_done_callback(self._matches.discard)
        return ticket

    async def states(self, ticket_id: str) -> AsyncIterator[Ticket | None]:
        """Yield a ticket whenever its state changed, until it is final; None every few seconds without a change."""
        last: Ticket | None = None
        with self._changes.of(ticket_id) as changed:
            while (ticket := await self.store.ticket(ticket_id)) is not None:
                yield ticket if ticket != last else None
                last = ticket
                if ticket.state in FINAL_STATES or self._changes.is_closed:
                    return
                await self._changes.wait(changed)
        yield Ticket(id=ticket_id, state="expired")

    async def running_servers(self) -> int:
        """Return how many servers of this matchmaker run, as the service knows it."""
        rows = self._edgegap.deployments.list(Filter(tags=settings.TAG))
        ended = {State.TERMINATING, State.TERMINATED}
        return sum([row.status not in ended async for row in rows])

    async def end_matches(self) -> None:
        """End the matches of this worker, and stop their servers."""
        self._is_stopping = True
        for match in self._matches:
            match.cancel()
        await asyncio.gather(*self._matches, return_exceptions=True)

    async def _run(self, match: Match) -> None:
        state = "over"
        try:
            async with self._edgegap.deployments.running(
                settings.APPLICATION,
                settings.VERSION,
                users=match.players,
                tags=[settings.TAG],
                timeout=settings.DEPLOY_SECONDS,
                attempts=2,
            ) as server:
                await self.store.count("started")
                await self.store.update(match, "ready", address=server.address())
                await self._until_end(match)
            await self.store.count("stopped")
        except errors.EdgegapError as error:
            logger.warning("match %s ended: %s", match.id, error)
            state = "failed"
        finally:
            await self.store.update(match, state)

    async def _until_end(self, match: Match) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + settings.MATCH_SECONDS
        with self._changes.of(match.id) as changed:
            while not await self.store.is_ending(match.id) and not self._is_stopping and loop.time() < deadline:
                await self._changes.wait(changed)


async def recover_regularly(edgegap: EdgegapClient) -> None:
    """Stop the servers of workers that were killed: about a minute later, since a worker may only be paused."""
    while settings.JOURNAL is not None:
        try:
            await edgegap.recover()
        except (errors.EdgegapError, RecoveryFailed) as error:
            logger.warning("servers of other workers may still run: %s", error)
        await asyncio.sleep(settings.RECOVER_SECONDS)


@asynccontextmanager
async def open_matchmaker(edgegap: EdgegapClient) -> AsyncIterator[tuple[Matchmaker, Changes]]:
    """Connect to the store, and end the matches of this worker at the end."""
    # Before Python 3.12, asyncio.wait_for can lose a cancellation. With a socket_timeout, redis uses it in every call.
    async with Redis.from_url(settings.coordination_url(), decode_responses=True, socket_timeout=None) as valkey:
        changes = Changes(valkey)
        matchmaker = Matchmaker(edgegap, Store(valkey), changes)
        receiving = asyncio.create_task(changes.receive(), name="receive changes")
        try:
            yield matchmaker, changes
        finally:
            await matchmaker.end_matches()
            receiving.cancel()
            await asyncio.wait({receiving})
