"""``python -m edgegap_async.operations [--json]`` prints the table."""

from __future__ import annotations

import argparse
import json
import sys

import attrs

from edgegap_async.operations.table import OPERATIONS

_COLUMNS = ("operation_id", "method", "path", "call", "bucket", "idempotency", "deprecated", "spec")


def main() -> None:
    """Print the table, as aligned columns or as JSON."""
    parser = argparse.ArgumentParser(prog="python -m edgegap_async.operations", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print a JSON list of objects")
    as_json: bool = parser.parse_args().json
    wanted = attrs.filters.include(*_COLUMNS)
    rows = [attrs.asdict(row, filter=wanted) for row in OPERATIONS.values()]
    if as_json:
        sys.stdout.write(json.dumps(rows, indent=2) + "\n")
        return
    for row in rows:
        flag = "deprecated" if row["deprecated"] else ""
        sys.stdout.write(
            f"{row['call']:26} {row['method']:6} {row['path']:52} {row['bucket']:8} {row['spec']:10} {flag}\n"
        )


if __name__ == "__main__":
    main()
