"""schemathesis on the local Edgegap: no server error, and no answer that the document does not describe."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from documents import EVERY
from mended import written

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap

COMMAND: Final = os.environ.get("SCHEMATHESIS", "schemathesis")
CHECKS: Final = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.contract
@pytest.mark.parametrize("spec", ["v1", "v2", "v1-legacy"])
async def test_the_local_edgegap_answers_as_documented(spec: str, tmp_path: Path, checked: Counter[str]) -> None:
    # What both documents have is held to the present one.
    mine = [each for each in EVERY if OPERATIONS[each].spec == spec]
    async with LocalEdgegap(seed=1, rate_limits=None, time_to_ready=(0, 0)) as local:
        process = await asyncio.create_subprocess_exec(
            COMMAND, "run", str(written(spec, tmp_path, mine)), "--url", local.url,
            "-H", f"Authorization: token {local.token}", "--checks", CHECKS,
            "--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--continue-on-failure", "--seed", "1",
            "--generation-database", "none", "--no-color",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
    told = re.search(r"(\d+) generated", output)
    checked["cases of schemathesis"] += int(told[1]) if told else 0
    assert process.returncode == 0, output
    assert told, output
    assert local.crashes == []
