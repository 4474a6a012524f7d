"""Print the table of operations: ``python -m edgegap_async.operations [--json | --markdown]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import attrs

from edgegap_async.operations.table import DOCUMENTED_RATES, OPERATIONS, Operation, Spec

_COLUMNS = ("operation_id", "method", "path", "call", "bucket", "idempotency", "deprecated", "spec")

_DOCUMENTS: Final[Mapping[Spec, str]] = {"v1": "v1", "v2": "v2", "v1-legacy": "v1 of 2024"}

_HEAD: Final = """\
# Operations

<!-- python -m edgegap_async.operations --markdown > docs/operations.md -->

All operations of the service that the client supports. The call is a method of `EdgegapClient`. The document is the
service's own document that lists the operation; the first use of an operation that only the document of 2024 lists
issues a `DeprecationWarning`. The rate is the documented limit in requests a second, for the whole organisation.

| call | endpoint | document | rate a second | deprecated |
|---|---|---|---|---|
"""


def _columns() -> Iterable[str]:
    for row in OPERATIONS.values():
        flag = "deprecated" if row.deprecated else ""
        yield f"{row.call:26} {row.method:6} {row.path:52} {row.bucket:8} {row.spec:10} {flag}\n"


def _json() -> Iterable[str]:
    columns = attrs.filters.include(*_COLUMNS)
    yield json.dumps([attrs.asdict(row, filter=columns) for row in OPERATIONS.values()], indent=2) + "\n"


def _markdown() -> Iterable[str]:
    yield _HEAD
    for row in OPERATIONS.values():
        yield f"| {' | '.join(_cells(row))} |\n"


def _cells(row: Operation) -> Iterable[str]:
    rate = DOCUMENTED_RATES.get(row.bucket)
    yield f"`{row.call}`"
    yield f"`{row.method} {row.path}`"
    yield _DOCUMENTS[row.spec]
    yield "" if rate is None else f"{rate:g}"
    yield "deprecated" if row.deprecated else ""


def main() -> None:
    """Print the table as aligned columns, as JSON, or as the page ``docs/operations.md``."""
    parser = argparse.ArgumentParser(prog="python -m edgegap_async.operations", description=__doc__)
    form = parser.add_mutually_exclusive_group()
    form.set_defaults(form=_columns)
    form.add_argument("--json", dest="form", action="store_const", const=_json, help="print a JSON list of objects")
    form.add_argument("--markdown", dest="form", action="store_const", const=_markdown, help="print a page in Markdown")
    chosen: Callable[[], Iterable[str]] = parser.parse_args().form
    sys.stdout.writelines(chosen())


if __name__ == "__main__":
    main()
