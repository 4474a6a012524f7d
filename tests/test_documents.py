"""Every program in the README and in docs/ runs as the README says, every example runs, and every link has a target."""

from __future__ import annotations

import ast
import asyncio
import os
import re
import signal
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from markdown_it import MarkdownIt
from markdown_it.token import Token

from benchmarks.own_valkey import OwnValkey
from edgegap_async.errors import CleanupFailed
from edgegap_async.operations import DOCUMENTED_RATES, OPERATIONS
from edgegap_async.simulator import LocalEdgegap

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
REPOSITORY = "https://github.com/edgegap-async/edgegap-async"
VARIABLES = ("EDGEGAP_BASE_URL", "EDGEGAP_API_TOKEN")


def fences(page: Path, language: str) -> list[tuple[int, str]]:
    """The line and the text of each block of a language."""
    tokens = MarkdownIt().parse(page.read_text())
    return [(token.map[0] + 1, token.content) for token in tokens if token.info == language and token.map]


PROGRAMS = [
    pytest.param(code, id=f"{page.relative_to(ROOT)}:{line}") for page in PAGES for line, code in fences(page, "python")
]


# programs


@pytest.fixture(scope="module")
def served() -> Iterator[Mapping[str, str]]:
    """The environment of a program: the variables that ``edgegap-async serve`` prints, and no others of Edgegap's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("EDGEGAP_")}
    command = [sys.executable, "-m", "edgegap_async.cli", "serve", "--port", "0", "--time-to-ready", "0.05", "0.2"]
    with subprocess.Popen(command, env=clean, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        exported: dict[str, str] = {}
        while not exported.keys() >= set(VARIABLES):
            line = process.stdout.readline()
            assert line, f"serve ended before it printed {VARIABLES}"
            exported |= dict(re.findall(r"^export (\w+)=(\S+)$", line.strip()))
        yield {**clean, **exported, "PYTHONWARNINGS": "error"}
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=10)
        assert process.returncode == 0


@pytest.fixture(scope="module")
def coordinated(served: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """The environment of a program that shares its limits: the same, with a Valkey server of its own."""
    server = OwnValkey()
    yield {**served, "EDGEGAP_COORDINATION_URL": server.url}
    server.stop()


def run(command: list[str], environment: Mapping[str, str], folder: Path | None = None) -> str:
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout


@contextmanager
def backend_process(code: str, environment: Mapping[str, str], folder: Path) -> Iterator[str]:
    """The address of an ASGI program that is saved as ``backend.py`` and run with ``uvicorn backend:app``."""
    (folder / "backend.py").write_text(code)
    command = [sys.executable, "-m", "uvicorn", "backend:app", "--port", "0"]
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        log = ""
        while (found := re.search(r"running on (http://\S+)", log)) is None:
            line = process.stderr.readline()
            assert line, f"uvicorn ended before it served: {log}"
            log += line
        yield found[1]
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
    assert "Application shutdown complete" in rest
    assert "Traceback" not in log + rest


@pytest.mark.parametrize("code", PROGRAMS)
def test_program_of_a_page_runs(
    code: str, served: Mapping[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if "EDGEGAP_COORDINATION_URL" in code:
        served = request.getfixturevalue("coordinated")
    if "FastAPI(" in code or "Starlette(" in code:
        with backend_process(code, served, tmp_path) as address:
            response = httpx2.post(f"{address}/matches", json=["203.0.113.7"], timeout=30)
        assert response.is_success, response.text
        assert re.search(r":\d+$", response.json()["address"])
    elif "def test_" in code:
        (tmp_path / "test_snippet.py").write_text(code)
        pytest_command = [sys.executable, "-m", "pytest", "-q", "-o", "asyncio_default_fixture_loop_scope=function"]
        assert "1 passed" in run([*pytest_command, "test_snippet.py"], served, tmp_path)
    else:
        assert run([sys.executable, "-c", code], served).strip(), "a program of a page prints what it does"


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("*.py")), ids=lambda example: example.name)
def test_example_runs_and_leaves_no_server_running(example: Path, served: Mapping[str, str]) -> None:
    assert run([sys.executable, str(example)], served).splitlines()[-1] == "still running: 0"


def test_every_page_has_programs_except_those_about_the_project_itself() -> None:
    about_the_project = {"contributing.md", "operations.md", "performance.md"}
    assert {page.name for page in PAGES if not fences(page, "python")} == about_the_project


def test_the_readme_has_the_two_commands_that_ci_runs() -> None:
    commands = [code.strip() for _, code in fences(README, "bash")]
    assert commands == [
        "python -m pip install '.[cli]' && edgegap-async demo",
        "python -m pip install nox && nox -s tests",
        "edgegap-async serve",
    ]
    pattern = re.search(r"grep -E '(\S+ .*)' README\.md", (ROOT / ".ci" / "run").read_text())
    assert pattern is not None
    assert re.findall(f"{pattern[1]}.*", README.read_text(), re.MULTILINE) == commands[:2]


def test_the_readme_shows_the_variables_that_serve_prints() -> None:
    shown = [re.findall(r"^export (\w+)=", code, re.MULTILINE) for _, code in fences(README, "text")]
    assert [*VARIABLES] in shown


# the README's programs when something fails


def readme_program(holding: str) -> str:
    """The README's one program that contains a string."""
    (code,) = [code for _, code in fences(README, "python") if holding in code]
    return code


@pytest.fixture
async def quick(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalEdgegap]:
    """A local Edgegap to which the variables point, with servers that are ready within half a second."""
    async with LocalEdgegap(time_to_ready=(0.3, 0.5)) as local:
        for name, value in zip(VARIABLES, (local.url, local.token), strict=True):
            monkeypatch.setenv(name, value)
        yield local


async def run_matchmaker(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that the README's matchmaker prints; it runs in this process's loop."""
    program: dict[str, Any] = {}
    exec(readme_program("TaskGroup").replace("asyncio.run(main())", ""), program)
    await program["main"]()
    return capsys.readouterr().out.splitlines()


async def test_the_matchmaker_survives_servers_that_fail(
    quick: LocalEdgegap, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.faults.add("v2-deployment-create", "errored", times=2, detail="image not found")
    lines = await run_matchmaker(capsys)
    assert sum("plays on" in line for line in lines) == 3
    assert sum("failed:" in line and "image not found" in line for line in lines) == 2
    assert not quick.deployments


async def test_the_matchmaker_repeats_a_stop_that_fails(
    quick: LocalEdgegap, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.faults.add("deployment-delete", "status", times=3, code=503)
    lines = await run_matchmaker(capsys)
    assert sum("plays on" in line for line in lines) == 5
    assert not quick.deployments


async def test_the_matchmaker_survives_a_stop_that_is_refused(
    quick: LocalEdgegap, capsys: pytest.CaptureFixture[str]
) -> None:
    quick.faults.add("deployment-delete", "status", code=403)
    with pytest.raises(ExceptionGroup, match="may still run") as closing:
        await run_matchmaker(capsys)
    assert [each.id for each in closing.value.exceptions if isinstance(each, CleanupFailed)] == [
        each.request_id for each in quick.deployments
    ]
    lines = capsys.readouterr().out.splitlines()
    assert sum("plays on" in line for line in lines) == 5
    assert sum("failed:" in line and "403" in line for line in lines) == 1
    assert len(quick.deployments) == 1, "the other four servers are stopped"


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """The port of an ASGI application that uvicorn serves in this loop."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        assert not task.done(), task
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@pytest.fixture
async def backend(quick: LocalEdgegap) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client of the README's FastAPI backend, which uses ``quick``."""
    program: dict[str, Any] = {"__name__": "backend"}
    exec(readme_program("FastAPI("), program)
    async with (
        serving(program["app"]) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        yield client


async def test_the_backend_starts_shows_and_stops_a_match(quick: LocalEdgegap, backend: httpx2.AsyncClient) -> None:
    started = await backend.post("/matches", json=["203.0.113.7"])
    assert started.status_code == 201
    match_id = started.json()["id"]
    assert re.search(r":\d+$", started.json()["address"])
    assert match_id in quick.deployments
    status = await backend.get(f"/matches/{match_id}")
    assert (status.status_code, status.json()["state"]) == (200, "READY")
    assert started.json()["address"].startswith(status.json()["host"])
    assert (await backend.delete(f"/matches/{match_id}")).status_code == 204
    assert not quick.deployments


async def test_the_backend_reports_its_health_without_a_request(
    quick: LocalEdgegap, backend: httpx2.AsyncClient
) -> None:
    health = await backend.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    assert not quick.requests


@pytest.mark.parametrize(
    ("operation", "fault", "options", "status"),
    [
        ("deployment-get", "status", {"code": 404, "body": {"message": "not found"}}, 404),
        ("deployment-get", "status", {"code": 400, "body": {"message": "bad request"}}, 400),
        ("deployment-get", "status", {"code": 404}, 502),
        ("deployment-get", "status", {"code": 403}, 502),
        ("deployment-get", "not_json", {}, 502),
        ("deployment-get", "rate_limited", {"retry_after": 3600}, 503),
    ],
)
async def test_the_backend_maps_errors_to_status_codes(
    quick: LocalEdgegap,
    backend: httpx2.AsyncClient,
    operation: str,
    fault: str,
    options: dict[str, Any],
    status: int,
) -> None:
    quick.faults.add(operation, fault, times=None, **options)
    response = await backend.get("/matches/61b1be8f54d9")
    assert response.status_code == status
    assert response.json()["detail"]
    assert response.headers["content-type"] == "application/problem+json"
    assert quick.token not in response.text


async def test_the_backend_reports_a_deadline_as_504(quick: LocalEdgegap, monkeypatch: pytest.MonkeyPatch) -> None:
    code = readme_program("FastAPI(").replace("edgegap_lifespan()", "edgegap_lifespan(timeout=0.3)")
    quick.faults.add("deployment-get", "stall")
    program: dict[str, Any] = {"__name__": "backend"}
    exec(code, program)
    async with serving(program["app"]) as port, httpx2.AsyncClient() as client:
        assert (await client.get(f"http://127.0.0.1:{port}/matches/61b1be8f54d9")).status_code == 504


async def test_the_backend_refuses_players_that_are_no_addresses(
    quick: LocalEdgegap, backend: httpx2.AsyncClient
) -> None:
    response = await backend.post("/matches", json=["not an address"])
    assert response.status_code == 422
    assert response.json()["detail"][0]["input"] == "not an address"
    assert not quick.requests


async def test_the_backend_stops_a_server_whose_caller_disconnected(
    quick: LocalEdgegap, backend: httpx2.AsyncClient
) -> None:
    waiting = asyncio.create_task(backend.post("/matches", json=["203.0.113.7"]))
    while not quick.deployments:
        await asyncio.sleep(0.01)
    (deployment,) = quick.deployments
    waiting.cancel()
    await asyncio.wait({waiting})
    async with quick.client() as edgegap:
        await edgegap.deployments.wait_until_stopped(deployment.request_id, timeout=10)
    assert not quick.deployments
    assert [request.operation_id for request in quick.requests].count("deployment-delete") == 1


# links and names


def inline_tokens(page: Path, kind: str) -> Iterator[Token]:
    """All tokens of a kind inside the paragraphs, tables and lists of a page."""
    for token in MarkdownIt().enable("table").parse(page.read_text()):
        yield from (each for each in token.children or () if each.type == kind)


def link_targets(page: Path) -> list[str]:
    links = [str(token.attrs["href"]) for token in inline_tokens(page, "link_open")]
    return links + [str(token.attrs["src"]) for token in inline_tokens(page, "image")]


def local_file(page: Path, target: str) -> Path | None:
    """The file of this repository that a link names, None for a link to somewhere else."""
    path = target.partition("#")[0]
    if own := re.fullmatch(rf"{REPOSITORY}/(?:blob|tree)/main/(.+)", path):
        return ROOT / own[1]
    return None if re.match(r"\w+:", path) else page.parent / path


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    tokens = MarkdownIt().parse(page.read_text())
    pages = [inline.content for opened, inline in pairwise(tokens) if opened.type == "heading_open"]
    return {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in pages}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_a_page_have_a_target(page: Path) -> None:
    for target in link_targets(page):
        if (file := local_file(page, target)) is not None:
            assert file.exists(), target
            anchor = target.partition("#")[2]
            assert not anchor or anchor in headings(file), target


def test_links_of_the_readme_are_absolute_so_that_they_work_on_pypi() -> None:
    targets = link_targets(README)
    assert [target for target in targets if not target.startswith("https://")] == []
    assert {page for page in PAGES if page != README} <= {local_file(README, target) for target in targets}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_a_page_names_exist(page: Path) -> None:
    code = " ".join(token.content for token in inline_tokens(page, "code_inline"))
    named = re.findall(r"(?:benchmarks|docs|edgegap_async|examples|tests)/[\w/.-]*", code)
    assert [name for name in named if not (ROOT / name).exists()] == []


def tables(page: Path) -> Iterator[list[list[Token]]]:
    """The tables of a page: their rows, the heading first, each as its cells."""
    rows: list[list[Token]] = []
    for token in MarkdownIt().enable("table").parse(page.read_text()):
        match token.type:
            case "table_open":
                rows = []
            case "tr_open":
                rows.append([])
            case "inline" if rows:
                rows[-1].append(token)
            case "table_close":
                yield rows
                rows = []
            case _:
                pass


def promises(page: Path) -> dict[str, list[str]]:
    """The promises of a page, each with the tests that its row names."""
    return {
        promise.content: [span.content for span in tests.children or () if span.type == "code_inline"]
        for heading, *rows in tables(page)
        if [cell.content for cell in heading] == ["promise", "test"]
        for promise, tests in rows
    }


PROMISES = [pytest.param(tests, id=f"{page.name}: {each}") for page in PAGES for each, tests in promises(page).items()]


def test_three_pages_list_their_promises() -> None:
    assert {page.name for page in PAGES if promises(page)} == {"behaviour.md", "guarantees.md", "webhooks.md"}


@pytest.mark.parametrize("tests", PROMISES)
def test_each_promise_names_tests_that_exist(tests: list[str]) -> None:
    assert tests, "the row has no test"
    for test in tests:
        file, _, name = test.partition("::")
        assert name.startswith("test_")
        defined = {getattr(node, "name", "") for node in ast.parse((ROOT / file).read_text()).body}
        assert name in defined, test


def test_the_package_links_to_the_repository() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    urls: dict[str, str] = project["urls"]
    assert urls.keys() >= {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(REPOSITORY) for url in urls.values())
    files = [local_file(README, url) for url in urls.values() if "/main/" in url]
    assert all(file is not None and file.exists() for file in files)


def test_the_table_of_buckets_is_the_one_in_the_code() -> None:
    page = (ROOT / "docs" / "behaviour.md").read_text()
    for bucket, rate in DOCUMENTED_RATES.items():
        row = next(line for line in page.splitlines() if line.startswith(f"| `{bucket}` "))
        assert f"| {rate:g} " in row
        for operation in OPERATIONS.values():
            if operation.bucket == bucket:
                assert operation.call.rpartition(".")[2] in row
