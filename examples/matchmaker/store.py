"""Tickets and matches in Valkey, where every worker finds them: a player may be connected to any of them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, Final

import attrs
from redis.asyncio import Redis

PREFIX: Final = "matchmaker:"
CHANNEL: Final = f"{PREFIX}changed"
"""Receives the ids of the tickets and matches that changed, separated by spaces."""

TICKET_SECONDS: Final = 120
"""How long a ticket waits for others, and how long its state can be read after a change."""

FINAL_STATES: Final = frozenset({"ready", "failed", "over"})

# Adds a ticket to its queue, and takes as many as a match needs, if there are enough. One script is one step for all
# workers: no ticket is in two matches, and no worker has to lead. Expired tickets are dropped.
_JOIN: Final = """
redis.call('RPUSH', KEYS[1], ARGV[1])
local found, needed = {}, tonumber(ARGV[2])
while #found < needed do
  local id = redis.call('LPOP', KEYS[1])
  if not id then break end
  if redis.call('EXISTS', ARGV[3] .. id) == 1 then table.insert(found, id) end
end
if #found == needed then return found end
if #found > 0 then redis.call('RPUSH', KEYS[1], unpack(found)) end
return {}
"""


@attrs.frozen(kw_only=True)
class Ticket:
    """What a player sees: ``state`` is queued, matched, ready, failed or over."""

    id: str
    state: str
    match: str | None = None
    address: str | None = None


@attrs.frozen(kw_only=True)
class Match:
    """Tickets that play together."""

    id: str
    mode: str
    tickets: tuple[str, ...]
    players: tuple[str, ...]


class Store:
    """The queues, tickets and matches of all workers."""

    def __init__(self, valkey: Redis) -> None:
        self._valkey = valkey
        self._join = valkey.register_script(_JOIN)

    async def add_ticket(self, mode: str, player: str, match_size: int) -> tuple[Ticket, Match | None]:
        """Add a ticket; the worker that adds the last ticket of a match runs the match."""
        id = secrets.token_urlsafe(12)
        async with self._valkey.pipeline() as pipeline:
            pipeline.hset(_ticket(id), mapping={"state": "queued", "player": player})
            pipeline.expire(_ticket(id), TICKET_SECONDS)
            await pipeline.execute()
        found = await self._join(keys=[f"{PREFIX}queue:{mode}"], args=[id, match_size, _ticket("")])
        ticket = Ticket(id=id, state="queued")
        return ticket, await self._create_match(mode, found) if found else None

    async def _create_match(self, mode: str, tickets: list[str]) -> Match:
        async with self._valkey.pipeline() as pipeline:
            for ticket in tickets:
                pipeline.hget(_ticket(ticket), "player")
            players = await pipeline.execute()
        match = Match(id=secrets.token_urlsafe(12), mode=mode, tickets=tuple(tickets), players=tuple(players))
        await self.update(match, "matched")
        return match

    async def update(self, match: Match, state: str, *, address: str = "") -> None:
        """Set the state of a match and of its tickets, and wake what waits for them in any worker."""
        content = {"state": state, "match": match.id, "address": address}
        async with self._valkey.pipeline() as pipeline:
            for key in [_match(match.id), *(_ticket(ticket) for ticket in match.tickets)]:
                pipeline.hset(key, mapping=content)
                pipeline.expire(key, TICKET_SECONDS)
            pipeline.publish(CHANNEL, " ".join([match.id, *match.tickets]))
            await pipeline.execute()

    async def ticket(self, id: str) -> Ticket | None:
        """Return a ticket, None if it does not exist or expired."""
        content = await self._read(_ticket(id))
        if not content:
            return None
        return Ticket(id=id, state=content["state"], match=content.get("match"), address=content.get("address") or None)

    async def cancel_ticket(self, id: str) -> None:
        """Remove a ticket that waits for others."""
        await self._valkey.delete(_ticket(id))
        await self._valkey.publish(CHANNEL, id)

    async def request_end(self, match: str) -> None:
        """Ask the worker that runs a match to end it."""
        async with self._valkey.pipeline() as pipeline:
            pipeline.set(_ending(match), 1, ex=TICKET_SECONDS)
            pipeline.publish(CHANNEL, match)
            await pipeline.execute()

    async def is_ending(self, match: str) -> bool:
        """Return whether some worker was asked to end a match."""
        return bool(await self._valkey.exists(_ending(match)))

    async def count(self, what: str) -> None:
        """Count something of all workers."""
        await self._valkey.hincrby(f"{PREFIX}counts", what, 1)

    async def counts(self) -> dict[str, int]:
        """Return what all workers counted."""
        return {name: int(number) for name, number in (await self._read(f"{PREFIX}counts")).items()}

    async def _read(self, key: str) -> Mapping[str, str]:
        content: Any = await self._valkey.hgetall(key)
        return dict(content)


def _ticket(id: str) -> str:
    return f"{PREFIX}ticket:{id}"


def _match(id: str) -> str:
    return f"{PREFIX}match:{id}"


def _ending(match: str) -> str:
    return f"{PREFIX}ending:{match}"
