"""The worked example of adding an operation is one of this library's own, as it stands in its files."""

from __future__ import annotations

import textwrap
from operator import attrgetter
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from edgegap_async import EdgegapClient
from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.handlers.table import HANDLERS

ROOT = Path(__file__).parents[1]
PLACES = [
    "edgegap_async/operations/table.py",
    "edgegap_async/models/tags.py",
    "edgegap_async/services/tags.py",
    "tests/contract/samples/deployments.py",
    "edgegap_async/simulator/handlers/tags.py",
    "edgegap_async/simulator/handlers/__init__.py",
]


def quotations() -> dict[str, str]:
    """What the page quotes, by the file that its first line names."""
    tokens = MarkdownIt().parse((ROOT / "docs" / "contributing.md").read_text())
    parts = [token.content.partition("\n") for token in tokens if token.type == "fence" and token.info == "py"]
    return {first.removeprefix("# "): code.rstrip() for first, _, code in parts}


def stands_in(code: str, text: str) -> bool:
    """Whether the lines of ``code`` follow one another in ``text``, however far they are indented there."""
    wanted, lines = code.splitlines(), text.splitlines()
    windows = (lines[start : start + len(wanted)] for start in range(len(lines)))
    return any(textwrap.dedent("\n".join(window)) == code for window in windows if window[0].endswith(wanted[0]))


def test_it_leads_through_every_place() -> None:
    assert list(quotations()) == PLACES


@pytest.mark.parametrize("place", PLACES)
def test_what_it_quotes_stands_in_the_file(place: str) -> None:
    assert stands_in(quotations()[place], (ROOT / place).read_text())


def test_it_is_about_one_operation() -> None:
    quoted = quotations()
    name = "deployment-tag-get"
    for place in ("operations/table.py", "services/tags.py", "simulator/handlers/__init__.py"):
        assert f'"{name}"' in quoted[f"edgegap_async/{place}"]
    assert f'"{name}"' in quoted["tests/contract/samples/deployments.py"]
    method = attrgetter(OPERATIONS[name].call)(EdgegapClient("abc"))
    assert f"async def {method.__name__}(" in quoted["edgegap_async/services/tags.py"]
    assert f"def {HANDLERS[name].__name__}(" in quoted["edgegap_async/simulator/handlers/tags.py"]
