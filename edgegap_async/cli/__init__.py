"""The command line: ``edgegap-async demo``, ``edgegap-async serve`` and ``edgegap-async reap``."""

from __future__ import annotations

import sys
from typing import Final

from edgegap_async.cli.exit_codes import ExitCode

_EXTRA_PACKAGES: Final = frozenset({"cyclopts", "rich", "jsonschema"})
"""Top-level modules that the extra ``cli`` installs and the library itself does not."""


def main() -> int:
    """Run the command in ``sys.argv``.

    Returns:
        The exit code of the process: see ``ExitCode``.
    """
    try:
        # imported late: if the extra is not installed, the error below says how to install it
        from edgegap_async.cli.app import run  # noqa: PLC0415

        return run(sys.argv[1:])
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] not in _EXTRA_PACKAGES:
            raise
        sys.stderr.write("the command line needs: pip install 'edgegap-async[cli]'\n")
        return ExitCode.FAILED
    except KeyboardInterrupt:  # before a command has installed its own signal handlers, or after it has removed them
        sys.stderr.write("\ninterrupted\n")
        return ExitCode.INTERRUPTED
