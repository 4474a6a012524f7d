"""Every program in the README and in docs/ runs as it stands, and so does every example."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from edgegap_async.operations import DOCUMENTED_RATES, OPERATIONS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def fences(page: Path, language: str) -> list[tuple[int, str]]:
    """The line and the text of each block of a language."""
    tokens = MarkdownIt().parse(page.read_text())
    return [(token.map[0] + 1, token.content) for token in tokens if token.info == language and token.map]


PROGRAMS = [
    pytest.param(code, id=f"{page.relative_to(ROOT)}:{line}") for page in PAGES for line, code in fences(page, "python")
]


@pytest.fixture(scope="module")
def service() -> Iterator[Mapping[str, str]]:
    """The environment of a program: the variables that point it to a local Edgegap, and no others of Edgegap's."""
    code = """
        import asyncio, sys
        from edgegap_async.simulator import LocalEdgegap

        async def main():
            async with LocalEdgegap(time_to_ready=(0.05, 0.2)) as local:
                print(local.url, local.token, flush=True)
                await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)

        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url, token = process.stdout.readline().split()
        yield {**os.environ, "EDGEGAP_BASE_URL": url, "EDGEGAP_API_TOKEN": token, "PYTHONWARNINGS": "error"}
        process.communicate(input="")
        assert process.returncode == 0


def run(code: str, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("code", PROGRAMS)
def test_program_of_a_page(code: str, service: Mapping[str, str]) -> None:
    if "FastAPI(" in code:
        code += _POST_A_MATCH
    assert run(code, service).strip(), "a program that shows nothing shows nothing"


_POST_A_MATCH = """
from fastapi.testclient import TestClient

with TestClient(app) as backend:
    answer = backend.post("/matches", json=["203.0.113.7"])
    print(answer.json())
    assert answer.status_code == 200 and ":" in answer.json()["address"]
"""


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda example: example.name)
def test_example(example: Path, service: Mapping[str, str]) -> None:
    assert run(example.read_text(), service).splitlines()[-1] == "still running: 0"


def test_every_page_has_programs_or_is_about_the_project_itself() -> None:
    assert {page.name for page in PAGES if not fences(page, "python")} == {"contributing.md", "operations.md"}


def test_the_two_commands_stand_in_the_readme_and_ci_runs_them() -> None:
    commands = [code.strip() for _, code in fences(ROOT / "README.md", "bash")]
    assert commands == [
        "python -m pip install '.[cli]' && edgegap-async demo",
        "python -m pip install nox && nox -s tests",
    ]
    assert "README.md" in (ROOT / ".ci" / "run").read_text()


def test_the_table_of_buckets_is_the_one_in_the_code() -> None:
    page = (ROOT / "docs" / "behaviour.md").read_text()
    for bucket, rate in DOCUMENTED_RATES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{bucket}` "))
        assert f"| {rate:g} " in row
        for operation in OPERATIONS.values():
            if operation.bucket == bucket:
                assert operation.call.rpartition(".")[2] in row
