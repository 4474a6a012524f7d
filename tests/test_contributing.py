"""docs/contributing.md is true: the paths that it names exist, and an operation has its parts where it says."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import Any, get_type_hints

import attrs
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from edgegap_async import EdgegapClient
from edgegap_async.operations import OPERATIONS
from edgegap_async.services.base import Service
from edgegap_async.simulator.handlers.resources import RESOURCE_HANDLERS
from edgegap_async.simulator.handlers.table import HANDLERS
from edgegap_async.transport import RequestOptions

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "contributing.md"
PACKAGE = ROOT / "edgegap_async"


def tokens() -> list[Token]:
    return MarkdownIt().enable("table").parse(PAGE.read_text())


def code_spans() -> list[str]:
    """All inline code of the page."""
    return [child.content for token in tokens() for child in token.children or () if child.type == "code_inline"]


def tables() -> Iterator[list[list[str]]]:
    """The cells of each table of the page, row by row, as they are written."""
    rows: list[list[str]] = []
    for previous, token in zip([None, *tokens()], tokens(), strict=False):
        match token.type:
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "inline" if previous is not None and previous.type in {"th_open", "td_open"}:
                rows[-1].append(token.content.replace("`", ""))
            case "table_close":
                yield rows
            case _:
                pass


def parts() -> dict[str, tuple[Path, str]]:
    """The file and the name of each part of the operation that the page takes as its example."""
    (table,) = [rows for rows in tables() if rows[0] == ["part", "file", "name"]]
    return {part: (ROOT / file, name) for part, file, name in table[1:]}


def operation_id() -> str:
    return parts()["row"][1]


def method() -> Any:
    """The client's method for the operation of the example."""
    return attrgetter(OPERATIONS[operation_id()].call)(EdgegapClient("abc"))


def source(thing: Any) -> Path:
    return Path(inspect.getsourcefile(inspect.unwrap(thing)) or "")


def module(file: Path) -> Any:
    return importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))


# the tree


@pytest.mark.parametrize("path", [code for code in code_spans() if re.match(r"(?:edgegap_async|tests|docs)/", code)])
def test_every_path_it_names_exists(path: str) -> None:
    target = ROOT / path
    assert target.is_dir() if path.endswith("/") else target.is_file()


def test_it_names_every_folder_and_main_file_of_the_package() -> None:
    named = {ROOT / code for code in code_spans()}
    internal = {"__init__.py", "_version.py", "json_codec.py"}
    public = {path for path in PACKAGE.iterdir() if path.is_dir() or path.suffix == ".py"}
    assert sorted(path.name for path in public - named if path.name not in internal | {"__pycache__"}) == []


def test_it_names_the_folders_of_the_local_edgegap() -> None:
    folders = {path.name for path in (PACKAGE / "simulator").iterdir() if (path / "__init__.py").exists()}
    assert folders <= {code.removesuffix("/") for code in code_spans()}


# the parts of an operation


def test_the_row_is_in_the_table_of_operations() -> None:
    file, name = parts()["row"]
    assert module(file).OPERATIONS[name] is OPERATIONS[name]


def test_the_model_is_what_the_method_returns() -> None:
    file, name = parts()["model"]
    model = get_type_hints(method())["return"]
    assert (source(model), model.__name__) == (file, name)


def test_the_model_is_as_the_page_says() -> None:
    file, name = parts()["model"]
    fields = attrs.fields_dict(getattr(module(file), name))
    assert "extra" in fields
    assert len([field for field in fields.values() if field.default is attrs.NOTHING]) == 1


def test_the_method_is_in_the_file_of_its_domain() -> None:
    file, name = parts()["method"]
    assert (source(method()), method().__qualname__) == (file, name)


def test_the_sample_is_in_the_file_of_its_domain(monkeypatch: pytest.MonkeyPatch) -> None:
    file, name = parts()["sample"]
    monkeypatch.syspath_prepend(str(file.parents[1]))
    samples = importlib.import_module(f"samples.{file.stem}").CALLS
    assert samples[name]
    assert all(callable(call) for call in samples[name])


def test_a_generic_resource_needs_a_row_and_no_handler_of_its_own() -> None:
    file, name = parts()["simulator"]
    tables_of_types = [value for value in vars(module(file)).values() if isinstance(value, tuple)]
    (resource,) = [each for types in tables_of_types for each in types if getattr(each, "name", None) == name]
    assert source(type(resource)) == file
    assert operation_id() in resource.operations.values()
    assert operation_id() in RESOURCE_HANDLERS
    handlers = {name: handler for name, handler in HANDLERS.items() if name not in RESOURCE_HANDLERS}
    assert {source(handler).parent for handler in handlers.values()} == {PACKAGE / "simulator" / "handlers"}
    assert operation_id() not in handlers


def test_every_operation_has_its_method_in_a_service() -> None:
    edgegap = EdgegapClient("abc")
    for operation in OPERATIONS.values():
        assert (PACKAGE / "services") in source(attrgetter(operation.call)(edgegap)).parents


def test_methods_can_call_an_operation_as_it_says() -> None:
    parameters = [*inspect.signature(Service._call).parameters]
    assert parameters[1:] == ["operation_id", "model", "path", "options"]
    assert {"query", "body"} <= RequestOptions.__annotations__.keys()
    assert callable(Service._list)
