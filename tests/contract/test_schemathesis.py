"""schemathesis on the local Edgegap: no server error, and no response that the document does not describe."""

from __future__ import annotations

import asyncio
import os
import re
from collections import Counter
from pathlib import Path
from typing import Final

import pytest
from corrected_documents import write_document
from documents import OPERATION_IDS

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator import LocalEdgegap

COMMAND: Final = os.environ.get("SCHEMATHESIS", "schemathesis")
CHECKS: Final = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.contract
@pytest.mark.parametrize("spec", ["v1", "v2", "v1-legacy"])
async def test_the_local_edgegap_responds_as_documented(spec: str, tmp_path: Path, checked: Counter[str]) -> None:
    # An operation of both documents is checked by the present one.
    operations = [each for each in OPERATION_IDS if OPERATIONS[each].spec == spec]
    async with LocalEdgegap(seed=1, rate_limits=None, time_to_ready=(0, 0)) as local:
        process = await asyncio.create_subprocess_exec(
            COMMAND, "run", str(write_document(spec, tmp_path, operations)), "--url", local.url,
            "-H", f"Authorization: token {local.token}", "--checks", CHECKS,
            "--phases", "examples,coverage,fuzzing", "--max-examples", "20", "--continue-on-failure", "--seed", "1",
            "--generation-database", "none", "--no-color",
            cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output = (await process.communicate())[0].decode()
    generated = re.search(r"(\d+) generated", output)
    checked["cases of schemathesis"] += int(generated[1]) if generated else 0
    assert process.returncode == 0, output
    assert generated, output
    assert local.crashes == []
