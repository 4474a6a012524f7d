"""Runs the demo with its command-line options: on a local Edgegap or, once that is confirmed, on the real service."""

from __future__ import annotations

import asyncio
from typing import Final

import attrs

from edgegap_async import EdgegapClient
from edgegap_async.cli.demo.json_reporter import JSONReporter
from edgegap_async.cli.demo.live_reporter import LiveReporter
from edgegap_async.cli.demo.matches import generate_matches
from edgegap_async.cli.demo.plain_reporter import PlainReporter
from edgegap_async.cli.demo.reporter import Reporter
from edgegap_async.cli.demo.runner import DemoPlan, DemoRunner
from edgegap_async.cli.demo.summary import DemoSummary
from edgegap_async.cli.exit_codes import ExitCode, UsageError
from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.cli.output import confirm, format_count, print_error, standard_output
from edgegap_async.config import Settings
from edgegap_async.simulator import LocalEdgegap

_APPLICATION: Final = "kart"
_VERSION: Final = "v1.2"
_TIME_TO_READY: Final = (2.0, 6.0)


@attrs.frozen(kw_only=True)
class DemoOptions:
    """The options of ``edgegap-async demo``; None means that the option was not passed.

    Attributes:
        seed: The seed of everything random.
        matches: How many matches need a server.
        timeout: Seconds that a server may take to become ready.
        json: Whether to print one JSON document.
        live: Whether to use the real service.
        yes: Whether to start servers on the real service without asking.
        application: The application to deploy.
        version: Its version.
        time_to_ready: The shortest and the longest time until a server of the local Edgegap is ready, in seconds.
    """

    seed: int
    matches: int
    timeout: float
    json: bool
    live: bool
    yes: bool
    application: str | None
    version: str | None
    time_to_ready: tuple[float, float] | None

    @property
    def plan(self) -> DemoPlan:
        """What to deploy."""
        return DemoPlan(
            application=self.application or _APPLICATION,
            version=self.version or _VERSION,
            # only the local Edgegap has a location for addresses of the documentation ranges
            matches=generate_matches(self.matches, self.seed, by_address=not self.live),
            timeout=self.timeout,
        )


def run_demo(options: DemoOptions) -> ExitCode:
    """Run the demo and print what it does.

    Raises:
        UsageError: If the options contradict each other or lack something; nothing was started.
        EdgegapError: If the client cannot be created or opened.
    """
    if not options.live:
        return asyncio.run(_run_locally(options))
    if not options.application or not options.version:
        raise UsageError("--live needs --application and --version, which say what to deploy")
    if options.time_to_ready is not None:
        raise UsageError("--time-to-ready is for the local Edgegap and cannot be used with --live")
    settings = Settings.read(None, None, options.timeout)
    question = (
        f"This starts {format_count(options.matches, 'server')} of {options.application} {options.version} on "
        f"{settings.base_url}; they are billed until stopped. Go on?"
    )
    if not options.yes and not confirm(question, "--live starts servers that are billed"):
        print_error("nothing was started")
        return ExitCode.FAILED
    return asyncio.run(_run_live(options, settings.base_url))


async def _run_locally(options: DemoOptions) -> ExitCode:
    reporter = _make_reporter(options)
    local = LocalEdgegap(seed=options.seed, time_to_ready=options.time_to_ready or _TIME_TO_READY)
    try:
        with Interrupts(reporter.still_stopping) as interrupts:
            async with local:
                runner = DemoRunner(options.plan, reporter, interrupts)
                summary = await runner.run(local.client(on_event=runner.count_stop), f"local Edgegap, {local.url}")
                # the local Edgegap knows for certain what still runs
                running = tuple(deployment.request_id for deployment in local.deployments)
            return _finish(attrs.evolve(summary, may_still_run=running), reporter)
    finally:
        reporter.close()


async def _run_live(options: DemoOptions, base_url: str) -> ExitCode:
    reporter = _make_reporter(options)
    try:
        with Interrupts(reporter.still_stopping) as interrupts:
            runner = DemoRunner(options.plan, reporter, interrupts)
            summary = await runner.run(EdgegapClient(on_event=runner.count_stop), base_url)
            return _finish(summary, reporter)
    finally:
        reporter.close()


def _make_reporter(options: DemoOptions) -> Reporter:
    output = standard_output()
    if options.json:
        return JSONReporter(output)
    return LiveReporter(output) if output.isatty() else PlainReporter(output)


def _finish(summary: DemoSummary, reporter: Reporter) -> ExitCode:
    reporter.finished(summary)
    for problem in summary.problems:
        print_error(f"edgegap-async: {problem}")
    if summary.interrupted:
        print_error(f"interrupted: {summary.outcome}")
        return ExitCode.INTERRUPTED
    return ExitCode.OK if summary.succeeded else ExitCode.FAILED
