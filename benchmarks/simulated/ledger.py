"""What the callers of a simulation know of their servers, and which guarantees were broken."""

from __future__ import annotations

import hashlib
import traceback
from collections import Counter

import attrs

from edgegap_async.errors import EdgegapError
from edgegap_async.ownership.tag import GuardTag
from edgegap_async.simulator import LocalEdgegap


@attrs.define
class Ledger:
    """The servers that callers own, by id, and what went wrong.

    Attributes:
        local: The service.
        used: The servers that a caller uses now: they must run, unless the client is being closed.
        kept: The servers that callers keep at the end.
        doubtful: The servers of which a caller cannot know whether its stop was carried out.
        ended_by_service: The servers that the service ended itself.
        reports: What the client said of servers that may still run: errors, their notes, log records.
        outcomes: How the callers ended.
        violations: The guarantees that were broken, in words.
        closing: The callers of clients that are being closed.
        dead_owners: The owners, as the tags of servers name them, of clients whose processes ended without closing.
        is_over: Whether what happens is not checked any more.
    """

    local: LocalEdgegap
    used: dict[str, str] = attrs.field(factory=dict[str, str])
    kept: dict[str, str] = attrs.field(factory=dict[str, str])
    doubtful: set[str] = attrs.field(factory=set[str])
    ended_by_service: set[str] = attrs.field(factory=set[str])
    reports: list[str] = attrs.field(factory=list[str])
    outcomes: Counter[str] = attrs.field(factory=Counter[str])
    violations: list[str] = attrs.field(factory=list[str])
    closing: set[str] = attrs.field(factory=set[str])
    dead_owners: set[str] = attrs.field(factory=set[str])
    is_over: bool = False
    trace: list[str] = attrs.field(factory=list[str])

    def check(self, holds: bool, what: str) -> None:
        """Record that a guarantee is broken, unless it holds."""
        if not holds and not self.is_over:
            self.violations.append(what)

    def record(self, caller: str, outcome: str) -> None:
        """Take how a caller ended."""
        self.outcomes[outcome.partition(":")[0]] += 1
        self.trace.append(f"{caller}: {outcome}")

    def record_error(self, caller: str, error: BaseException) -> None:
        """Take the error of a caller, which must be one of the client's."""
        lines = [str(error), *getattr(error, "__notes__", ())]
        if isinstance(error, BaseExceptionGroup):
            lines += [str(each) for each in error.exceptions]
        self.reports += lines
        if not isinstance(error, EdgegapError):
            self.check(False, f"{caller} raised an error outside of the tree: {_shown(error)}")
        self.record(caller, f"{type(error).__name__}: {error}")

    def take(self, caller: str, request_id: str) -> None:
        """A caller received a server, which it now uses."""
        running = request_id in self.local.deployments or request_id in self.ended_by_service
        self.check(running, f"{caller} received the server {request_id}, which does not run")
        others = [other for id, other in (*self.used.items(), *self.kept.items()) if id == request_id]
        self.check(not others, f"{caller} received the server {request_id} of {' and '.join(others)}")
        self.used[request_id] = caller

    def leave(self, request_id: str, *, keep: bool = False) -> None:
        """A caller no longer uses a server."""
        caller = self.used.pop(request_id, None)
        if keep and caller is not None:
            self.kept[request_id] = caller

    def check_running(self) -> None:
        """Check what must hold at any moment: what callers use and keep, runs, each by a creation of its own."""
        running = {each.request_id: each for each in self.local.deployments}
        tags: dict[str, str] = {}
        used = [(id, caller) for id, caller in self.used.items() if caller not in self.closing]
        for request_id, caller in (*used, *self.kept.items()):
            if request_id in self.ended_by_service:
                continue
            if request_id not in running:
                self.check(False, f"lost: the server {request_id} of {caller} was stopped")
                self.ended_by_service.add(request_id)
                continue
            for tag in running[request_id].tags:
                if GuardTag.parse(tag):
                    self.check(tag not in tags, f"doubled: {request_id} and {tags.get(tag)} have the tag {tag}")
                    tags[tag] = request_id

    def check_ended(self, *, may_report: bool) -> None:
        """Check what must hold once the client is closed: only what callers keep still runs.

        Args:
            may_report: Whether the client had a reason to report what it could not stop, instead of stopping it.
        """
        said = "\n".join(self.reports)
        for deployment in self.local.deployments:
            request_id = deployment.request_id
            if request_id in self.kept or request_id in self.doubtful:
                continue
            tag = next((each for each in deployment.tags if GuardTag.parse(each)), request_id)
            if (parsed := GuardTag.parse(tag)) is not None and parsed.owner in self.dead_owners:
                self.outcomes["orphaned by a process that died"] += 1
                continue
            reported = request_id in said or tag in said
            self.check(reported, f"leaked: nothing was said of the server {request_id} ({tag}), which runs")
            self.check(may_report or not reported, f"leaked: the server {request_id} ({tag}) was only reported")
            self.outcomes["reported"] += reported

    def digest(self) -> str:
        """What identifies a course of events: two runs of one seed have the same."""
        events = [f"{each.at:.9f} {each.method} {each.path} {each.query} {each.status}" for each in self.local.requests]
        return hashlib.sha256("\n".join([*events, *self.trace]).encode()).hexdigest()[:16]


def _shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error, limit=-3)).strip()
