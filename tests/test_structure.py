"""The shape of the package: short files, names with one meaning, nothing private shared."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import edgegap_async

PACKAGE = Path(edgegap_async.__file__).parent
FILES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
MAX_LINES = 400


def parsed(file: str) -> ast.Module:
    return ast.parse((PACKAGE / file).read_text())


def defined(module: ast.Module) -> list[str]:
    """The classes and type aliases of a module."""
    classes = [node.name for node in module.body if isinstance(node, ast.ClassDef)]
    aliases = [
        node.target.id
        for node in module.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if ast.unparse(node.annotation) == "TypeAlias"
    ]
    return classes + aliases


@pytest.mark.parametrize("file", FILES)
def test_no_file_is_longer_than_400_lines(file: str) -> None:
    assert len((PACKAGE / file).read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("file", FILES)
def test_no_private_name_is_imported_from_another_module(file: str) -> None:
    private = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(parsed(file))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("edgegap_async")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert private == []


def test_every_class_and_alias_has_a_name_of_its_own() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for file in FILES:
        for name in defined(parsed(file)):
            if not name.startswith("_"):
                places[name].append(file)
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
