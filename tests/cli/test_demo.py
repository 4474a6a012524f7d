"""``edgegap-async demo`` on its own local Edgegap: its output and exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import sys
from typing import Any

import pytest

from .conftest import READY_AT_ONCE, Run, Start

MATCH_KEYS = ["match", "request_id", "city", "country", "address", "seconds", "players"]


def json_output(run: Run, *arguments: str) -> Any:
    ended = run("demo", "--json", *READY_AT_ONCE, *arguments)
    assert (ended.code, ended.err) == (0, "")
    return json.loads(ended.out)


async def test_json_is_the_only_output(start: Start) -> None:
    ended = await (await start("demo", "--json", "--matches", "6", *READY_AT_ONCE)).finished()
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    assert list(document) == ["matches", "stopped", "left_running", "client"]
    assert (document["stopped"], document["left_running"]) == (6, 0)
    assert [match["match"] for match in document["matches"]] == [1, 2, 3, 4, 5, 6]
    for match in document["matches"]:
        assert list(match) == MATCH_KEYS
        assert re.fullmatch(rf"{match['request_id']}\.pr\.edgegap\.net:\d+", match["address"])
        assert match["city"]
        assert match["country"]
        assert 0 < match["seconds"] < 5
        assert 3 <= len(match["players"]) <= 5
    client = document["client"]
    assert client["buckets"]["deploy"]["requests"] == 6
    assert client["requests"] == sum(bucket["requests"] for bucket in client["buckets"].values())
    assert (client["rate_limited"], client["retries"]) == (0, 0)
    assert client["waited_seconds"] > 0


def test_the_same_seed_gives_the_same_servers_and_cities(run: Run) -> None:
    def servers(*arguments: str) -> Any:
        return [
            [match[key] for key in ("request_id", "city", "country", "players")]
            for match in json_output(run, "--matches", "4", *arguments)["matches"]
        ]

    first = servers("--seed", "5")
    assert first == servers("--seed", "5")
    assert first != servers("--seed", "6")


def test_without_a_terminal_it_prints_plain_lines_and_tables(run: Run) -> None:
    ended = run("demo", "--matches", "3", *READY_AT_ONCE)
    assert (ended.code, ended.err) == (0, "")
    assert "\x1b" not in ended.out
    changes = re.findall(r"^ +[\d.]+ s  match +(\d)  (\w+)", ended.out, re.MULTILINE)
    assert sorted(changes) == sorted((match, state) for match in "123" for state in ("requested", "ready"))
    assert re.search(r"^match  region +city +address +ready\n1 ", ended.out, re.MULTILINE)
    assert re.search(r"^deploy +3 +0 +0 ", ended.out, re.MULTILINE)
    assert ended.out.endswith("stopped 3 servers, none left running\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
async def test_a_terminal_shows_the_live_view_and_gets_its_cursor_back(start: Start) -> None:
    ours, theirs = pty.openpty()
    environment = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "NO_COLOR": "1"}
    command = await start("demo", "--matches", "3", *READY_AT_ONCE, environment=environment, stdout=theirs)
    os.close(theirs)
    shown, ended = await asyncio.gather(asyncio.to_thread(read, ours), command.finished())
    assert (ended.code, ended.err) == (0, "")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    text = re.sub(r"\x1b\[[\d;?]*\w", "", shown)
    result = text[text.rindex("match  region") :]
    assert "stopped 3 servers, none left running" in result
    assert max(map(len, result.splitlines())) <= 80


def read(terminal: int) -> str:
    """Read a terminal until its other side is closed."""
    with os.fdopen(terminal, "rb", buffering=0) as stream:
        content = bytearray()
        while True:
            try:
                content += stream.read(65536)
            except OSError:  # the other side is closed, and everything is read
                return content.decode()


def test_wrong_options_are_refused(run: Run) -> None:
    for arguments in (["--matches", "0"], ["--time-to-ready", "3", "1"], ["--timeout", "0"], ["--bogus"]):
        ended = run("demo", *arguments)
        assert ended.code == 2
        assert arguments[0] in ended.err
        assert not ended.out
