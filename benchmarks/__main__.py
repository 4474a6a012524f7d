"""The command line of the suite: ``python -m benchmarks [NAME ...]``."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import documentation, machine, picture
from benchmarks.results import Result
from benchmarks.suite import WORKLOADS, results_of
from benchmarks.tables import section
from benchmarks.workloads.base import Scale

_DOCS = machine.ROOT / "docs"


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the client beside others.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure: {', '.join(WORKLOADS)}")
    parser.add_argument("--quick", action="store_true", help="only show that everything runs: the figures mean nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the CPU ratios (SVG or PNG, by matplotlib)")
    parser.add_argument("--docs", action="store_true", help="write tables, JSON and pictures into docs/")
    parser.add_argument("--check", action="store_true", help="end with 1 if a goal is missed")
    parser.add_argument(
        "--from", dest="earlier", type=Path, metavar="FILE", help="measure nothing: take the JSON of an earlier run"
    )
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in WORKLOADS]
    if unknown:
        parser.error(f"no workload {', '.join(unknown)}: there are {', '.join(WORKLOADS)}")
    if options.docs and (options.quick or options.names):
        parser.error("--docs needs all workloads in full: leave out --quick and the names")
    if options.earlier and (options.quick or options.names):
        parser.error("--from takes all of an earlier run: leave out --quick and the names")
    return options


def measure(names: Sequence[str], scale: Scale) -> dict[str, Result]:
    """Run workloads, and print each as it ends."""
    results: dict[str, Result] = {}
    with machine.on_client_core():
        for name in names:
            began = time.perf_counter()
            results[name] = WORKLOADS[name].run(scale)
            title = f"## {results[name].title} ({name}, {time.perf_counter() - began:.0f} s)"
            sys.stdout.write(f"{title}\n\n{section(results[name])}\n\n")
            sys.stdout.flush()
    return results


def report(results: dict[str, Result]) -> int:
    """Print how many goals are met and which are missed; returns how many are missed."""
    outcomes = [(name, verdict) for name, result in results.items() for verdict in result.verdicts]
    missed = [f"{name}: {verdict.goal} ({verdict.loop})" for name, verdict in outcomes if verdict.outcome == "missed"]
    unmeasured = sum(verdict.outcome == "not measured" for _, verdict in outcomes)
    met = len(outcomes) - len(missed) - unmeasured
    sys.stdout.write(f"goals: {met} met, {len(missed)} missed, {unmeasured} not measured\n")
    sys.stdout.writelines(f"missed: {each}\n" for each in missed)
    return len(missed)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse(arguments)
    document: dict[str, Any] = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": machine.describe(),
    }
    if options.earlier:
        document = json.loads(options.earlier.read_text())
        results = results_of(document)
        sys.stdout.writelines(f"## {each.title}\n\n{section(each)}\n\n" for each in results.values())
    else:
        results = measure(options.names or [*WORKLOADS], Scale(quick=options.quick))
    document["workloads"] = [result.to_json() for result in results.values()]
    if options.json:
        options.json.write_text(documentation.json_text(document))
    if options.picture:
        picture.draw_ratios(results, options.picture)
    if options.docs:
        written = documentation.write(document, results, _DOCS)
        picture.draw_ratios(results, _DOCS / "benchmarks.svg")
        picture.draw_delays(results["readiness"], _DOCS / "readiness.svg")
        sys.stdout.write(f"written: {', '.join(str(path.relative_to(machine.ROOT)) for path in written)}\n")
    missed = report(results)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
