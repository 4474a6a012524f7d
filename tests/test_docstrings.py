"""Every public callable with more than two parameters documents each of them, and no file is too long."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import edgegap_async

PACKAGE = Path(edgegap_async.__file__).parent
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))

Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_callables(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Function, str]]:
    """Yield each public function, method and ``__init__`` of a public class with its name and its docstring."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public_callables(node.body, f"{node.name}.")
            init = next((each for each in node.body if isinstance(each, Function) and each.name == "__init__"), None)
            if init is not None:
                yield f"{node.name}()", init, f"{ast.get_docstring(node)}\n{ast.get_docstring(init)}"
        elif isinstance(node, Function) and not node.name.startswith("_"):
            yield f"{prefix}{node.name}()", node, ast.get_docstring(node) or ""


def parameters(function: Function) -> list[str]:
    arguments = function.args
    names = [each.arg for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    names = [name for name in names if name not in {"self", "cls"}]
    return (
        names
        + [f"*{each.arg}" for each in [arguments.vararg] if each is not None]
        + [f"**{each.arg}" for each in [arguments.kwarg] if each is not None]
    )


def undocumented(function: Function, docstring: str) -> list[str]:
    section = docstring.partition("Args:")[2]
    documented = {
        line.split(":")[0].strip().lstrip("\\").replace("\\*", "*") for line in section.splitlines() if ":" in line
    }
    return [name for name in parameters(function) if name not in documented]


@pytest.mark.parametrize("file", FILES)
def test_parameters_are_documented(file: str) -> None:
    tree = ast.parse((PACKAGE / file).read_text())
    missing = {
        name: names
        for name, function, docstring in public_callables(tree.body)
        if len(parameters(function)) > 2
        and not any(isinstance(each, ast.Name) and each.id == "overload" for each in function.decorator_list)
        and (names := undocumented(function, docstring))
    }
    assert not missing
