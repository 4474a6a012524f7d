"""Everything that ``edgegap_async`` exports exists, and says what it is."""

from __future__ import annotations

import ast
import importlib
import inspect
import types
import typing
from itertools import pairwise
from pathlib import Path

import pytest

import edgegap_async

EXPORTED = [name for name in edgegap_async.__all__ if not name.startswith("__")]


def is_type_alias(value: object) -> bool:
    return isinstance(value, types.GenericAlias | types.UnionType) or typing.get_origin(value) is not None


def documented_aliases() -> set[str]:
    """The names of the module-level type aliases of the package that a string below them documents."""
    names: set[str] = set()
    for file in Path(edgegap_async.__file__).parent.rglob("*.py"):
        body = ast.parse(file.read_text()).body
        for node, following in pairwise(body):
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
                and isinstance(following.value.value, str)
            ):
                names.add(node.target.id)
    return names


def test_exports_are_unique() -> None:
    assert len(set(edgegap_async.__all__)) == len(edgegap_async.__all__)


@pytest.mark.parametrize("name", edgegap_async.__all__)
def test_each_export_can_be_imported(name: str) -> None:
    assert hasattr(importlib.import_module("edgegap_async"), name)


@pytest.mark.parametrize("name", EXPORTED)
def test_each_export_has_a_docstring_or_is_a_type_alias(name: str) -> None:
    value = getattr(edgegap_async, name)
    if is_type_alias(value):
        assert name in documented_aliases()
    else:
        assert inspect.isclass(value) or inspect.ismodule(value) or inspect.isfunction(value)
        assert len(inspect.cleandoc(vars(value)["__doc__"] or "")) > 10


def test_each_error_is_exported() -> None:
    public = {
        name
        for name, value in vars(edgegap_async.errors).items()
        if inspect.isclass(value) and issubclass(value, Exception) and not name.startswith("_")
    }
    assert public <= set(edgegap_async.__all__)
