"""Runs the mutants of the packages that [tool.mutmut] names, and compares those that survive with survivors.toml.

``python tests/mutation/run.py`` tests all mutants; with patterns of names (``"edgegap_async.limits.*"``), those alone.
``--survivors`` tests those that survived last time, ``--continue`` those that were not tested when a run was ended.
"""

from __future__ import annotations

import shutil
import signal
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import libcst as cst
from mutmut import __main__ as mutmut
from mutmut.mutation import mutators, trampoline
from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.state import state
from mutmut.stats import status_by_exit_code
from mutmut.utils.file_utils import walk_mutatable_files
from mutmut.utils.format_utils import orig_function_and_class_names_from_key
from mutmut.workers import isolation

PROCESSES: Final = 2
REQUIRED_SHARE: Final = 0.9
NAMED: Final = Path(__file__).with_name("survivors.toml")

KILLED: Final = {"killed", "timeout"}
REJECTED: Final = "caught by type check"
"""The package is typed strictly: what mypy rejects would not pass ``nox -s types``, and does not count."""
NOT_TESTED: Final = "not checked"

CPU_SECONDS: Final = 10.0
"""What a test may take; on a busy machine, that may be minutes. The longest takes two."""

SHARED: Final = ("tests/coordination/", "tests/integrations/")

TEXTS: Final = (cst.SimpleString, cst.FormattedString, cst.ConcatenatedString)


class Mutant(NamedTuple):
    """What one mutation changes: the function that it is in, its lines before and its lines after."""

    function: str
    original: str
    mutant: str


def no_mutation(_: cst.CSTNode) -> Iterable[cst.CSTNode]:
    """Mutate no text: nearly all of them are messages, whose words are no behaviour."""
    return ()


def mutate_arguments(call: cst.Call) -> Iterator[cst.Call]:
    """Replace or drop each argument, except for texts and the names of tasks."""
    for mutated in mutators.operator_arg_removal(call):
        (old,) = (argument for argument in call.args if argument not in mutated.args)
        if not isinstance(old.value, TEXTS) and not (old.keyword is not None and old.keyword.value == "name"):
            yield mutated


class CPULimit:
    """A plugin of pytest that ends the process if a test is an endless loop; pytest-timeout ends it if a test hangs."""

    def pytest_runtest_logstart(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)

    def pytest_runtest_logfinish(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


class LimitedTests(isolation.PytestRunner):
    """Runs tests with a limit for each."""

    def execute_pytest(self, params: list[str], **options: Any) -> int:
        return super().execute_pytest(params, **options | {"plugins": [*options.get("plugins", ()), CPULimit()]})


class AreaRunner(isolation.ForkServerRunner):
    """Tests a mutant of ``edgegap_async/limits`` with the tests in ``tests/limits``, and so on.

    The tests of what shares the area with other processes, or shows it to them, are tests of each area.
    """

    def submit(self, mutant_name: str, tests: list[str], cpu_time_limit: int, estimated_time: float) -> None:
        area = mutant_name.split(".")[1]
        seconds = {
            test: state().duration_by_test[test] for test in tests if test.startswith((f"tests/{area}/", *SHARED))
        }
        super().submit(mutant_name, sorted(seconds, key=seconds.__getitem__), cpu_time_limit, sum(seconds.values()))

    def run_clean_tests(self, tests: Iterable[str]) -> int:
        return 0  # they were run just before, to find out which tests reach which function


def run(patterns: Iterable[str]) -> None:
    """Test the mutants whose names match one of the patterns; all that were not tested yet if there are none."""
    replaced = {mutators.operator_string: no_mutation, mutators.operator_arg_removal: mutate_arguments}
    mutators.mutation_operators[:] = [
        (node, replaced.get(operator, operator)) for node, operator in mutators.mutation_operators
    ]
    isolation.PytestRunner, isolation.ForkServerRunner = LimitedTests, AreaRunner
    trampoline.get_mutant_under_test = lambda: trampoline._mutant_under_test or ""  # it is called very often
    mutmut._run(tuple(patterns), PROCESSES)


def results() -> Iterator[tuple[str, Path, str]]:
    """Yield the name of each mutant, its file and what became of it."""
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        for name, exit_code in data.exit_code_by_key.items():
            yield name, path, "killed" if exit_code == -signal.SIGPROF else status_by_exit_code[exit_code]


def describe(name: str, path: Path) -> Mutant:
    """Return what a mutant changes."""
    function, class_name = orig_function_and_class_names_from_key(name)
    module = ".".join(path.with_suffix("").parts)
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    before, after = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(sign) and line[1:].strip()) for sign in "-+"
    )
    return Mutant(".".join(filter(None, (module, class_name, function))), before, after)


def check(*, is_partial: bool) -> bool:
    """Print the share of the mutants that were killed, by area, and the survivors that survivors.toml does not name."""
    named = {
        Mutant(each["function"], each["original"].strip(), each["mutant"].strip())
        for each in tomllib.loads(NAMED.read_text())["survivor"]
    }
    total: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    survivors: dict[Mutant, list[str]] = defaultdict(list)
    for name, path, status in results():
        if status == REJECTED or (is_partial and status == NOT_TESTED):
            continue
        area = path.parts[1]
        total[area] += 1
        killed[area] += status in KILLED
        if status not in KILLED:
            survivors[describe(name, path)].append(f"{name} ({status})")
    for area in total:
        print(f"{area:12} {killed[area]:5} of {total[area]:5} killed, {killed[area] / total[area]:.1%}")
    share = killed.total() / total.total()
    print(f"{'all':12} {killed.total():5} of {total.total():5} killed, {share:.1%}")
    unnamed = survivors.keys() - named
    for mutant in sorted(unnamed):
        print(f"\n{mutant.function}: {', '.join(survivors[mutant])}")
        print_change(mutant)
    if not is_partial:
        for mutant in sorted(named - survivors.keys()):
            print(f"\n{NAMED.name} names what does not survive, in {mutant.function}:")
            print_change(mutant)
    print(f"\n{len(unnamed)} survivors that {NAMED.name} does not name")
    return share >= REQUIRED_SHARE and not unnamed


def print_change(mutant: Mutant) -> None:
    """Print the lines before and after."""
    for line in mutant.original.splitlines():
        print(f"-{line}")
    for line in mutant.mutant.splitlines():
        print(f"+{line}")


def main(arguments: list[str]) -> int:
    match arguments:
        case []:
            shutil.rmtree("mutants", ignore_errors=True)
            run([])
        case ["--continue"]:
            run([])
        case ["--survivors"]:
            run(name for name, _, status in results() if status not in KILLED | {REJECTED, NOT_TESTED})
        case ["--check"]:
            pass
        case _:
            run(arguments)
    return 0 if check(is_partial=arguments not in ([], ["--continue"])) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
