"""Exactly one server for each create request, whatever becomes of its response.

The service has no idempotency key. So each create request carries a tag of its own. If the response is lost, the guard
looks the tag up in the list: it adopts the server that it finds, requests it again if it is certainly absent, and
stops duplicates that show up later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final, Unpack, cast

from edgegap_async.deadlines import seconds_until, time_limit
from edgegap_async.errors import (
    JSON,
    BadRequest,
    DeadlineExceeded,
    EdgegapError,
    Gone,
    NotFound,
    Outcome,
    Unprocessable,
)
from edgegap_async.limits import Priority
from edgegap_async.models.deployments import StopReceipt, StopResponse
from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.cleanup import Cleanup
from edgegap_async.ownership.creation import CreatedT, Creation, GuardPolicy, may_have_been_created
from edgegap_async.ownership.journal import Journal, JournalEvent
from edgegap_async.ownership.list_search import SEARCH_SECONDS
from edgegap_async.ownership.lookup import FIRST_PAUSE, LONGEST_PAUSE, LostRequest, TagLookup
from edgegap_async.ownership.tag import GuardTag, GuardTags
from edgegap_async.transport import CallEffect, CallOptions, Pipeline

logger: Final = logging.getLogger("edgegap_async")

_LAST_SEARCH_SECONDS: Final = 3.0
"""How long the list is searched for the server of a create request at the end of the event loop."""


class DeployGuard:
    """Creates and stops the deployments of one client, and knows which of them it is responsible for."""

    def __init__(
        self, pipeline: Pipeline, background: BackgroundTasks, policy: GuardPolicy, journal: Journal | None
    ) -> None:
        """Send nothing yet.

        Args:
            pipeline: Sends the requests.
            background: Runs what outlives its caller.
            policy: How lost responses are looked up.
            journal: Where requests and servers are written down, if anywhere.
        """
        self.cleanup: Cleanup = Cleanup(
            background=background, remove=self.stop_urgently, kind="deployment", verb="stop", past="stopped"
        )
        self.tags: GuardTags = GuardTags()
        self.lookup: TagLookup = TagLookup(pipeline, policy)
        self._policy = policy
        self._pipeline = pipeline
        self._background = background
        self._journal = journal
        self._owned: dict[str, GuardTag] = {}
        self.announce_stop: Callable[[str], None] | None = None
        """Called with the id of a deployment that was stopped here, and that another client may be responsible for."""

    def open(self) -> None:
        """Become an owner of its own: of a client made before a fork, each process opens its copy."""
        self.tags = GuardTags()

    # creating

    async def create(self, creation: Creation[CreatedT]) -> CreatedT:
        """Create one server, or raise and leave none; if the caller is cancelled, it returns at once."""
        self._background.require_open()
        tag = self.tags.next()
        name = f"deployment of {creation.name}"
        task = self._background.start(self._create_once(creation, tag), name=f"create a {name}", id=str(tag))
        try:
            return await self._background.result_of(task)
        except asyncio.CancelledError:
            if creation.on_cancel == "stop":
                self.cleanup.remove_when_created(task, lambda created: created.request_id, name=name, id=str(tag))
            else:
                task.add_done_callback(lambda done: done.cancelled() or done.exception())  # retrieved, so not logged
            raise

    async def _create_once(self, creation: Creation[CreatedT], tag: GuardTag) -> CreatedT:
        """Create a server. Only the end of the event loop cancels this: callers shield it."""
        deadline = asyncio.get_running_loop().time() + creation.seconds
        await self._record_request(creation, tag)
        effects: list[CallEffect] = []
        try:
            return await self._request_until_created(creation, tag, deadline, effects)
        except asyncio.CancelledError:
            if all(effect.outcome is Outcome.NOT_SENT for effect in effects):
                self._background.record_unsent(str(tag))
            elif not self._background.has_given_up:
                await self._stop_at_once(tag, f"the create request of {creation.name}", is_guarded=creation.is_guarded)
            raise

    async def _stop_at_once(
        self, tag: GuardTag, interrupted: str, *, keep: str | None = None, is_guarded: bool = True
    ) -> None:
        """Stop what has a tag before the event loop ends, or report the tag by which to find it."""
        found = await self.lookup.search(tag, _LAST_SEARCH_SECONDS) if is_guarded else None
        for server in found or ():
            if server.request_id != keep:
                await self.cleanup.remove_at_once(server.request_id)
        if found is None or (keep is None and not found):
            self._background.report_failure(
                f"{interrupted} was interrupted: a server with the tag {tag} may still run", str(tag)
            )

    async def _request_until_created(
        self, creation: Creation[CreatedT], tag: GuardTag, deadline: float, effects: list[CallEffect]
    ) -> CreatedT:
        """Request a server until there is a response, or its server is found, or no attempt remains.

        Args:
            creation: The create request.
            tag: Its tag.
            deadline: The moment of the loop's clock at which to end.
            effects: What each request may have done is added.
        """
        loop = asyncio.get_running_loop()
        attempts = 0
        lost: list[LostRequest] = []
        while True:
            attempts += 1
            effects.append(CallEffect())
            try:
                created = await self._request(creation, tag, seconds_until(deadline), effects[-1])
                break
            except EdgegapError as error:
                if isinstance(error, Unprocessable) and error.request_id is not None:
                    creation.on_created(tag, error.request_id)
                if not may_have_been_created(error) or not creation.is_guarded:
                    await self._give_up(tag, error, lost, deadline)
                    raise
                lost.append(LostRequest(ended_at=loop.time(), absent_at=loop.time()))
                if found := await self.lookup.find(tag, lost[-1], deadline):
                    logger.info("%s: adopted the server found by the tag %s, after: %s", creation.name, tag, error)
                    created = creation.adopt(found[0])
                    lost.pop()
                    break
                if found is None or attempts >= self._policy.max_attempts or loop.time() >= deadline:
                    await self._give_up(tag, error, lost, deadline)
                    raise
        id = created.request_id
        creation.on_created(tag, id)
        self._record_created(tag, id)
        if lost:
            sweep = self._stop_duplicates(tag, lost, keep=id)
            self._background.spawn(sweep, name=f"look for duplicates of {id} by {tag}", id=str(tag))
        return created

    async def _request(
        self, creation: Creation[CreatedT], tag: GuardTag, seconds: float, effect: CallEffect
    ) -> CreatedT:
        body: dict[str, JSON] = {**creation.webhooks(tag), **creation.body}
        if creation.is_guarded:
            body["tags"] = [*cast("list[JSON]", creation.body.get("tags", [])), str(tag)]
        return await self._pipeline.call(
            creation.operation_id,
            creation.model,
            body=body,
            timeout=seconds,
            priority=Priority.URGENT,
            effect=effect,
        )

    async def _give_up(self, tag: GuardTag, error: EdgegapError, lost: Sequence[LostRequest], deadline: float) -> None:
        """Stop what a create request that failed may have started."""
        in_error = error.request_id if isinstance(error, Unprocessable) else None
        if in_error is not None:
            self._record_created(tag, in_error)  # its stop, if it succeeds, is recorded as well
            await self.cleanup.remove_after_error(error, in_error, seconds=seconds_until(deadline))
        elif not lost and not may_have_been_created(error):
            self._record(tag, "stopped")
        if lost:
            error.add_note(f"it may have started a server: one with the tag {tag} is looked for and stopped")
            sweep = self._stop_duplicates(tag, lost, keep=in_error)
            self._background.spawn(sweep, name=f"stop what has the tag {tag}", id=str(tag))

    async def _stop_duplicates(self, tag: GuardTag, lost: Sequence[LostRequest], *, keep: str | None = None) -> None:
        """Stop the servers that lost requests started, but one: as many as requests, or all that show up in time.

        If the list fails, the search goes on: closing the client ends it and reports it.
        """
        try:
            await self._watch_for_duplicates(tag, lost, keep)
        except asyncio.CancelledError:
            if self._background.has_given_up:
                raise
            await self._stop_at_once(tag, "the search for duplicates", keep=keep)

    async def _watch_for_duplicates(self, tag: GuardTag, lost: Sequence[LostRequest], keep: str | None) -> None:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + self._policy.watch_seconds + self.lookup.settle_seconds
        pause = FIRST_PAUSE
        stopped: set[str] = set()
        while len(stopped) < len(lost):
            searched_at, found = loop.time(), await self.lookup.search(tag, SEARCH_SECONDS)
            duplicates = [server.request_id for server in found or () if server.request_id not in {keep, *stopped}]
            if duplicates:
                self.lookup.record_lag(lost[0].lag(searched_at))
            else:
                lost[0].record_absence(searched_at, found)
            for request_id in duplicates:
                logger.warning("deployment %s was started by a request whose response was lost", request_id)
                await self.cleanup.remove_with_retries(request_id)
                stopped.add(request_id)
            if found is not None and searched_at >= ends_at:
                break
            await asyncio.sleep(pause)
            pause = min(2 * pause, max(ends_at - loop.time(), FIRST_PAUSE), LONGEST_PAUSE)
        if tag in self.lookup.list.nameless:
            message = f"the list has a row with the tag {tag} whose id cannot be decoded: its server may still run"
            self._background.report_failure(message, str(tag))
        if keep is None:
            self._record(tag, "stopped")

    # stopping

    async def stop(self, operation_id: str, request_id: str, **options: Unpack[CallOptions]) -> StopReceipt:
        """Stop a deployment; one that is stopped, stopping or unknown to the service is no error.

        Args:
            operation_id: The operation that stops it.
            request_id: The deployment's id.
            **options: What else the call takes.
        """
        try:
            response = await self._pipeline.call(operation_id, StopResponse, **options)
        except (Gone, NotFound, BadRequest) as error:
            # 404 is the document's word for an unknown id, this 400 the service's
            is_unknown_id = not isinstance(error, BadRequest) or "request id" in error.message.lower()
            if not error.from_service or not is_unknown_id:
                raise
            receipt = StopReceipt(request_id=request_id, message=error.message, already_gone=True)
        else:
            receipt = StopReceipt(
                request_id=request_id, message=response.message or "", deployment_summary=response.deployment_summary
            )
        self.record_stopped(request_id)
        return receipt

    async def stop_urgently(self, request_id: str) -> StopReceipt:
        """Stop a deployment, before calls of other kinds."""
        path = {"deployment_id": request_id}
        return await self.stop("deployment-delete", request_id, path=path, priority=Priority.URGENT)

    def stop_in_background(self, request_id: str) -> None:
        """Stop a deployment that is no longer needed, without waiting for it."""
        self._background.spawn(
            self.cleanup.remove_with_retries(request_id), name=f"stop deployment {request_id}", id=request_id
        )

    # the journal

    def record_stopped(self, request_id: str) -> None:
        """Write down that a deployment is stopped or stopping, or let the client know that is responsible for it."""
        if not self.record_stopped_elsewhere(request_id) and self._journal is not None and self.announce_stop:
            self.announce_stop(request_id)

    def record_stopped_elsewhere(self, request_id: str) -> bool:
        """Write down that a deployment is stopped, if this client is responsible for it; return whether it is."""
        if (tag := self._owned.pop(request_id, None)) is None:
            return False
        self._record(tag, "stopped", request_id)
        return True

    async def release(self, request_id: str) -> None:
        """Write down that this client is no longer responsible for a deployment."""
        if self._journal is None or (tag := self._owned.get(request_id)) is None:
            return
        seconds = self._pipeline.settings.timeout
        problem = (
            f"the journal could not record within {seconds:.3g} s that deployment {request_id} is released: the "
            "disk does not respond. It is recorded as soon as the disk does"
        )
        async with time_limit(seconds, problem):
            await self._journal.record(tag, "released")
        self._owned.pop(request_id, None)

    async def _record_request(self, creation: Creation[CreatedT], tag: GuardTag) -> None:
        """Write down that a server is about to be requested: what cannot be written down in time is not requested."""
        if self._journal is None:
            return
        problem = (
            f"{creation.operation_id}: nothing was sent, because the journal could not record the request within "
            f"{creation.seconds:.3g} s: the disk does not respond"
        )
        try:
            async with time_limit(creation.seconds, problem, operation=creation.operation_id):
                await self._journal.record(tag, "requested", name=creation.name)
        except DeadlineExceeded:
            self._record(tag, "stopped")
            raise

    def _record_created(self, tag: GuardTag, request_id: str) -> None:
        if self._journal is not None:
            self._owned[request_id] = tag
            self._record(tag, "created", request_id)

    def _record(self, tag: GuardTag, event: JournalEvent, request_id: str | None = None) -> None:
        """Write an event down in the background: closing the client waits for it, and raises what fails."""
        if self._journal is not None:
            written = self._journal.record(tag, event, request_id=request_id)
            id = request_id or str(tag)
            self._background.spawn(_wait_for(written), name=f"record in the journal that {id} is {event}", id=id)


async def _wait_for(written: asyncio.Future[None]) -> None:
    with suppress(asyncio.CancelledError):  # at the end of the event loop: it is written nevertheless
        await written
