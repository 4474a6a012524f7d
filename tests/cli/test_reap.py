"""``edgegap-async reap``: lists orphaned servers, asks, and stops them. Against a local Edgegap only."""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgegap_async.simulator import LocalEdgegap

from .conftest import Run, Start

USERS = ["203.0.113.7"]


@pytest.fixture
async def local() -> AsyncIterator[LocalEdgegap]:
    """A local Edgegap whose servers are ready at once, so that a stop takes effect at once."""
    async with LocalEdgegap(time_to_ready=(0, 0)) as local:
        yield local


async def orphan_a_server(local: LocalEdgegap, journal: Path) -> str:
    async with local.client(journal=journal) as edgegap:
        return (await edgegap.deployments.create("kart", "v1", users=USERS)).request_id


def environment(local: LocalEdgegap) -> dict[str, str]:
    return {"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url}


async def test_reap_lists_orphaned_servers_and_stops_them(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    request_id = await orphan_a_server(local, tmp_path)
    journal = ("--journal", str(tmp_path))
    listed = await (await start("reap", *journal, "--dry-run", environment=environment(local))).finished()
    assert (listed.code, listed.err) == (0, "")
    assert listed.out.startswith(request_id)
    assert listed.out.rstrip().endswith("kart v1")
    assert len(local.deployments) == 1
    ended = await (await start("reap", *journal, "--yes", environment=environment(local))).finished()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("Stopped 1 server.\n")
    assert len(local.deployments) == 0
    again = await (await start("reap", "--older-than", "0s", "--yes", environment=environment(local))).finished()
    assert (again.code, again.out) == (0, "No orphaned servers.\n")


@pytest.mark.parametrize(("answer", "running"), [("y\n", 0), ("\n", 1)])
async def test_reap_stops_servers_only_after_a_yes(
    local: LocalEdgegap, start: Start, tmp_path: Path, answer: str, running: int
) -> None:
    await orphan_a_server(local, tmp_path)
    ours, theirs = pty.openpty()
    try:
        command = await start("reap", "--older-than", "0s", environment=environment(local), stdin=theirs)
        await asyncio.to_thread(os.write, ours, answer.encode())
        ended = await command.finished()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.code == (1 if running else 0)
    assert "Stop 1 server? [y/N]" in ended.err
    assert len(local.deployments) == running


async def test_without_a_terminal_reap_needs_yes(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    await orphan_a_server(local, tmp_path)
    ended = await (await start("reap", "--journal", str(tmp_path), environment=environment(local))).finished()
    assert ended.code == 2
    assert "needs --yes" in ended.err
    assert len(local.deployments) == 1


async def test_an_error_of_the_service_is_one_line(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    await orphan_a_server(local, tmp_path)
    local.faults.add("deployment-delete", "status", code=403, times=None)
    ended = await (await start("reap", "--journal", str(tmp_path), "--yes", environment=environment(local))).finished()
    assert ended.code == 1
    assert ended.err.startswith("edgegap-async: ")
    assert "403" in ended.err
    assert ended.err.count("\n") == 1


async def test_a_wrong_token_is_one_line_and_not_shown(local: LocalEdgegap, start: Start) -> None:
    wrong = {**environment(local), "EDGEGAP_API_TOKEN": "0f8fad5b-d9cb-469f-a165-70867728950e"}
    ended = await (await start("reap", "--older-than", "1h", "--yes", environment=wrong)).finished()
    assert (ended.code, ended.out) == (1, "")
    assert "401" in ended.err
    assert ended.err.count("\n") == 1
    assert wrong["EDGEGAP_API_TOKEN"] not in ended.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs --journal or --older-than"),
        (["--older-than", "soon"], "such as 30m, 2h or 1d"),
        (["--journal", "/nonexistent/journal"], "/nonexistent/journal: there is no such folder"),
    ],
)
def test_wrong_options_are_refused(run: Run, arguments: list[str], message: str) -> None:
    ended = run("reap", *arguments)
    assert ended.code == 2
    assert message in ended.err
