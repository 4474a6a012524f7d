"""The pages have the results of one full run, which is beside them as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.documentation import MACHINE, machine_text, marked, with_results, write
from benchmarks.suite import WORKLOADS, results_of
from benchmarks.tables import section

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [path for path in sorted(DOCS.rglob("*.md")) if marked(path.read_text())]
DOCUMENT = json.loads((DOCS / "benchmarks.json").read_text())


RESULTS = results_of(DOCUMENT)


def test_every_workload_is_on_one_page() -> None:
    names = [name for page in PAGES for name in marked(page.read_text())]
    assert sorted(names) == sorted([*WORKLOADS, MACHINE])


def test_the_run_was_a_full_one() -> None:
    assert DOCUMENT["quick"] is False
    assert [each["name"] for each in DOCUMENT["workloads"]] == [*WORKLOADS]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_page_shows_the_figures_of_the_run(name: str) -> None:
    (page,) = (text for path in PAGES if name in marked(text := path.read_text()))
    assert f"-->\n\n{section(RESULTS[name])}\n\n<!--" in page


def test_a_page_names_the_machine_of_the_run() -> None:
    assert any(machine_text(DOCUMENT) in page.read_text() for page in PAGES)


def test_only_what_is_between_the_marks_is_replaced() -> None:
    page = "before\n<!-- benchmark: one -->\nold\n<!-- end of benchmark -->\nbetween\n"
    page += "<!-- benchmark: two -->\nkept\n<!-- end of benchmark -->\nafter\n"
    assert with_results(page, {"one": r"new \1"}) == page.replace("old\n", "\nnew \\1\n\n")


def test_the_results_are_written_into_the_pages_that_mark_them(tmp_path: Path) -> None:
    (tmp_path / "marked.md").write_text("<!-- benchmark: status -->\n<!-- end of benchmark -->\n")
    (tmp_path / "other.md").write_text("nothing\n")
    written = write(DOCUMENT, {"status": RESULTS["status"]}, tmp_path)
    assert written == [tmp_path / "benchmarks.json", tmp_path / "marked.md"]
    assert json.loads(written[0].read_text()) == DOCUMENT
    assert section(RESULTS["status"]) in written[1].read_text()
    assert (tmp_path / "other.md").read_text() == "nothing\n"
