"""``serve``: a local Edgegap for other programs."""

from __future__ import annotations

import signal
import socket

from edgegap_async import EdgegapClient

from .conftest import Run, Start


async def test_it_prints_where_it_is_answers_and_ends_with_a_summary(start: Start) -> None:
    command = await start("serve", "--port", "0", "--time-to-ready", "0", "0")
    url = (await command.line("EDGEGAP_BASE_URL=")).partition("=")[2].strip()
    token = (await command.line("EDGEGAP_API_TOKEN=")).partition("=")[2].strip()
    assert url.startswith("http://127.0.0.1:")
    async with EdgegapClient(token, base_url=url) as edgegap:
        request = await edgegap.deployments.create("kart", "v1.2", users=[(45.5, -73.6)])
        assert (await edgegap.deployments.get(request.request_id)).is_ready
    command.process.send_signal(signal.SIGINT)
    ended = await command.ended()
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.endswith("\nServed 2 requests, made 1 deployment, 1 still running.\n")


def test_a_port_that_is_taken_is_one_line(run: Run) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith(f"edgegap-async: port {port} cannot be had: ")
    assert ended.err.count("\n") == 1
