"""The servers of a worker that was killed: every worker looks for them again and again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from edgegap_async import RecoveryFailed, errors
from edgegap_async.simulator import LocalEdgegap
from examples.matchmaker import settings
from examples.matchmaker.matchmaker import recover_regularly


@pytest.mark.looptime
async def test_a_failed_recovery_is_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(settings, "JOURNAL", str(tmp_path))
    results: list[Exception] = [
        RecoveryFailed("not all", [errors.JournalError("damaged")], ()),
        errors.CoordinationError("lost"),
    ]
    async with LocalEdgegap() as local, local.client(journal=tmp_path) as edgegap:
        own, times = edgegap.recover, []

        async def recover() -> object:
            times.append(asyncio.get_running_loop().time())
            if results:
                raise results.pop()
            return await own()

        monkeypatch.setattr(edgegap, "recover", recover)
        recovering = asyncio.create_task(recover_regularly(edgegap))
        await asyncio.sleep(2.5 * settings.RECOVER_SECONDS)
        recovering.cancel()
        await asyncio.wait({recovering})
        assert [round(time - times[0]) for time in times] == [0, 30, 60]


async def test_without_a_journal_nothing_is_recovered() -> None:
    async with LocalEdgegap() as local, local.client() as edgegap:
        await asyncio.wait_for(recover_regularly(edgegap), 1)
