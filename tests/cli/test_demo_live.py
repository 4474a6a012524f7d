"""``edgegap-async demo --live``: confirmation, refusals and secrets. Against a local Edgegap only."""

from __future__ import annotations

import json
import os
import pty

import pytest

from edgegap_async.simulator import LocalEdgegap

from .conftest import Run, Start

LIVE = ("--live", "--application", "kart", "--version", "v1.2", "--matches", "4")
TOKEN = "0f8fad5b-d9cb-469f-a165-70867728950e"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, run: Run) -> None:
    """A token, and a base URL that no server listens on."""
    monkeypatch.setenv("EDGEGAP_API_TOKEN", TOKEN)
    monkeypatch.setenv("EDGEGAP_BASE_URL", "http://127.0.0.1:9")


async def test_with_yes_it_deploys_and_stops_without_asking(start: Start) -> None:
    async with LocalEdgegap(time_to_ready=(0, 0)) as local:
        environment = {"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url}
        ended = await (await start("demo", *LIVE, "--yes", "--json", environment=environment)).finished()
        assert (ended.code, ended.err) == (0, "")
        assert (json.loads(ended.out)["stopped"], len(local.history), len(local.deployments)) == (4, 4, 0)
        creates = [each for each in local.requests if each.operation_id == "v2-deployment-create"]
        # the real service has no location for a documentation address
        assert {user["user_type"] for create in creates for user in create.body["users"]} == {"geo_coordinates"}
        assert all("edgegap-async-demo" in create.body["tags"] for create in creates)


@pytest.mark.usefixtures("environment")
def test_without_a_terminal_it_needs_yes(run: Run) -> None:
    ended = run("demo", *LIVE)
    assert (ended.code, ended.out) == (2, "")
    assert "needs --yes" in ended.err


@pytest.mark.usefixtures("environment")
def test_options_that_contradict_live_are_refused(run: Run) -> None:
    assert "--live needs --application and --version" in run("demo", "--live", "--yes").err
    ended = run("demo", *LIVE, "--yes", "--time-to-ready", "1", "2")
    assert ended.code == 2
    assert "--time-to-ready is for the local Edgegap" in ended.err


def test_a_missing_token_is_reported_in_one_line(run: Run) -> None:
    ended = run("demo", *LIVE, "--yes")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("edgegap-async: ")
    assert "EDGEGAP_API_TOKEN" in ended.err
    assert ended.err.count("\n") == 1


async def test_it_starts_nothing_after_a_no(start: Start) -> None:
    async with LocalEdgegap() as local:
        mine, theirs = pty.openpty()
        environment = {"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url}
        command = await start("demo", *LIVE, environment=environment, stdin=theirs)
        os.close(theirs)
        os.write(mine, b"n\n")
        ended = await command.finished()
        os.close(mine)
        assert (ended.code, ended.out) == (1, "")
        question = f"This starts 4 servers of kart v1.2 on {local.url}; they are billed until stopped. Go on? [y/N] "
        assert ended.err == question + "nothing was started\n"
        assert not local.requests


@pytest.mark.parametrize("options", [(), ("--json",)])
async def test_a_wrong_token_is_reported_in_one_line_and_not_shown(start: Start, options: tuple[str, ...]) -> None:
    async with LocalEdgegap() as local:
        environment = {"EDGEGAP_API_TOKEN": TOKEN, "EDGEGAP_BASE_URL": local.url}
        ended = await (await start("demo", *LIVE, "--yes", *options, environment=environment)).finished()
        assert ended.code == 1
        assert ended.err.startswith("edgegap-async: v2-deployment-create ")
        assert "401" in ended.err
        assert ended.err.count("\n") == 1
        assert TOKEN not in ended.output
