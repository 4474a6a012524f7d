"""The command line: ``edgegap-async demo`` and ``edgegap-async serve``."""

from __future__ import annotations

import sys
from typing import Final

from edgegap_async.cli.exits import FAILED, INTERRUPTED

_EXTRA: Final = frozenset({"cyclopts", "rich", "jsonschema"})
"""What comes with the extra ``cli`` and not with the library."""


def main() -> int:
    """Run the command that ``sys.argv`` asks for; returns the exit code."""
    try:
        # not at the top: without the extra there would be a traceback instead of advice
        from edgegap_async.cli.app import run  # noqa: PLC0415

        return run(sys.argv[1:])
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write("the command line needs: pip install 'edgegap-async[cli]'\n")
        return FAILED
    except KeyboardInterrupt:  # before or after there was something to stop
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED
