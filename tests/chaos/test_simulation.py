"""The deterministic simulation: it breaks no guarantee, runs again identically, and finds the bugs planted in it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

BUGS = [
    "adopt a stranger's row",
    "forget the search for duplicates",
    "drop a cancellation",
    "skip a stop on 503",
    "close in the wrong order",
]


def simulate(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.simulation", "--jobs", "1", *options],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )


def test_fifty_seeds_break_no_guarantee() -> None:
    result = simulate("--seeds", "50", "--deploys", "20")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "1,000 deploys" in result.stdout
    assert "0 leaked, 0 doubled, 0 lost, 0 requests were over a limit, 0 tasks were left, 0 other" in result.stdout


def test_ten_seeds_of_several_processes_break_no_guarantee() -> None:
    result = simulate("--seeds", "10", "--deploys", "20", "--processes", "3")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "200 deploys" in result.stdout
    assert "0 leaked, 0 doubled, 0 lost, 0 requests were over a limit, 0 tasks were left, 0 other" in result.stdout


def test_every_planted_bug_is_found() -> None:
    result = simulate("--planted", "--seeds", "60", "--deploys", "30")
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.findall(r"^(.*): found by seed \d+$", result.stdout, re.MULTILINE) == BUGS


def test_a_seed_that_fails_runs_again_identically_and_is_shrunk_to_a_short_scenario() -> None:
    result = simulate("--seed", "1", "--deploys", "10", "--bug", "drop a cancellation")
    assert result.returncode == 1, result.stdout + result.stderr
    digest, *scenario = result.stdout.splitlines()
    first, second = re.findall(r"\b[0-9a-f]{16}\b", digest)
    assert first == second
    assert scenario[0].count("Caller(") <= 3
    assert scenario[-1].startswith("leaked")
