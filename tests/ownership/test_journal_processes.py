"""Many processes open, recover, leave and close journals in one folder at once."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

from edgegap_async.ownership.journal_file import JournalFile

WORKER = """
import asyncio, os, random, sys
from pathlib import Path
from edgegap_async.ownership.journal import Journal
from edgegap_async.ownership.tag import GuardTags

ROUNDS = int(sys.argv[2])

async def use(folder, is_last):
    tags = GuardTags()
    journal = Journal(folder)
    await journal.open(tags.owner)
    stopped = tags.next()
    await journal.record(stopped, "requested", name="kart v1")
    if random.random() < 0.5:
        await recover(journal)
    await journal.record(stopped, "created", request_id="0123456789ab")
    await journal.record(stopped, "stopped")
    if random.random() < 0.3 or is_last:
        orphaned = tags.next()
        await journal.record(orphaned, "requested")
        os.write(1, f"orphaned {orphaned}\\n".encode())
        if is_last:
            os._exit(0)
    await journal.close()

async def recover(journal):
    async with journal.lock_stale() as others:
        assert not others.errors, others.errors
        for stale in [*others.stale] if random.random() < 0.7 else ():  # else it is a dry run
            for orphan in stale.orphans:
                os.write(1, f"recovered {orphan.tag}\\n".encode())
            await journal.remove(stale, others)

async def main():
    folder = Path(sys.argv[1])
    await use(folder, False)  # the thread, the loop
    descriptors = len(os.listdir("/dev/fd"))
    for _ in range(ROUNDS):
        await use(folder, False)
    assert len(os.listdir("/dev/fd")) == descriptors, "descriptors leaked"
    await use(folder, True)

asyncio.run(main())
"""


def test_no_journal_is_lost_recovered_twice_or_removed_while_it_is_in_use(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORKER, str(tmp_path), "150"]
    workers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(6)]
    lines: list[str] = []
    for worker in workers:
        output, errors = worker.communicate(timeout=60)
        assert worker.returncode == 0, errors
        lines += output.splitlines()
    tags = {kind: Counter(line.split()[1] for line in lines if line.startswith(kind)) for kind in ("orph", "recov")}
    for path in tmp_path.iterdir():
        file = JournalFile.lock(path)
        assert file is not None
        tags["recov"].update(str(row["tag"]) for row in file.read()[0])
        file.close()
    assert tags["recov"] == tags["orph"]
    assert set(tags["orph"].values()) == {1}
    assert len(tags["orph"]) > 100
