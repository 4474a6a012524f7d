"""Where the demo plays: on a local Edgegap, or on the service itself once somebody has agreed to that."""

from __future__ import annotations

import asyncio
from typing import Final

import attrs

from edgegap_async.cli.demo import Demo, Plan
from edgegap_async.cli.display import LiveReporter
from edgegap_async.cli.exits import FAILED, INTERRUPTED, OK, UsageError
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.cli.matches import matches
from edgegap_async.cli.output import agreed, counted, standard_output, tell
from edgegap_async.cli.progress import Reporter, Summary
from edgegap_async.cli.reporters import JSONReporter, PlainReporter
from edgegap_async.client import EdgegapClient
from edgegap_async.config import Settings
from edgegap_async.simulator import LocalEdgegap

_APPLICATION: Final = "kart"
_VERSION: Final = "v1.2"
_TIME_TO_READY: Final = (2.0, 6.0)


@attrs.frozen(kw_only=True)
class DemoOptions:
    """What the command line asks of the demo; what it leaves out is None."""

    seed: int
    count: int
    timeout: float
    json: bool
    live: bool
    yes: bool
    application: str | None
    version: str | None
    time_to_ready: tuple[float, float] | None

    @property
    def plan(self) -> Plan:
        """What is to be deployed."""
        return Plan(
            application=self.application or _APPLICATION,
            version=self.version or _VERSION,
            matches=matches(self.count, self.seed, by_address=not self.live),
            timeout=self.timeout,
        )


def demo(options: DemoOptions) -> int:
    """Play it; returns the exit code. Raises UsageError before anything is done, and EdgegapError."""
    if not options.live:
        return asyncio.run(_play_locally(options))
    if not options.application or not options.version:
        raise UsageError("--live needs --application and --version: what is to be deployed")
    if options.time_to_ready is not None:
        raise UsageError("--time-to-ready is for the local Edgegap: --live takes what it takes")
    settings = Settings.read(None, None, options.timeout)
    question = (
        f"This starts {counted(options.count, 'server')} of {options.application} {options.version} on "
        f"{settings.base_url}; they are billed until stopped. Go on?"
    )
    if not options.yes and not agreed(question, "--live starts servers that are billed"):
        tell("nothing was started")
        return FAILED
    return asyncio.run(_play_live(options, settings.base_url))


async def _play_locally(options: DemoOptions) -> int:
    reporter = _reporter(options)
    local = LocalEdgegap(seed=options.seed, time_to_ready=options.time_to_ready or _TIME_TO_READY)
    try:
        with Interrupts(reporter.patience) as interrupts:
            async with local:
                async with local.client() as edgegap:
                    summary = await Demo(edgegap, options.plan, reporter, interrupts).run(f"local Edgegap, {local.url}")
                # it cannot be deceived about what it runs
                left = tuple(deployment.request_id for deployment in local.deployments)
            return _end(attrs.evolve(summary, left=left), reporter)
    finally:
        reporter.close()


async def _play_live(options: DemoOptions, base_url: str) -> int:
    reporter = _reporter(options)
    try:
        with Interrupts(reporter.patience) as interrupts:
            async with EdgegapClient() as edgegap:
                summary = await Demo(edgegap, options.plan, reporter, interrupts).run(base_url)
            return _end(summary, reporter)
    finally:
        reporter.close()


def _reporter(options: DemoOptions) -> Reporter:
    sink = standard_output()
    if options.json:
        return JSONReporter(sink)
    return LiveReporter(sink) if sink.isatty() else PlainReporter(sink)


def _end(summary: Summary, reporter: Reporter) -> int:
    reporter.ended(summary)
    for complaint in summary.complaints:
        tell(f"edgegap-async: {complaint}")
    if summary.interrupted:
        tell(f"interrupted: {summary.outcome}")
        return INTERRUPTED
    return OK if summary.succeeded else FAILED
