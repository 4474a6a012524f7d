"""``edgegap-async serve``: a local Edgegap for other programs."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

from edgegap_async import EdgegapClient

from .conftest import READY_AT_ONCE, Run, Start


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


async def test_serve_prints_its_address_and_token_and_ends_with_a_summary(start: Start) -> None:
    command = await start("serve", "--port", "0", *READY_AT_ONCE)
    url = (await command.line("EDGEGAP_BASE_URL=")).partition("=")[2].strip()
    token = (await command.line("EDGEGAP_API_TOKEN=")).partition("=")[2].strip()
    assert url.startswith("http://127.0.0.1:")
    async with EdgegapClient(token, base_url=url) as edgegap:
        request = await edgegap.deployments.create("kart", "v1.2", users=[(45.5, -73.6)])
        assert (await edgegap.deployments.get(request.request_id)).is_ready
    command.process.send_signal(signal.SIGINT)
    ended = await command.finished()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("\nServed 2 requests, made 1 deployment, 1 still running.\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
async def test_the_output_of_serve_can_be_pasted_into_a_shell(start: Start) -> None:
    port = free_port()
    command = await start("serve", "--port", str(port))
    lines = [await command.line("") for _ in range(3)]
    assert lines[0] == f"export EDGEGAP_BASE_URL=http://127.0.0.1:{port}\n"
    assert lines[1].startswith("export EDGEGAP_API_TOKEN=")
    assert lines[2].startswith("# ")
    script = f'{"".join(lines)}exec {sys.executable} -c "import edgegap_async; print(edgegap_async.EdgegapClient())"'
    program = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert (program.returncode, program.stderr) == (0, "")
    assert f"http://127.0.0.1:{port}" in program.stdout


def test_a_port_in_use_is_reported_in_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"edgegap-async: cannot listen on port {port}: ")
    assert "--port" in ended.err
    assert ended.err.count("\n") == 1
