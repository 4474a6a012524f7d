"""The command itself: help, version, and what is said when the extra is not installed."""

from __future__ import annotations

import subprocess
import sys

import pytest

import edgegap_async

from .conftest import Run


def test_version(run: Run) -> None:
    ended = run("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"edgegap-async {edgegap_async.__version__}\n", "")


def test_help_names_the_commands_and_their_options(run: Run) -> None:
    ended = run("--help")
    assert ended.code == 0
    for command in ("demo", "serve"):
        assert command in ended.out
    told = run("demo", "--help").out
    for option in ("--seed", "--matches", "--json", "--time-to-ready", "--live", "--application", "--version", "--yes"):
        assert option in told


def test_an_unknown_command_is_misuse(run: Run) -> None:
    ended = run("bogus")
    assert (ended.code, ended.out) == (2, "")
    assert "bogus" in ended.err


@pytest.mark.parametrize("missing", ["cyclopts", "rich.console", "jsonschema"])
def test_without_the_extra_it_says_what_to_install(missing: str) -> None:
    program = f"""
import sys
sys.modules[{missing!r}] = None  # what an import of it finds where it is not installed
sys.argv = ["edgegap-async", "demo"]
from edgegap_async.cli import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "the command line needs: pip install 'edgegap-async[cli]'\n"
