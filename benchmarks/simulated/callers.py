"""The tasks that use the client, and the guarantees that each of them checks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import aclosing
from typing import Any, Final

import attrs

from benchmarks.simulated.event_loop import VirtualLoop
from benchmarks.simulated.ledger import Ledger
from benchmarks.simulated.scenario import Caller, CallerKind
from edgegap_async import EdgegapClient
from edgegap_async.errors import ClientStateError, EdgegapError
from edgegap_async.services.deployments.deploy_many import ServerRequest

_USERS: Final = ("203.0.113.7",)

_GRACE: Final = 1.5
"""Seconds by which a call may exceed its deadline, or a cancelled one may go on: a second for a stop."""


_PATIENCE: Final = 20.0
"""Seconds after which a caller that lists or watches gives up."""


class BlockFailed(Exception):
    """What a block raises."""


@attrs.define
class Simulated:
    """What a caller works with.

    Attributes:
        loop: The event loop.
        client: The client.
        ledger: Where it records what it owns.
        suspended: Seconds for which the process of the client stood still while others ran.
        is_ending: Whether all tasks of the process are being cancelled.
    """

    loop: VirtualLoop
    client: EdgegapClient
    ledger: Ledger
    suspended: float = 0.0
    is_ending: bool = False

    @property
    def paused(self) -> float:
        """Seconds for which the process stood still."""
        return self.loop.paused + self.suspended

    async def call(self, name: str, caller: Caller) -> None:
        """Do what a caller does, and check how it ends: in time, and with an error of the client, or cancelled."""
        work = asyncio.create_task(_KINDS[caller.kind](self, name, caller), name=name)
        work.add_done_callback(lambda done: done.cancelled() or done.exception())  # this task may be cancelled, too
        began, paused = self.loop.time(), self.paused
        last = began
        cancelled = False
        for seconds in caller.cancelled:
            await asyncio.wait({work}, timeout=began + seconds - self.loop.time())
            if work.done():
                break
            work.cancel()
            cancelled, last = True, self.loop.time()
        await asyncio.wait({work})
        self.ledger.trace.append(f"{self.loop.time():.3f}")
        took = self.loop.time() - last - (self.paused - paused)
        if cancelled:
            self.ledger.check(took <= _GRACE, f"{name} went on for {took:.3f} s after it was cancelled")
        if work.cancelled():
            self.ledger.check(cancelled or self.is_ending, f"{name} was cancelled by nobody")
            self.ledger.record(name, "cancelled")
        elif (error := work.exception()) is not None:
            if not isinstance(error, BlockFailed):
                self.ledger.record_error(name, error)
            else:
                self.ledger.reports += getattr(error, "__notes__", ())
                self.ledger.record(name, "block failed")
        else:
            self.ledger.record(name, "returned")

    async def _in_time(self, name: str, seconds: float, work: Awaitable[Any]) -> Any:
        began, paused = self.loop.time(), self.paused
        try:
            return await work
        finally:
            took = self.loop.time() - began - (self.paused - paused)
            self.ledger.check(took <= seconds + _GRACE, f"{name} took {took:.3f} s of {seconds} s")

    # the kinds

    async def deploy(self, name: str, caller: Caller) -> None:
        deployments = self.client.deployments
        server = await self._in_time(
            name,
            caller.timeout,
            deployments.deploy("kart", "v1", users=_USERS, timeout=caller.timeout, attempts=caller.attempts),
        )
        await self._use(name, caller, server.request_id, server.fqdn)

    async def create(self, name: str, caller: Caller) -> None:
        deployments = self.client.deployments
        request = await self._in_time(
            name, caller.timeout, deployments.create("kart", "v1", users=_USERS, timeout=caller.timeout)
        )
        self.ledger.take(name, request.request_id)
        fqdn = None
        try:
            ready = deployments.wait_until_ready(request, timeout=caller.timeout)
            fqdn = (await self._in_time(name, caller.timeout, ready)).fqdn
        finally:
            self.ledger.leave(request.request_id, keep=True)
            if fqdn is None:
                self.ledger.doubtful.add(request.request_id)  # the wait does not own it, nor does this caller any more
                self.ledger.kept.pop(request.request_id, None)
        self.ledger.kept.pop(request.request_id, None)
        await self._use(name, caller, request.request_id, fqdn)

    async def _use(self, name: str, caller: Caller, request_id: str, fqdn: str | None) -> None:
        """Use a server that this caller owns, until it stops it or is cancelled."""
        self.ledger.take(name, request_id)
        self.ledger.check(fqdn == self.ledger.local.history[request_id].fqdn, f"{name} received another's address")
        self.ledger.check(self.ledger.local.history[request_id].was_ready, f"{name} received a server before READY")
        try:
            await asyncio.sleep(caller.hold)
        except BaseException:
            self.ledger.leave(request_id, keep=True)
            raise
        if caller.ending == "keep":
            self.ledger.leave(request_id, keep=True)
            await self.client.deployments.release(request_id)
            return
        self.ledger.leave(request_id)
        self.ledger.doubtful.add(request_id)
        try:
            await self._in_time(name, caller.timeout, self.client.deployments.stop(request_id, timeout=caller.timeout))
        except EdgegapError as error:
            if isinstance(error, ClientStateError):
                self.ledger.doubtful.discard(request_id)
                self.ledger.kept[request_id] = name
            raise
        self.ledger.doubtful.discard(request_id)

    async def running(self, name: str, caller: Caller) -> None:
        request_id = None
        try:
            async with self.client.deployments.running(
                "kart", "v1", users=_USERS, timeout=caller.timeout, attempts=caller.attempts
            ) as server:
                request_id = server.request_id
                self.ledger.take(name, request_id)
                try:
                    await asyncio.sleep(caller.hold)
                    if caller.ending == "raise":
                        raise BlockFailed
                finally:
                    self.ledger.leave(request_id)
        finally:
            if request_id is not None:
                self.ledger.leave(request_id)

    async def many(self, name: str, caller: Caller) -> None:
        requests = [ServerRequest(application="kart", version="v1", users=_USERS) for _ in range(caller.count)]
        results = self.client.deployments.deploy_many(requests, timeout=caller.timeout, attempts=caller.attempts)
        breaks_after = caller.count // 2 if caller.ending == "raise" else caller.count
        taken = 0
        async with aclosing(results):
            async for result in results:
                if result.server is not None:
                    self.ledger.take(name, result.server.request_id)
                    self.ledger.leave(result.server.request_id, keep=True)
                    await self.client.deployments.release(result.server)
                elif result.error is not None:
                    self.ledger.reports += [str(result.error), *getattr(result.error, "__notes__", ())]
                taken += 1
                if taken == breaks_after:
                    break

    async def list(self, name: str, caller: Caller) -> None:
        began = self.loop.time()
        lag = 2.5
        running = {each.request_id for each in self.ledger.local.deployments if each.created_at < began - lag}
        rows = self.client.deployments.list(page_size=20, timeout=caller.timeout)
        try:
            async with asyncio.timeout(_PATIENCE):
                seen = [row.request_id async for row in rows]
        except TimeoutError as error:
            if isinstance(error, EdgegapError):
                raise
            return  # the rate limit of lists is shared with searches for lost servers
        running &= {each.request_id for each in self.ledger.local.deployments}
        self.ledger.check(len(seen) == len(set(seen)), f"{name} was given a row twice")
        self.ledger.check(running <= set(seen), f"{name} missed {sorted(running - set(seen))}")

    async def watch(self, name: str, caller: Caller) -> None:
        ids = [each.request_id for each in self.ledger.local.deployments][:20]
        if not ids:
            return
        states: dict[str, str] = {}
        try:
            async with asyncio.timeout(_PATIENCE), aclosing(self.client.deployments.watch(ids)) as changes:
                async for change in changes:
                    self.ledger.check(states.get(change.id) != change.new, f"{name} was given {change} twice")
                    states[change.id] = change.new
        except TimeoutError:
            pass

    async def outage(self, name: str, caller: Caller) -> None:
        oldest = next(iter(self.ledger.local.deployments), None)
        if oldest is not None:
            self.ledger.ended_by_service.add(oldest.request_id)
            oldest.stop()


_KINDS: Final[Mapping[CallerKind, Callable[[Simulated, str, Caller], Coroutine[Any, Any, None]]]] = {
    "deploy": Simulated.deploy,
    "create": Simulated.create,
    "running": Simulated.running,
    "many": Simulated.many,
    "list": Simulated.list,
    "watch": Simulated.watch,
    "outage": Simulated.outage,
}
