"""A disk that hangs: the event loop, deadlines, cancellations, the closing and the end of the process do not."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cancellation import MAX_STEPS, cancelled_at

from edgegap_async import ConfigurationError, DeadlineExceeded, EdgegapClient, Outcome, client
from edgegap_async.ownership import journal
from edgegap_async.ownership.disk_thread import DiskThread
from edgegap_async.ownership.journal import Journal
from edgegap_async.ownership.journal_file import JournalFile
from edgegap_async.ownership.tag import GuardTags
from edgegap_async.simulator import LocalEdgegap

USERS = ["203.0.113.7"]
THREAD = "edgegap journal"


class Disk:
    """A disk that can hang: the journal's thread then waits in each system call of some names."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._answers = threading.Event()
        self._answers.set()
        for name in ("write", "open", "listdir", "ftruncate"):
            monkeypatch.setattr(os, name, self._waiting(getattr(os, name)))

    def _waiting(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wait_and_call(*arguments: Any, **options: Any) -> Any:
            if threading.current_thread().name == THREAD:
                assert self._answers.wait(30)
            return call(*arguments, **options)

        return wait_and_call

    def hang(self) -> None:
        self._answers.clear()

    def answer(self) -> None:
        self._answers.set()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    disk = Disk(monkeypatch)
    yield disk
    disk.answer()
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(5)


async def seconds_of(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return time.perf_counter() - started


async def test_a_request_that_cannot_be_recorded_in_time_is_not_sent(
    local: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        disk.hang()
        started = time.perf_counter()
        with pytest.raises(DeadlineExceeded, match="nothing was sent, because the journal could not record") as late:
            await edgegap.deployments.deploy("kart", "v1", users=USERS, timeout=0.3)
        assert time.perf_counter() - started < 1
        assert late.value.outcome is Outcome.NOT_SENT
        assert late.value.operation == "v2-deployment-create"
        disk.answer()
        assert await edgegap.recover() == ()
        (file,) = tmp_path.iterdir()
        assert len(file.read_bytes().splitlines()) == 1
    assert local.requests == []
    assert [*tmp_path.iterdir()] == []


async def test_what_follows_a_create_is_recorded_in_the_background_and_in_order(
    local: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    async with local.client(journal=tmp_path) as edgegap:
        local.faults.add("v2-deployment-create", "delay", seconds=0.2)
        creating = asyncio.create_task(edgegap.deployments.create("kart", "v1", users=USERS, timeout=5))
        await asyncio.sleep(0.1)
        disk.hang()
        assert await seconds_of(creating) < 1
        assert await seconds_of(edgegap.deployments.stop(creating.result())) < 1
        assert len(local.requests) == 2
        asyncio.get_running_loop().call_later(0.3, disk.answer)
        assert await seconds_of(edgegap.aclose()) > 0.2
    assert [*tmp_path.iterdir()] == []


async def test_a_release_that_the_disk_delays_ends_at_the_deadline(
    local: LocalEdgegap, disk: Disk, tmp_path: Path
) -> None:
    async with local.client(journal=tmp_path, timeout=0.5) as edgegap:
        server = await edgegap.deployments.create("kart", "v1", users=USERS)
        await edgegap.recover()
        disk.hang()
        with pytest.raises(DeadlineExceeded, match="is released: the disk does not respond"):
            await edgegap.deployments.release(server)
        disk.answer()
    assert [*tmp_path.iterdir()] == []


async def test_closing_waits_for_the_disk_for_a_bounded_time_and_reports(
    local: LocalEdgegap, disk: Disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(client, "_CLOSING_SECONDS", 0.3)
    monkeypatch.setattr(journal, "_DISK_SECONDS", 0.3)
    edgegap = await local.client(journal=tmp_path).__aenter__()
    server, _ = [await edgegap.deployments.create("kart", "v1", users=USERS) for _ in range(2)]
    await edgegap.recover()
    disk.hang()
    await edgegap.deployments.stop(server)
    started = time.perf_counter()
    with pytest.raises(ExceptionGroup) as failures:
        await edgegap.aclose()
    assert time.perf_counter() - started < 2
    (failure,) = failures.value.exceptions
    assert f"not finished when the client was closed: record in the journal that {server.request_id} is" in str(failure)
    disk.answer()
    async with local.client(journal=tmp_path) as second:
        (orphan,) = await second.recover()
        assert orphan.request_id != server.request_id


async def test_a_recovery_that_is_cancelled_does_not_wait_for_the_disk(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(journal, "_DISK_SECONDS", 0.1)
    async with EdgegapClient("abc", journal=tmp_path) as edgegap:
        disk.hang()
        started = time.perf_counter()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await edgegap.recover()
        assert time.perf_counter() - started < 2
        disk.answer()


async def test_the_journals_are_unlocked_when_a_recovery_ends(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def leave_journal() -> JournalFile:
        file = JournalFile.create(tmp_path / "0000000.jsonl")
        file.put("tag", {"tag": str(GuardTags().next())})
        file.close()
        return file

    file = await asyncio.to_thread(leave_journal)
    close = JournalFile.close

    def close_slowly(file: JournalFile) -> None:
        time.sleep(0.1)
        close(file)

    monkeypatch.setattr(JournalFile, "close", close_slowly)
    other = Journal(tmp_path)
    async with other.lock_stale() as found:
        assert len(found.stale) == 1
        assert JournalFile.lock(file.path) is None
    stale = JournalFile.lock(file.path)
    assert stale is not None
    close(stale)
    await other.close()


async def test_a_recovery_that_is_cancelled_keeps_no_journal_locked(disk: Disk, tmp_path: Path) -> None:
    tags = GuardTags()

    def leave_journal() -> JournalFile:
        file = JournalFile.create(tmp_path / f"{tags.owner}.jsonl")
        file.put("tag", {"tag": str(tags.next())})
        file.close()
        return file

    file = await asyncio.to_thread(leave_journal)
    async with EdgegapClient("abc", journal=tmp_path) as edgegap:
        descriptors = len(os.listdir("/dev/fd"))
        disk.hang()
        recovering = asyncio.create_task(edgegap.recover())
        await asyncio.sleep(0.1)
        recovering.cancel()
        asyncio.get_running_loop().call_later(0.2, disk.answer)
        with pytest.raises(asyncio.CancelledError):
            await recovering
        assert len(os.listdir("/dev/fd")) == descriptors
        stale = JournalFile.lock(file.path)
        assert stale is not None
        stale.close()


@pytest.mark.parametrize("is_cancelled", [False, True])
async def test_an_opening_that_the_disk_delays_can_end_and_leaves_no_file(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_cancelled: bool
) -> None:
    disk.hang()
    descriptors = len(os.listdir("/dev/fd"))
    monkeypatch.setattr(journal, "_OPENING_SECONDS", 5 if is_cancelled else 0.1)
    opening = asyncio.create_task(EdgegapClient("abc", journal=tmp_path / "new").__aenter__())
    await asyncio.sleep(0.1)
    if is_cancelled:
        opening.cancel()
    with pytest.raises(asyncio.CancelledError if is_cancelled else ConfigurationError) as error:
        await opening
    assert is_cancelled or str(error.value).endswith("new: the disk does not respond")
    disk.answer()
    await ended_threads()
    assert [*(tmp_path / "new").iterdir()] == []
    assert len(os.listdir("/dev/fd")) == descriptors


async def ended_threads() -> None:
    """Wait until the journals of all clients are closed."""
    async with asyncio.timeout(5):
        while any(thread.name == THREAD for thread in threading.enumerate()):
            await asyncio.sleep(0.001)


async def test_a_server_that_is_cancelled_at_any_await_leaves_no_line(tmp_path: Path) -> None:
    async with LocalEdgegap(seed=1, time_to_ready=(0, 0)) as local:
        for step in range(1, MAX_STEPS):
            async with local.client(journal=tmp_path) as edgegap:

                async def run_a_server(edgegap: EdgegapClient = edgegap) -> None:
                    async with edgegap.deployments.running("kart", "v1", users=USERS):
                        pass

                result = await cancelled_at(step, run_a_server)
            assert len(local.deployments) == 0, step
            assert [*tmp_path.iterdir()] == [], step
            if not result.cancelled:
                break
        assert step > 10


async def test_a_recovery_that_is_cancelled_at_any_await_leaves_nothing_open(tmp_path: Path) -> None:
    async def open_and_recover() -> None:
        async with local.client(journal=tmp_path) as edgegap:
            await edgegap.recover()

    async with LocalEdgegap(seed=1, time_to_ready=(0, 0)) as local:
        for step in range(1, MAX_STEPS):
            async with local.client(journal=tmp_path) as edgegap:
                await edgegap.deployments.create("kart", "v1", users=USERS)
            result = await cancelled_at(step, open_and_recover)
            await ended_threads()
            async with local.client(journal=tmp_path) as edgegap:
                await edgegap.recover()  # would spare what is locked
            assert len(local.deployments) == 0, step
            assert [*tmp_path.iterdir()] == [], step
            if not result.cancelled:
                break
        assert step > 10


async def test_a_thread_that_waits_for_the_disk_does_not_keep_the_process_from_exiting() -> None:
    """The interpreter joins all other threads when it exits."""
    answers = threading.Event()
    with DiskThread(THREAD) as thread:
        waiting = thread.submit(answers.wait, 30)
        is_daemon = [each.daemon for each in threading.enumerate() if each.name == THREAD]
        answers.set()
    await ended_threads()
    assert (waiting.result(), is_daemon) == (True, [True])


HANGING = """
import asyncio, os, sys, threading, time
from edgegap_async import ConfigurationError, DeadlineExceeded, EdgegapClient

write = os.write
def hang(file, data):
    if threading.current_thread().name == "edgegap journal":
        print("hangs", flush=True)
        time.sleep(3600)
    return write(file, data)

async def main():
    edgegap = await EdgegapClient("abc", journal=sys.argv[1]).__aenter__()
    os.write = hang
    await edgegap.deployments.create("kart", "v1", users=["203.0.113.7"], timeout=0.2)

try:
    asyncio.run(main())
except DeadlineExceeded:
    print("late", flush=True)
"""


def test_a_write_that_hangs_does_not_keep_the_process_from_exiting(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", HANGING, str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.stdout.split() == ["hangs", "late"], ended.stderr
