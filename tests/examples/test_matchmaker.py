"""The example of several processes: it runs as its page says, and nothing remains of it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import attrs
import httpx2
import pytest

ROOT = Path(__file__).parents[2]
STOP_SECONDS = 20


@attrs.frozen
class Example:
    """The example while it runs: its process, its URL, and the processes that it started."""

    process: subprocess.Popen[str]
    url: str
    started: list[int]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("EDGEGAP_", "MATCHMAKER_"))}


@contextmanager
def running_example(*options: str) -> Iterator[Example]:
    command = [sys.executable, "-m", "examples.matchmaker", "--port", "0", *options]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        started: list[int] = []
        try:
            assert process.stdout is not None
            log = ""
            while (found := re.search(r"runs on (http://\S+)", log)) is None:
                line = process.stdout.readline()
                assert line, f"it ended before it served: {log}"
                log += line
            pids = re.search(r"^processes: (.*)$", log, re.MULTILINE)
            assert pids is not None
            started = [int(pid) for pid in pids[1].split()]
            yield Example(process, found[1], started)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for pid in started:
                    with suppress(ProcessLookupError):
                        os.killpg(pid, signal.SIGKILL)  # each has a session of its own
                process.kill()
                raise


def load(url: str, *options: str) -> str:
    command = [sys.executable, "-m", "examples.matchmaker.load", "--url", url, *options]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def descendants(pid: int) -> set[int]:
    """The processes that a process started, and those that they started."""
    lines = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.splitlines()
    children: dict[int, set[int]] = {}
    for child, parent in (map(int, line.split()) for line in lines):
        children.setdefault(parent, set()).add(child)
    found, new = set[int](), {pid}
    while new:
        new = set().union(*(children.get(each, set()) for each in new))
        found |= new
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_players_of_two_workers_get_the_addresses_of_their_matches_and_nothing_remains() -> None:
    with running_example("--workers", "2", "--time-to-ready", "0.1", "0.3") as example:
        printed = load(example.url, "--tickets", "12")
        assert "12 of 12 players have an address, in 3 matches" in printed
        assert "servers: 3 started, 3 stopped, leaked 0" in printed
        assert re.search(r"^time to address: p50 \d+\.\d\d s, p99 \d+\.\d\d s", printed, re.MULTILINE)

        # another match, whose server still runs when the matchmaker is stopped
        with httpx2.Client(base_url=example.url, timeout=10) as client:
            health = client.get("/health").json()
            assert (health["coordination"]["state"], health["coordination"]["members"]) == ("shared", 2)
            joined = [client.post("/tickets", json={"mode": "duel", "player": "203.0.113.7"}) for _ in range(2)]
            with client.stream("GET", joined[0].json()["events"]) as stream:
                events = [json.loads(line[6:]) for line in stream.iter_lines() if line.startswith("data: ")]
            assert events[-1]["state"] == "ready"
            assert re.search(r":\d+$", events[-1]["address"])
            assert client.get("/servers").json() == {"started": 4, "stopped": 3, "running": 1}
            assert client.get("/tickets/unknown/events").status_code == 404
            assert client.post("/tickets", json={"mode": "chess", "player": "203.0.113.7"}).status_code == 422

            # and a player who still waits for others
            waiting = client.post("/tickets", json={"mode": "race", "player": "203.0.113.7"}).json()
            with client.stream("GET", waiting["events"]) as stream:
                lines = stream.iter_lines()
                assert next(line for line in lines if line.startswith("event: ")) == "event: queued"
                processes = descendants(example.process.pid)
                assert len(processes) >= 6, "the local Edgegap, Valkey and its starter, uvicorn and two workers"
                began = time.monotonic()
                example.process.send_signal(signal.SIGTERM)
                assert [line for line in lines if line.startswith("event: ")] == []
        rest, _ = example.process.communicate(timeout=STOP_SECONDS)
        assert example.process.returncode == 0, rest
        assert time.monotonic() - began < 8, "an open stream does not delay the end"
        assert rest.splitlines()[-1].endswith("still running: 0")
        until(lambda: not any(is_alive(pid) for pid in processes))
        assert set(example.started) <= processes


@pytest.mark.parametrize("tickets", ["0", "13"])
def test_the_load_needs_whole_matches(tickets: str) -> None:
    command = [sys.executable, "-m", "examples.matchmaker.load", "--tickets", tickets]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "a race has 4 players" in done.stderr
