"""The matchmaker as a FastAPI application: ``uvicorn examples.matchmaker.app:app --workers 4``."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from socket import gethostname
from types import FrameType
from typing import Annotated, Any, Literal

import attrs
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, IPvAnyAddress

from edgegap_async.integrations.fastapi import add_exception_handlers, edgegap_lifespan, health_router, webhook_router
from examples.matchmaker.matchmaker import Matchmaker, open_matchmaker, recover_regularly
from examples.matchmaker.settings import client_options


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[Any]:
    async with edgegap_lifespan(**client_options())(app) as state, open_matchmaker(state["edgegap"]) as opened:
        matchmaker, changes = opened
        recovering = asyncio.create_task(recover_regularly(state["edgegap"]), name="recover")
        with before_shutdown(changes.close):
            yield {**state, "matchmaker": matchmaker}
        recovering.cancel()
        await asyncio.wait({recovering})


@contextmanager
def before_shutdown(callback: Callable[[], object]) -> Iterator[None]:
    """Call something when uvicorn gets the signal to stop: it waits for open streams, so these have to end."""
    loop = asyncio.get_running_loop()
    handlers: dict[int, Any] = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        if callable(handlers[number]):
            handlers[number](number, frame)

    for each in handlers:
        signal.signal(each, handle)
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


app = FastAPI(title="A matchmaker", lifespan=lifespan)
app.include_router(health_router("/health"))
app.include_router(webhook_router("/edgegap"))
add_exception_handlers(app)


def matchmaker_of(request: Request) -> Matchmaker:
    matchmaker: Matchmaker = request.state.matchmaker
    return matchmaker


MatchmakerDependency = Annotated[Matchmaker, Depends(matchmaker_of)]


class NewTicket(BaseModel):
    """A player who wants to play."""

    mode: Literal["duel", "race"] = "race"
    player: IPvAnyAddress  # a real matchmaker takes request.client.host


@app.post("/tickets", status_code=201)
async def join(new: NewTicket, matchmaker: MatchmakerDependency) -> dict[str, str]:
    ticket = await matchmaker.join(new.mode, str(new.player))
    return {"id": ticket.id, "events": f"/tickets/{ticket.id}/events"}


@app.get("/tickets/{ticket_id}/events")
async def events(ticket_id: str, matchmaker: MatchmakerDependency) -> StreamingResponse:
    """Server-sent events: each change of the ticket, the last of which has the address of the server."""
    if await matchmaker.store.ticket(ticket_id) is None:
        raise HTTPException(404, "there is no such ticket, or it expired")

    async def stream() -> AsyncIterator[str]:
        yield "retry: 500\n\n"  # milliseconds, after which a browser connects again if this worker stops
        async for ticket in matchmaker.states(ticket_id):
            if ticket is None:
                yield ": still waiting\n\n"
            else:
                yield f"event: {ticket.state}\ndata: {json.dumps(attrs.asdict(ticket))}\n\n"

    headers = {
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
        "X-Worker": f"{gethostname()}:{os.getpid()}",
    }
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


@app.delete("/tickets/{ticket_id}", status_code=204)
async def leave(ticket_id: str, matchmaker: MatchmakerDependency) -> None:
    await matchmaker.store.cancel_ticket(ticket_id)


@app.delete("/matches/{match_id}", status_code=204)
async def end(match_id: str, matchmaker: MatchmakerDependency) -> None:
    await matchmaker.store.request_end(match_id)


@app.get("/servers")
async def servers(matchmaker: MatchmakerDependency) -> dict[str, int]:
    """The servers of all workers: those started and stopped so far, and those that run, as the service knows it."""
    counts = await matchmaker.store.counts()
    return {
        "started": counts.get("started", 0),
        "stopped": counts.get("stopped", 0),
        "running": await matchmaker.running_servers(),
    }
