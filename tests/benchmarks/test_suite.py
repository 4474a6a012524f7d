"""Every workload runs: a quick run of the whole suite, whose figures mean nothing, has all of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measuring import LOOPS, loop_factory
from benchmarks.peers import PEERS
from benchmarks.results import OURS
from benchmarks.suite import WORKLOADS
from benchmarks.workloads.command_line import PROGRAMS
from benchmarks.workloads.imports import IMPORTS
from benchmarks.workloads.readiness import WAYS

ROOT = Path(__file__).parents[2]

OF_PEERS = ["status", "concurrent-status", "rows", "memory", "slow-pages", "limited-pages"]
SUBJECTS = {
    **{name: [peer.name for peer in PEERS] for name in OF_PEERS},
    "decoding": ["orjson.loads", *(peer.name for peer in PEERS if not peer.name.endswith("+ orjson"))],
    "imports": [*IMPORTS],
    "command-line": [*PROGRAMS],
    "acquire": ["TokenBucket", "aiolimiter"],
    "limiter-waiters": ["asyncio.sleep", "TokenBucket", "aiolimiter"],
    "readiness": [way.name for way in WAYS],
    "saturation": ["counted as sliding"],
    "idle-waits": [OURS],
}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The results of a quick run, by workload."""
    file = tmp_path_factory.mktemp("benchmarks") / "results.json"
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "--quick", "--json", str(file)]
    ended = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    document = json.loads(file.read_text())
    assert document["quick"] is True
    return {each["name"]: each for each in document["workloads"]}


def test_all_workloads_run(results: dict[str, Any]) -> None:
    assert [*results] == [*WORKLOADS]
    assert results.keys() == SUBJECTS.keys()


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_subject_is_measured_or_said_to_be_missing(name: str, results: dict[str, Any]) -> None:
    figures = [each for each in results[name]["figures"] if each["loop"] == "asyncio"]
    assert {each["subject"] for each in figures} == {*SUBJECTS[name]}
    missing = {peer.name: peer.missing for peer in PEERS if peer.missing}
    for figure in figures:
        if figure["samples"]:
            first, third = figure["quartiles"]
            assert min(figure["samples"]) <= first <= figure["median"] <= third <= max(figure["samples"])
            assert figure["subject"] not in missing
        else:
            assert figure["missing"] in {missing.get(figure["subject"]), "has no rate limits"} or (
                figure["subject"] not in {peer.name for peer in PEERS}
                and figure["missing"].startswith("not installed (")
            )


@pytest.mark.parametrize("name", WORKLOADS)
def test_every_goal_is_compared_with_a_figure(name: str, results: dict[str, Any]) -> None:
    goals = WORKLOADS[name].goals
    verdicts = results[name]["goals"]
    assert len(verdicts) == len(goals) * len(WORKLOADS[name].loops)
    missing = {peer.name for peer in PEERS if peer.missing}
    for verdict in verdicts:
        absent = any(f"relative to {peer}:" in verdict["goal"] for peer in missing)
        if absent or loop_factory(verdict["loop"]) is None:
            assert verdict["outcome"] == "not measured"
        else:
            assert verdict["outcome"] == ("met" if verdict["median"] <= verdict["at_most"] else "missed")


@pytest.mark.parametrize("name", ["status", "concurrent-status", "rows"])
def test_the_clients_are_measured_on_both_event_loops(name: str, results: dict[str, Any]) -> None:
    assert {each["loop"] for each in results[name]["figures"]} == {*LOOPS}


def test_the_waiters_of_the_limiter_are_woken_once_and_in_order(results: dict[str, Any]) -> None:
    medians = {
        each["quantity"]: each["median"]
        for each in results["limiter-waiters"]["figures"]
        if each["subject"] == "TokenBucket"
    }
    assert (medians["wake-ups at most"], medians["order violations"]) == (1.0, 0.0)
