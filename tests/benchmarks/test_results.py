"""Figures are summed up as medians and quartiles, and compared with their goals."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as command
from benchmarks import suite
from benchmarks.measuring import CPU, Pairs, cpu_figures, paired
from benchmarks.peers import PeerInfo
from benchmarks.results import OURS, Figure, Goal, Result, not_measured, quantile
from benchmarks.tables import section, table
from benchmarks.workloads.base import Scale, Workload, absent, row_check


def figure(*samples: float, subject: str = OURS, **options: Any) -> Figure:
    return Figure(subject=subject, quantity="CPU", unit="x", samples=samples, **options)


def outcomes(goal: Goal, *figures: Figure) -> list[tuple[str, str]]:
    return [(verdict.loop, verdict.outcome) for verdict in goal.check(figures)]


@pytest.mark.parametrize(("share", "value"), [(0.0, 1.0), (0.25, 2.0), (0.5, 3.0), (0.75, 4.0), (0.9, 4.6), (1.0, 5.0)])
def test_quantiles_are_interpolated(share: float, value: float) -> None:
    assert quantile([5.0, 1.0, 4.0, 2.0, 3.0], share) == pytest.approx(value)


def test_nothing_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_a_figure_has_the_median_and_the_quartiles_of_its_rounds() -> None:
    document = figure(1.4, 1.0, 9.0, 1.2, 1.1).to_json()
    assert (document["median"], document["quartiles"], document["samples"]) == (
        1.2,
        [1.1, 1.4],
        [1.4, 1.0, 9.0, 1.2, 1.1],
    )


def test_a_goal_is_met_up_to_its_value_and_missed_above_it() -> None:
    goal = Goal(quantity="CPU", at_most=1.1)
    assert outcomes(goal, figure(1.0, 1.1, 9.0)) == [("asyncio", "met")]
    assert outcomes(goal, figure(1.0, 1.11, 9.0)) == [("asyncio", "missed")]


def test_a_goal_is_checked_on_each_event_loop() -> None:
    goal = Goal(quantity="CPU", at_most=1.1)
    assert outcomes(goal, figure(1.0), figure(1.2, loop="uvloop")) == [("asyncio", "met"), ("uvloop", "missed")]


def test_a_goal_is_about_its_own_subject_and_quantity() -> None:
    goal = Goal(quantity="CPU", at_most=1.1)
    other = Figure(subject=OURS, quantity="time", unit="s", samples=(9.0,))
    assert outcomes(goal, figure(9.0, subject="other"), other, figure(1.0)) == [("asyncio", "met")]


def test_a_goal_relative_to_a_peer_compares_round_by_round() -> None:
    goal = Goal(quantity="CPU", at_most=0.75, relative_to="peer")
    peer = figure(2.0, 4.0, 8.0, subject="peer")
    assert outcomes(goal, figure(1.4, 3.0, 6.4), peer) == [("asyncio", "met")]  # 0.7, 0.75, 0.8
    assert outcomes(goal, figure(1.4, 3.1, 6.4), peer) == [("asyncio", "missed")]


def test_a_goal_that_lacks_a_subject_is_not_measured_rather_than_met() -> None:
    goal = Goal(quantity="CPU", at_most=1.1, relative_to="peer")
    assert outcomes(goal, figure(0.1)) == [("asyncio", "not measured")]
    assert outcomes(goal, figure(0.1), *not_measured("peer", [("CPU", "x")], "asyncio", "absent")) == [
        ("asyncio", "not measured")
    ]
    assert outcomes(goal) == [("", "not measured")]


def test_a_peer_that_is_not_installed_is_shown_as_such() -> None:
    peer = PeerInfo(name="peer", module="none", about="", needs=("attrs", "no_such_module"))
    (missing,) = absent([("CPU", "x")], "asyncio", [peer])
    result = Result(name="work", title="", about="", figures=(figure(1.5), missing), goals=())
    assert "| peer          | not installed (no_such_module) |" in table(result).splitlines()
    assert missing.to_json()["missing"] == "not installed (no_such_module)"


def test_a_section_has_the_medians_the_spread_and_the_verdicts() -> None:
    goal = Goal(quantity="CPU", at_most=1.1)
    result = Result(name="work", title="", about="Some work.", figures=(figure(1.2, 1.3, 1.4),), goals=(goal,))
    assert section(result).splitlines() == [
        "Some work.",
        "",
        "|               | CPU                   |",
        "|---------------|-----------------------|",
        "| edgegap_async | 1.30 x (1.25 to 1.35) |",
        "",
        "- CPU: at most 1.1: missed, measured 1.30",
    ]


def test_pairs_are_compared_with_the_floor_next_to_them() -> None:
    times = iter([0.0, 9.0, 9.0, 99.0, 100.0, 104.0, 104.0, 106.0])  # a round of warm-up, then 4 s and 2 s

    async def work() -> None:
        pass

    pairs = asyncio.run(paired({"floor": work, "ours": work}, floor="floor", rounds=1, clock=lambda: next(times)))
    assert pairs["ours"] == Pairs(subject=(4.0,), floor=(2.0,))
    ratio, microseconds = cpu_figures({"ours": pairs["ours"]}, 2, "asyncio")
    assert (ratio.samples, microseconds.samples) == ((2.0,), (2e6,))


def test_the_result_of_each_round_is_checked() -> None:
    async def rows() -> list[str]:
        return ["000000000000"]

    works = {"floor": rows, "ours": rows}
    asyncio.run(paired(works, floor="floor", rounds=1, clock=CPU, check=row_check(1)))
    with pytest.raises(AssertionError, match="1 rows instead of 2"):
        asyncio.run(paired(works, floor="floor", rounds=1, clock=CPU, check=row_check(2)))


def test_rows_that_are_missing_doubled_or_out_of_order_are_wrong() -> None:
    row_check(2)(["000000000000", "000000000001"])
    for wrong in (["000000000000"], ["000000000001", "000000000000"], ["000000000000"] * 2):
        with pytest.raises(AssertionError, match="instead of 2"):
            row_check(2)(wrong)


# the command


@pytest.fixture
def one_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replaces all workloads by one that measures 1.2 in full and 1.0 quickly, with a goal of 1.1."""

    async def measure(scale: Scale, loop: str) -> list[Figure]:
        return [figure(scale.choose(1.2, 1.0), loop=loop)]

    workload = Workload(
        name="work", title="Work", about="Some work.", measure=measure, goals=(Goal(quantity="CPU", at_most=1.1),)
    )
    monkeypatch.setattr(command, "WORKLOADS", {"work": workload})


@pytest.mark.usefixtures("one_workload")
@pytest.mark.parametrize(
    ("arguments", "code"), [(["work"], 0), (["work", "--check"], 1), (["--check"], 1), (["--quick", "--check"], 0)]
)
def test_a_missed_goal_is_reported_and_fails_with_check(
    arguments: list[str], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(arguments) == code
    missed = "missed: work: CPU: at most 1.1 (asyncio)" in capsys.readouterr().out.splitlines()
    assert missed is ("--quick" not in arguments)


@pytest.mark.usefixtures("one_workload")
def test_the_results_are_written_as_json(tmp_path: Path) -> None:
    assert command.main(["--json", str(tmp_path / "results.json")]) == 0
    document = json.loads((tmp_path / "results.json").read_text())
    (workload,) = document["workloads"]
    assert (workload["name"], workload["figures"][0]["median"], workload["goals"][0]["outcome"]) == (
        "work",
        1.2,
        "missed",
    )
    assert document["machine"]["packages"]["aiohttp"]


@pytest.mark.usefixtures("one_workload")
def test_the_results_of_an_earlier_run_are_taken_from_its_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    assert command.main(["--json", str(first)]) == 0
    capsys.readouterr()
    monkeypatch.setattr(suite, "WORKLOADS", command.WORKLOADS)
    monkeypatch.setattr(command, "measure", None)
    assert command.main(["--from", str(first), "--json", str(second), "--check"]) == 1
    assert "| edgegap_async | 1.20 x |" in capsys.readouterr().out
    assert second.read_text() == first.read_text()


@pytest.mark.usefixtures("one_workload")
@pytest.mark.parametrize("arguments", [["other"], ["--docs", "--quick"], ["--docs", "work"], ["--from", "x", "work"]])
def test_arguments_that_make_no_sense_are_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(arguments)
    assert refused.value.code == 2
