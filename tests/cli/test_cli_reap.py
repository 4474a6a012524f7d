"""``reap``: it lists what was left behind, asks, and stops it. Against a local Edgegap only."""

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
    """Its servers are ready at once, so that one that is stopped is on its way out at once."""
    async with LocalEdgegap(time_to_ready=(0, 0)) as local:
        yield local


async def left_behind(local: LocalEdgegap, journal: Path) -> str:
    async with local.client(journal=journal) as edgegap:
        return (await edgegap.deployments.create("kart", "v1", users=USERS)).request_id


def environment(local: LocalEdgegap) -> dict[str, str]:
    return {"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url}


async def test_it_lists_and_stops(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    request_id = await left_behind(local, tmp_path)
    journal = ("--journal", str(tmp_path))
    looked = await (await start("reap", *journal, "--dry-run", environment=environment(local))).ended()
    assert (looked.code, looked.err) == (0, "")
    assert looked.out.startswith(request_id)
    assert looked.out.rstrip().endswith("kart v1")
    assert len(local.deployments) == 1
    ended = await (await start("reap", *journal, "--yes", environment=environment(local))).ended()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("Stopped 1 server.\n")
    assert len(local.deployments) == 0
    again = await (await start("reap", "--older-than", "0s", "--yes", environment=environment(local))).ended()
    assert (again.code, again.out) == (0, "Nothing was left behind.\n")


@pytest.mark.parametrize(("answer", "left"), [("y\n", 0), ("\n", 1)])
async def test_it_asks(local: LocalEdgegap, start: Start, tmp_path: Path, answer: str, left: int) -> None:
    await left_behind(local, tmp_path)
    ours, theirs = pty.openpty()
    try:
        command = await start("reap", "--older-than", "0s", environment=environment(local), stdin=theirs)
        await asyncio.to_thread(os.write, ours, answer.encode())
        ended = await command.ended()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.code == (1 if left else 0)
    assert "Stop 1 server? [y/N]" in ended.err
    assert len(local.deployments) == left


async def test_without_a_terminal_to_ask_at_it_refuses(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    await left_behind(local, tmp_path)
    ended = await (await start("reap", "--journal", str(tmp_path), environment=environment(local))).ended()
    assert ended.code == 2
    assert "needs --yes" in ended.err
    assert len(local.deployments) == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "needs --journal or --older-than"),
        (["--older-than", "soon"], "such as 30m, 2h or 1d"),
        (["--journal", "/nonexistent/journal"], "there is no journal"),
    ],
)
def test_what_it_does_not_understand(run: Run, arguments: list[str], told: str) -> None:
    ended = run("reap", *arguments)
    assert ended.code == 2
    assert told in ended.err
