"""Writes the results into the pages of ``docs/``.

A page marks where the table of a workload belongs, and everything between its two marks is replaced::

    <!-- benchmark: status -->
    <!-- end of benchmark -->
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from benchmarks.results import Result
from benchmarks.tables import section

_MARKED: Final = re.compile(r"<!-- benchmark: ([\w-]+) -->\n(.*?)<!-- end of benchmark -->", re.DOTALL)
MACHINE: Final = "machine"
"""What a page marks to have the machine and the date of the run described."""


def marked(page: str) -> list[str]:
    """Return the names that a page marks."""
    return [match[1] for match in _MARKED.finditer(page)]


def with_results(page: str, sections: Mapping[str, str]) -> str:
    """Return a page with new sections between its marks; sections that are not given stay as they are."""

    def replaced(match: re.Match[str]) -> str:
        name, old = match[1], match[2]
        new = f"\n{sections[name]}\n\n" if name in sections else old
        return f"<!-- benchmark: {name} -->\n{new}<!-- end of benchmark -->"

    return _MARKED.sub(replaced, page)


def machine_text(document: Mapping[str, Any]) -> str:
    """Return a sentence about the machine and the date of a run."""
    machine = document["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items() if version)
    return (
        f"Measured at {document['began']} on {machine['processor']}, {machine['cores']} cores, load average "
        f"{machine['load_average'][0]:g} before the run, with Python {machine['python']}, {packages}; commit "
        f"{machine['commit']}."
    )


def write(document: Mapping[str, Any], results: Mapping[str, Result], docs: Path) -> list[Path]:
    """Write the results into all pages that mark a workload, and as JSON beside them.

    Args:
        document: The results as JSON.
        results: The results by workload.
        docs: The folder of the pages.

    Returns:
        The files that were written.
    """
    sections = {name: section(result) for name, result in results.items()} | {MACHINE: machine_text(document)}
    written = [docs / "benchmarks.json"]
    written[0].write_text(json_text(document))
    for path in sorted(docs.rglob("*.md")):
        page = path.read_text()
        if marked(page):
            path.write_text(with_results(page, sections))
            written.append(path)
    return written


def json_text(document: Mapping[str, Any]) -> str:
    """Return a document as JSON with one line for each figure's list of samples."""
    text = json.dumps(document, indent=1)
    lists = re.compile(r"\[[^\[\]{}]*\]")
    return lists.sub(lambda match: re.sub(r"\s+", " ", match[0]), text) + "\n"
