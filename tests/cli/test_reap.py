"""``edgegap-async reap``: lists orphaned servers, asks, and stops them. Against a local Edgegap only."""

from __future__ import annotations

import asyncio
import json
import os
import pty
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.own_valkey import OwnValkey
from edgegap_async.simulator import LocalEdgegap

from .conftest import Run, Start

USERS = ["203.0.113.7"]
RECENT = ("--older-than", "0.001s", "--allow-recent")


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
    again = await (await start("reap", *RECENT, "--yes", environment=environment(local))).finished()
    assert (again.code, again.out) == (0, "No orphaned servers.\n")


async def test_reap_spares_the_servers_of_the_processes_that_the_store_knows(local: LocalEdgegap, start: Start) -> None:
    store = await asyncio.to_thread(OwnValkey)
    together = {**environment(local), "EDGEGAP_COORDINATION_URL": store.url}
    async with await asyncio.to_thread(lambda: local.client(coordination=store.url)) as edgegap:  # imports redis
        request_id = (await edgegap.deployments.create("kart", "v1", users=USERS)).request_id
        spared = await (await start("reap", *RECENT, "--yes", environment=together)).finished()
        assert (spared.code, spared.out) == (0, "No orphaned servers.\n")
        found = await (await start("reap", *RECENT, "--dry-run", environment=environment(local))).finished()
        assert found.out.startswith(request_id)
    await asyncio.to_thread(store.stop)
    refused = await (await start("reap", *RECENT, "--yes", environment=together)).finished()
    assert refused.code == 1
    assert "the coordination store cannot be used" in refused.err
    assert len(local.deployments) == 1


@pytest.mark.parametrize(("answer", "running"), [("y\n", 0), ("\n", 1)])
async def test_reap_stops_servers_only_after_a_yes(
    local: LocalEdgegap, start: Start, tmp_path: Path, answer: str, running: int
) -> None:
    await orphan_a_server(local, tmp_path)
    ours, theirs = pty.openpty()
    try:
        command = await start("reap", *RECENT, environment=environment(local), stdin=theirs)
        await asyncio.to_thread(os.write, ours, answer.encode())
        ended = await command.finished()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ended.code == (1 if running else 0)
    assert "Stop 1 server? [y/N]" in ended.err
    assert len(local.deployments) == running


async def test_reap_stops_exactly_the_servers_that_it_listed(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    """While it asks, four more servers are orphaned."""
    listed = await orphan_a_server(local, tmp_path)
    ours, theirs = pty.openpty()
    try:
        options = ("--journal", str(tmp_path), *RECENT)
        command = await start("reap", *options, environment=environment(local), stdin=theirs)
        assert command.process.stderr is not None
        await asyncio.wait_for(command.process.stderr.readuntil(b"Stop 1 server? [y/N] "), 30)
        later = {await orphan_a_server(local, tmp_path) for _ in range(4)}
        await asyncio.to_thread(os.write, ours, b"y\n")
        ended = await command.finished()
    finally:
        os.close(ours)
        os.close(theirs)
    assert (ended.code, ended.out.splitlines()[-1]) == (0, "Stopped 1 server.")
    assert {each.request_id for each in local.deployments} == later
    assert listed not in later


async def stop_and_wait(local: LocalEdgegap, request_id: str) -> None:
    async with local.client() as another_worker:
        await another_worker.deployments.stop(request_id)
        await another_worker.deployments.wait_until_stopped(request_id)


async def test_reap_counts_servers_that_were_already_stopped_apart(
    local: LocalEdgegap, start: Start, tmp_path: Path
) -> None:
    for _ in range(3):
        stopped = await orphan_a_server(local, tmp_path)
        await stop_and_wait(local, stopped)
    await orphan_a_server(local, tmp_path)
    ended = await (await start("reap", "--journal", str(tmp_path), "--yes", environment=environment(local))).finished()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[-1] == "Stopped 1 server. 3 servers were already stopped."


async def test_reap_stops_what_it_finds_and_fails_if_a_journal_cannot_be_read(
    local: LocalEdgegap, start: Start, tmp_path: Path
) -> None:
    await orphan_a_server(local, tmp_path)
    (tmp_path / "1111111.jsonl").mkdir()
    ended = await (await start("reap", "--journal", str(tmp_path), "--yes", environment=environment(local))).finished()
    assert ended.code == 1
    assert "1111111.jsonl cannot be opened" in ended.err
    assert ended.out.splitlines()[-1] == "Stopped 1 server."
    assert len(local.deployments) == 0


async def test_reap_json_prints_one_object(local: LocalEdgegap, start: Start, tmp_path: Path) -> None:
    stopped = await orphan_a_server(local, tmp_path)
    await stop_and_wait(local, stopped)
    running = [await orphan_a_server(local, tmp_path) for _ in range(2)]
    options = ("--journal", str(tmp_path), "--json")

    async def reap(*more: str) -> tuple[int, dict[str, Any], str]:
        ended = await (await start("reap", *options, *more, environment=environment(local))).finished()
        return ended.code, json.loads(ended.out), ended.err

    code, document, _ = await reap("--dry-run")
    assert code == 0
    assert {each["request_id"] for each in document["listed"]} == {stopped, *running}
    assert {each["name"] for each in document["listed"]} == {"kart v1"}
    assert document["stopped"] == document["already_stopped"] == document["failed"] == []

    local.faults.add("deployment-delete", "status", code=403, body={"message": "no"})
    code, document, errors = await reap("--yes")
    assert code == 1
    (failed,) = document["failed"]
    assert sorted([*document["stopped"], *document["already_stopped"], failed]) == sorted([stopped, *running])
    assert f"deployment {failed} may still run" in errors

    code, document, _ = await reap("--yes")
    assert (code, document["failed"], len(local.deployments)) == (0, [], 0)
    code, document, _ = await reap("--yes")
    assert (code, document) == (0, {"listed": [], "stopped": [], "already_stopped": [], "failed": []})


async def test_reap_stops_recent_servers_only_with_allow_recent(local: LocalEdgegap, start: Start) -> None:
    async with local.client() as edgegap:
        await edgegap.deployments.create("kart", "v1", users=USERS)
    recent = ("reap", "--older-than", "0.001s")
    for refused in (recent, (*recent, "--yes")):
        ended = await (await start(*refused, environment=environment(local))).finished()
        assert (ended.code, ended.out) == (2, "")
        assert "--allow-recent" in ended.err
    listed = await (await start(*recent, "--dry-run", environment=environment(local))).finished()
    assert (listed.code, len(local.deployments)) == (0, 1)
    ended = await (await start(*recent, "--allow-recent", "--yes", environment=environment(local))).finished()
    assert (ended.code, len(local.deployments)) == (0, 0)


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
        (["--older-than", "-5m"], "--older-than"),
        (["--older-than", "0s", "--allow-recent", "--yes"], "--older-than must be above 0, not 0s"),
        (["--older-than", "0.0m", "--dry-run"], "--older-than must be above 0, not 0.0m"),
        (["--older-than", "9m", "--yes"], "add --allow-recent"),
        (["--older-than", "9999999999999d"], "is too long ago"),
        (["--journal", "/nonexistent/journal"], "/nonexistent/journal: there is no such folder"),
    ],
)
def test_wrong_options_are_refused(run: Run, arguments: list[str], message: str) -> None:
    ended = run("reap", *arguments)
    assert ended.code == 2
    assert message in ended.err
