"""Runs a Python program as a child process and measures the whole of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import attrs


@attrs.frozen(kw_only=True)
class ChildTime:
    """What a child process took, in seconds.

    Attributes:
        wall: From its start to its end.
        cpu: Its CPU time.
    """

    wall: float
    cpu: float


def run_child(*arguments: str) -> ChildTime:
    """Run the interpreter with these arguments, outside of the working directory, and measure it.

    Raises:
        RuntimeError: It failed.
    """
    began = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-I", *arguments], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"python {' '.join(arguments)} ended with {process.returncode}")
    return ChildTime(wall=wall, cpu=usage.ru_utime + usage.ru_stime)


def run_in_turns(programs: Mapping[str, Sequence[str]], rounds: int) -> dict[str, list[ChildTime]]:
    """Run each program in each round, after a round that is not counted and that compiles what they import.

    Args:
        programs: The interpreter's arguments by subject.
        rounds: How many rounds are counted.
    """
    taken: dict[str, list[ChildTime]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name in programs if number % 2 else [*programs][::-1]:
            seconds = run_child(*programs[name])
            if number:
                taken[name].append(seconds)
    return taken
