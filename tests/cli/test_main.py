"""The program itself: help, version, unknown commands, and the message if the extra is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import edgegap_async

from .conftest import Run


def test_version(run: Run) -> None:
    ended = run("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"edgegap-async {edgegap_async.__version__}\n", "")


@pytest.mark.parametrize(
    ("command", "options"),
    [
        (
            "demo",
            ["--seed", "--matches", "--json", "--time-to-ready", "--timeout", "--live", "--application", "--version"],
        ),
        ("serve", ["--port", "--seed", "--time-to-ready", "--counting", "--no-limits"]),
        ("reap", ["--journal", "--older-than", "--allow-recent", "--dry-run", "--yes", "--json"]),
    ],
)
def test_help_lists_the_commands_and_their_options(run: Run, command: str, options: list[str]) -> None:
    overview = run("--help")
    assert overview.code == 0
    assert command in overview.out
    help_text = run(command, "--help").out
    for option in options:
        assert option in help_text


def test_an_unknown_command_is_a_usage_error(run: Run) -> None:
    ended = run("bogus")
    assert (ended.code, ended.out) == (2, "")
    assert "bogus" in ended.err


@pytest.mark.parametrize("missing", ["cyclopts", "rich.console", "jsonschema"])
def test_without_the_extra_the_message_says_what_to_install(missing: str) -> None:
    program = f"""
import sys
sys.modules[{missing!r}] = None  # makes the import fail as if the package were not installed
sys.argv = ["edgegap-async", "demo"]
from edgegap_async.cli import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "the command line needs: pip install 'edgegap-async[cli]'\n"
