"""The table of the provider's pages: each section, each rule, and the tests that show it.

A row of ``pages/table/`` has the operations or the sections that state a rule, the rule in our own words, and the tests
that show it in the client and in the local Edgegap, or the reason why there is none. Where the pages contradict each
other, or themselves, ``choice`` says what was chosen and why.
"""

from __future__ import annotations

import ast
import functools
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from page_limits import CHOSEN, LIMITS
from provider_pages import PAGES, REQUESTS, RESPONSES, SECTIONS

from edgegap_async.operations import OPERATIONS

_FOLDER: Final = Path(__file__).with_name("pages")
ROOT: Final = Path(__file__).parents[2]

ROWS: Final[list[dict[str, Any]]] = [
    row for file in sorted((_FOLDER / "table").glob("*.toml")) for row in tomllib.loads(file.read_text())["row"]
]

OTHER_SECTIONS: Final[dict[str, list[str]]] = tomllib.loads((_FOLDER / "other-sections.toml").read_text())

KEYS: Final = frozenset(
    {"operations", "sections", "pages", "field", "rule", "client", "local", "client_reason", "local_reason", "choice"}
)


def section_names() -> set[str]:
    """Return the names of all sections: the page and the heading."""
    other = {f"{page}: {heading}" for page, headings in OTHER_SECTIONS.items() for heading in headings}
    return other | {f"{section.page}: {section.heading}" for section in SECTIONS}


def sections_of(row: dict[str, Any]) -> set[str]:
    """Return the names of the sections that state a row's rule."""
    pages = row.get("pages", PAGES)
    stated = {
        f"{section.page}: {section.heading}"
        for section in SECTIONS
        if section.operation in row.get("operations", ()) and section.page in pages
    }
    return stated | {*row.get("sections", ())}


def name_of(row: dict[str, Any]) -> str:
    return f"{', '.join(row.get('operations') or row['sections'][:1])}: {row['rule']}"


def test_every_section_has_a_row() -> None:
    stated = {name for row in ROWS for name in sections_of(row)}
    assert stated == section_names()


def test_every_row_is_about_something_on_its_pages() -> None:
    for row in ROWS:
        assert row.keys() <= KEYS, name_of(row)
        assert sections_of(row), name_of(row)
        for operation_id in row.get("operations", ()):
            assert any(
                section.operation == operation_id and section.page in row.get("pages", PAGES) for section in SECTIONS
            ), name_of(row)


def test_no_two_rows_are_the_same() -> None:
    keys = Counter((section, row["rule"]) for row in ROWS for section in sections_of(row))
    assert {key for key, number in keys.items() if number > 1} == set()


def test_every_row_has_tests_or_a_reason(checked: Counter[str]) -> None:
    for row in ROWS:
        for side in ("client", "local"):
            assert bool(row.get(side)) != bool(row.get(f"{side}_reason")), name_of(row)
        assert row["rule"], row
        assert row.get("choice", "-"), name_of(row)
        checked["rows of the pages"] += 1
    checked["pages"] += len(PAGES)
    checked["sections of the pages"] += len(section_names())
    checked["choices between pages"] += sum("choice" in row for row in ROWS)


def test_every_rule_of_a_field_has_a_row() -> None:
    operations = {section.operation for section in SECTIONS}
    stated = {(limit.operation, limit.field) for limit in LIMITS if limit.operation in operations}
    rows = {(row["operations"][0], row["field"]): row for row in ROWS if "field" in row}
    assert rows.keys() == stated
    for operation_id, field, _ in CHOSEN:
        row = rows.get((operation_id, field))
        assert row is None or "choice" in row, (operation_id, field)


@functools.cache
def functions_in(file: str) -> frozenset[str]:
    """Return the names of the test functions of a file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.parse(path.read_text()).body if isinstance(node, functions))


@pytest.mark.parametrize("side", ["client", "local"])
def test_every_test_of_a_row_exists(side: str) -> None:
    named = {node_id for row in ROWS for node_id in row.get(side, ())}
    missing = set()
    for node_id in named:
        file, _, test = node_id.partition("::")
        function, _, parameter = test.partition("[")
        if function not in functions_in(file) or (parameter and parameter[:-1] not in _PARAMETERS):
            missing.add(node_id)
    assert missing == set()


_PARAMETERS: Final = frozenset(
    {
        *OPERATIONS,
        *(f"{operation_id}-all fields" for operation_id in OPERATIONS),
        *(example.key for example in (*RESPONSES, *REQUESTS)),
    }
)
"""What the tests of this folder can be parametrised with."""


def test_the_numbers_of_the_table() -> None:
    pages = Counter(section.page for section in SECTIONS)
    assert pages == {"v1-2024": 74, "v1-2026": 47, "dedicated-servers": 26, "integration": 24, "versioning": 24}
    assert {page: len(headings) for page, headings in OTHER_SECTIONS.items()} == {
        "v1-2024": 12,
        "dedicated-servers": 3,
        "versioning": 3,
        "v1-2026": 18,
    }
    assert len(ROWS) == 449
