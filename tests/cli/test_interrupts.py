"""Ctrl-C and other signals: every server is stopped, in whatever state it is."""

from __future__ import annotations

import asyncio
import re
import signal

import pytest

from edgegap_async.cli.interrupts import Interrupts
from edgegap_async.simulator import LocalEdgegap

from .conftest import Start


async def test_ctrl_c_stops_every_server_of_the_demo(start: Start) -> None:
    command = await start("demo", "--matches", "12")
    await command.line("match   3  requested")
    command.process.send_signal(signal.SIGINT)
    ended = await command.finished()
    assert ended.code == 130
    message = re.fullmatch(r"interrupted: stopped (\d+) servers, none left running\n", ended.err)
    assert message is not None
    assert 3 <= int(message[1]) <= 12


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
async def test_repeated_signals_do_not_keep_servers_from_being_stopped(start: Start, which: signal.Signals) -> None:
    async with LocalEdgegap() as local:
        local.faults.add("deployment-delete", "delay", times=None, seconds=0.4)  # so that stopping takes a while
        environment = {"EDGEGAP_API_TOKEN": local.token, "EDGEGAP_BASE_URL": local.url}
        options = ("--live", "--yes", "--application", "kart", "--version", "v1.2", "--matches", "12")
        command = await start("demo", *options, environment=environment)
        await command.line("match   2  requested")
        for _ in range(3):
            command.process.send_signal(which)
            await asyncio.sleep(0.05)
        ended = await command.finished()
        assert ended.code == 130
        assert "Traceback" not in ended.output
        assert "still stopping the servers\n" in ended.err
        assert len(local.history) >= 2
        assert f"interrupted: stopped {len(local.history)} servers, none left running\n" in ended.err
        assert len(local.deployments) == 0


async def test_the_first_signal_cancels_the_work_and_later_ones_are_reported() -> None:
    repeats: list[None] = []
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts(lambda: repeats.append(None)) as interrupts:
        work = asyncio.create_task(asyncio.sleep(10))
        with interrupts.cancelling(work):
            signal.raise_signal(signal.SIGTERM)
            await asyncio.wait({work})
        signal.raise_signal(signal.SIGTERM)
        await asyncio.sleep(0)
        assert interrupts.interrupted
        assert work.cancelled()
        assert len(repeats) == 1
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, before)
    signal.signal(signal.SIGINT, signal.default_int_handler)


async def test_without_a_signal_the_previous_handlers_are_restored() -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    with Interrupts() as interrupts:
        assert not interrupts.interrupted
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before
