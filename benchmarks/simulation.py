"""How many servers are leaked, doubled or lost when everything that can fail fails, in any order.

``python -m benchmarks.simulation --seeds 5000`` runs 5,000 scenarios of 200 deploys: client, local Edgegap and network
in one process, in virtual time. Everything random follows from the seed: faults of the service and the network,
cancellations, closings, pauses of the event loop, jumps of the clock, and the order of tasks that are ready together.
So ``--seed N`` runs a scenario again exactly as it was, and prints the shortest scenario that fails like it.
``--processes 3`` spreads the callers over three clients that share a coordination store, with faults of the store and
the processes.
``--planted`` plants five bugs in the client, one at a time, and prints the first seed that finds each.
``--seed N --bug NAME`` shows such a scenario.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Final

import attrs

from benchmarks.simulated.planted import BUGS
from benchmarks.simulated.run import Result, run
from benchmarks.simulated.scenario import Scenario, draw
from benchmarks.simulated.shrinking import shrink

DEPLOYS: Final = 200
"""Servers that the callers of one scenario ask for."""

_GUARANTEES: Final = ("leaked", "doubled", "lost", "requests were over a limit", "tasks were left")


@attrs.frozen
class Size:
    """How large each scenario is.

    Attributes:
        deploys: The servers that its callers ask for.
        processes: The processes that they are in.
    """

    deploys: int
    processes: int

    def draw(self, seed: int) -> Scenario:
        """Draw the scenario of a seed."""
        return draw(seed, self.deploys, self.processes)


def run_seed(job: tuple[int, Size]) -> Result:
    seed, size = job
    return run(size.draw(seed))


def simulate(seeds: range, size: Size, jobs: int) -> int:
    """Run seeds and print what they show; returns how many of them broke a guarantee.

    Args:
        seeds: The seeds.
        size: How large the scenarios are.
        jobs: How many seeds to run at a time.
    """
    began = time.perf_counter()
    counts: Counter[str] = Counter()
    broken: Counter[str] = Counter()
    failed = 0
    for result in _results(seeds, size, jobs):
        counts += result.counts
        if result.violations:
            failed += 1
            sys.stdout.write(f"seed {result.scenario.seed} ({result.digest}):\n")
            for violation in result.violations:
                broken[next((each for each in _GUARANTEES if each in violation), "other")] += 1
                sys.stdout.write(f"  {violation}\n")
            sys.stdout.flush()
    took = time.perf_counter() - began
    outcomes = ", ".join(f"{number:,} {what}" for what, number in counts.most_common())
    sys.stdout.write(
        f"{len(seeds):,} seeds, {took:.0f} s: {outcomes}\n"
        f"{', '.join(f'{broken[each]} {each}' for each in (*_GUARANTEES, 'other'))}; "
        f"{failed} seeds broke a guarantee\n"
    )
    return failed


def _results(seeds: range, size: Size, jobs: int) -> Iterator[Result]:
    work = [(seed, size) for seed in seeds]
    if jobs == 1:
        gc.freeze()
        yield from map(run_seed, work)
        return
    # what exists from the start is not looked at again by the garbage collection at the end of each seed
    with multiprocessing.get_context("spawn").Pool(jobs, initializer=gc.freeze) as pool:
        yield from pool.imap_unordered(run_seed, work, chunksize=max(min(len(work) // jobs // 4, 20), 1))


def repeat(seed: int, size: Size) -> int:
    """Run one seed twice, and print the shortest scenario that fails like it; returns whether it failed."""
    scenario = size.draw(seed)
    first, second = run(scenario), run(scenario)
    sys.stdout.write(f"seed {seed}: {first.digest}, again: {second.digest}\n")
    if not first.violations:
        sys.stdout.write("no guarantee was broken\n")
        return 0
    shortest = shrink(scenario)
    sys.stdout.write("\n".join([str(shortest), *run(shortest).violations, ""]))
    return 1


def plant(size: Size, most: int) -> int:
    """Plant each bug, and print the first seed that finds it; returns how many are not found."""
    missed = 0
    for name in BUGS:
        found = next((seed for seed in range(most) if _finds(seed, size, name)), None)
        missed += found is None
        sys.stdout.write(f"{name}: {f'not found by {most} seeds' if found is None else f'found by seed {found}'}\n")
        sys.stdout.flush()
    return missed


def _finds(seed: int, size: Size, bug: str) -> bool:
    """Whether a guarantee is broken with the bug, and none without it."""
    scenario = size.draw(seed)
    with BUGS[bug]():
        violations = run(scenario).violations
    return bool(violations) and not run(scenario).violations


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=50, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="run only this seed, twice, and shrink it if it fails")
    parser.add_argument("--deploys", type=int, default=DEPLOYS, help="servers to ask for with each seed")
    parser.add_argument("--processes", type=int, default=1, help="clients in each scenario, which share a store")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many seeds to run at a time")
    parser.add_argument("--bug", choices=[*BUGS], help="a bug to plant meanwhile")
    parser.add_argument("--planted", action="store_true", help="plant bugs, and print when each is found")
    options = parser.parse_args()
    size = Size(options.deploys, options.processes)
    if options.planted:
        return plant(size, options.seeds)
    with BUGS[options.bug]() if options.bug else nullcontext():
        if options.seed is not None:
            return repeat(options.seed, size)
        seeds = range(options.first, options.first + options.seeds)
        return min(simulate(seeds, size, 1 if options.bug else options.jobs), 1)


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":  # sets of strings have another order in each process
        program = [sys.executable, "-m", "benchmarks.simulation", *sys.argv[1:]]
        os.execve(sys.executable, program, {**os.environ, "PYTHONHASHSEED": "0"})
    sys.exit(main())
