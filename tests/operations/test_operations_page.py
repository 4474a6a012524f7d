"""docs/operations.md, which a command generates."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from edgegap_async.operations import DOCUMENTED_RATES, OPERATIONS
from edgegap_async.operations.__main__ import main

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_the_page_is_the_output_of_the_command() -> None:
    command = [sys.executable, "-W", "error", "-m", "edgegap_async.operations", "--markdown"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert printed.stderr == ""
    assert PAGE.read_text() == printed.stdout, f"{' '.join(command[3:])} > docs/operations.md"


def test_the_page_is_one_table_with_a_row_for_each_operation() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(PAGE.read_text())
    cells = [after.content for cell, after in pairwise(tokens) if cell.type == "td_open"]
    rows = [cells[start : start + 5] for start in range(0, len(cells), 5)]
    assert [row[0] for row in rows] == [f"`{operation.call}`" for operation in OPERATIONS.values()]
    for (_, endpoint, document, rate, deprecated), operation in zip(rows, OPERATIONS.values(), strict=True):
        assert endpoint == f"`{operation.method} {operation.path}`"
        assert ("2024" in document) == (not operation.in_current_spec)
        assert float(rate or 0) == DOCUMENTED_RATES.get(operation.bucket, 0)
        assert (deprecated == "deprecated") == operation.deprecated


def test_json_and_markdown_exclude_each_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["operations", "--json", "--markdown"])
    with pytest.raises(SystemExit):
        main()
    assert "not allowed with" in capsys.readouterr().err
