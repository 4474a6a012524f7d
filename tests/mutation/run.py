"""Runs the mutants of the packages that [tool.mutmut] names, and compares those that survive with survivors.toml.

``python tests/mutation/run.py`` tests all mutants; with patterns of names (``"edgegap_async.limits.*"``), those alone.
``--survivors`` tests only those that survived last time.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

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
NOT_COUNTED: Final = {"caught by type check"}
"""The package is typed strictly: what mypy rejects would not pass ``nox -s types``."""


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


class AreaRunner(isolation.ForkServerRunner):
    """Tests a mutant of ``edgegap_async/limits`` with the tests in ``tests/limits``, and so on."""

    def submit(self, mutant_name: str, tests: list[str], cpu_time_limit: int, estimated_time: float) -> None:
        area = mutant_name.split(".")[1]
        seconds = {test: state().duration_by_test[test] for test in tests if test.startswith(f"tests/{area}/")}
        super().submit(mutant_name, sorted(seconds, key=seconds.__getitem__), cpu_time_limit, sum(seconds.values()))

    def run_clean_tests(self, tests: Iterable[str]) -> int:
        return 0  # they were run just before, to find out which tests reach which function


def run(patterns: Iterable[str]) -> None:
    """Test the mutants whose names match one of the patterns; all that were not tested yet if there are none."""
    replaced = {mutators.operator_string: no_mutation, mutators.operator_arg_removal: mutate_arguments}
    mutators.mutation_operators[:] = [
        (node, replaced.get(operator, operator)) for node, operator in mutators.mutation_operators
    ]
    isolation.ForkServerRunner = AreaRunner
    trampoline.get_mutant_under_test = lambda: trampoline._mutant_under_test or ""  # it is called very often
    mutmut._run(tuple(patterns), PROCESSES)


def results() -> Iterator[tuple[str, Path, str]]:
    """Yield the name of each mutant, its file and what became of it."""
    for path in sorted(walk_mutatable_files()):
        data = SourceFileMutationData(path=path)
        data.load()
        for name, exit_code in data.exit_code_by_key.items():
            yield name, path, status_by_exit_code[exit_code]


def describe(name: str, path: Path) -> Mutant:
    """Return what a mutant changes."""
    function, class_name = orig_function_and_class_names_from_key(name)
    module = ".".join(path.with_suffix("").parts)
    lines = get_diff_for_mutant(name, path=path).splitlines()[2:]
    before, after = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Mutant(".".join(filter(None, (module, class_name, function))), before, after)


def check(partial: bool = False) -> bool:
    """Print the share of the mutants that were killed, by area, and the survivors that survivors.toml does not name."""
    named = {
        Mutant(**{key: each[key] for key in Mutant._fields}) for each in tomllib.loads(NAMED.read_text())["survivor"]
    }
    total: Counter[str] = Counter()
    killed: Counter[str] = Counter()
    survivors: dict[Mutant, list[str]] = defaultdict(list)
    for name, path, status in results():
        if status not in NOT_COUNTED:
            area = path.parts[1]
            total[area] += 1
            killed[area] += status in KILLED
            if status not in KILLED and (status != "not checked" or not partial):
                survivors[describe(name, path)].append(f"{name} ({status})")
    for area in total:
        print(f"{area:12} {killed[area]:5} of {total[area]:5} killed, {killed[area] / total[area]:.1%}")
    share = killed.total() / total.total()
    print(f"{'all':12} {killed.total():5} of {total.total():5} killed, {share:.1%}")
    unnamed = survivors.keys() - named
    for mutant in sorted(unnamed):
        print(f"\n{mutant.function}: {', '.join(survivors[mutant])}")
        print(*(f"-{line}" for line in mutant.original.splitlines()), sep="\n")
        print(*(f"+{line}" for line in mutant.mutant.splitlines()), sep="\n")
    for mutant in sorted(named - survivors.keys()):
        print(
            f"\nsurvivors.toml names what does not survive, in {mutant.function}:\n-{mutant.original}\n+{mutant.mutant}"
        )
    print(f"\n{len(unnamed)} survivors that {NAMED.name} does not name")
    return share >= REQUIRED_SHARE and not unnamed


def main(arguments: list[str]) -> int:
    if arguments == ["--survivors"]:
        arguments = [name for name, _, status in results() if status not in KILLED | NOT_COUNTED]
    if arguments != ["--check"]:
        run(arguments)
    return 0 if check(bool(arguments)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
