"""Each client of the benchmarks gets what the server has: the status, and each row once, in order."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.bodies import PAGE_SIZE, REQUEST_ID, documented_page_body, page_body, row_id
from benchmarks.peers import PEERS, PeerInfo
from benchmarks.processes import served


def ids_of(peer: PeerInfo, body: bytes) -> list[str]:
    rows = peer.load().decode(body)
    return [row["request_id"] if isinstance(row, dict) else row.request_id for row in rows]


@pytest.mark.parametrize("rows", [0, 1, PAGE_SIZE, 2 * PAGE_SIZE + 30])
@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_gets_the_status_and_every_row(peer: PeerInfo, rows: int) -> None:
    if peer.missing:
        pytest.skip(peer.missing)

    async def use() -> tuple[str, list[str]]:
        ids: list[str] = []
        async with served("loopback", str(rows)) as (url,), peer.load().open(url) as client:
            await client.rows(ids.append)
            return await client.status(REQUEST_ID), ids

    status, ids = asyncio.run(use())
    assert status == REQUEST_ID
    assert ids == [row_id(index) for index in range(rows)]


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_decodes_every_row_of_a_page(peer: PeerInfo) -> None:
    if peer.missing:
        pytest.skip(peer.missing)
    assert ids_of(peer, page_body(2, PAGE_SIZE, 150)) == [row_id(index) for index in range(100, 150)]
    for options in ({}, {"guard_tags": True}, {"unknown_field": True}):
        body = documented_page_body(**options)
        assert ids_of(peer, body) == [row_id(index) for index in range(PAGE_SIZE)]


def test_a_peer_is_missing_if_one_of_its_packages_is() -> None:
    assert PeerInfo(name="", module="", about="", needs=("attrs",)).missing == ""
    needs = ("attrs", "no_such_module")
    assert PeerInfo(name="", module="", about="", needs=needs).missing == "not installed (no_such_module)"


def test_a_late_server_responds_after_its_delay() -> None:
    async def seconds() -> float:
        (peer,) = (each for each in PEERS if each.module == "bare_aiohttp")
        async with served("loopback", "0", "0.2") as (url,), peer.load().open(url) as client:
            began = asyncio.get_running_loop().time()
            await client.status(REQUEST_ID)
            return asyncio.get_running_loop().time() - began

    assert asyncio.run(seconds()) >= 0.2
