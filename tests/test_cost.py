"""What a status call and a row of a list cost in function calls and memory blocks, which no busy machine changes.

The bounds are in ``cost_bounds.json``, for each version of Python. ``python -m tests.test_cost`` counts anew and writes
those of the version that runs it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

import attrs
import pytest

import edgegap_async
from benchmarks.bodies import REQUEST_ID
from benchmarks.loopback import LoopbackProtocol
from edgegap_async import EdgegapClient

PACKAGE: Final = str(Path(edgegap_async.__file__).parent)
BOUNDS: Final = Path(__file__).with_name("cost_bounds.json")
VERSION: Final = ".".join(map(str, sys.version_info[:2]))

PAGES: Final = 4
ROWS: Final = 100 * PAGES
TIMES: Final = 5
"""How often each count is repeated. The least counts: a response that arrives in two parts takes more calls."""

ABOVE: Final = {"own": 0.0, "all": 0.15, "blocks": 0.03}
"""By how much a count may exceed its bound: the calls of other packages change with their versions."""

BELOW: Final = {"own": 0.05, "all": 1.0, "blocks": 0.05}
"""By how much a count may stay below its bound: a bound that is far above the count finds nothing."""


@attrs.frozen
class Calls:
    """Function calls.

    Attributes:
        own: Of the package's functions, and by them of functions written in C. A coroutine that goes on is a call.
        all: Of any function in the thread.
    """

    own: int
    all: int


@contextmanager
def loopback() -> Iterator[str]:
    """Serve in another thread, whose function calls are not counted; yields the address."""
    loop = asyncio.new_event_loop()
    listening = loop.create_server(lambda: LoopbackProtocol(ROWS, 0.0), "127.0.0.1", 0)
    server = loop.run_until_complete(listening)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.run_until_complete(server.wait_closed())
        loop.close()


async def count_calls(work: Callable[[], Awaitable[object]]) -> Calls:
    """Count the function calls of a piece of work; the least of several times."""
    counts = [await _count_once(work) for _ in range(TIMES)]
    return Calls(own=min(each.own for each in counts), all=min(each.all for each in counts))


async def _count_once(work: Callable[[], Awaitable[object]]) -> Calls:
    own = everything = 0

    def count(frame: FrameType, event: str, _: Any) -> None:
        nonlocal own, everything
        if event in {"call", "c_call"}:
            everything += 1
            own += frame.f_code.co_filename.startswith(PACKAGE)

    before = sys.getprofile()
    gc.collect()
    gc.disable()  # a collection calls finalizers whenever it happens to run
    sys.setprofile(count)
    try:
        await work()
    finally:
        sys.setprofile(before)
        gc.enable()
    return Calls(own=own, all=everything)


async def _blocks_of_rows(edgegap: EdgegapClient) -> int:
    """Count the memory blocks that the rows of the list occupy while they are kept."""
    counts = []
    for _ in range(TIMES):
        gc.collect()
        before = sys.getallocatedblocks()
        rows = await edgegap.deployments.list().collect()
        gc.collect()
        counts.append(sys.getallocatedblocks() - before)
        assert len(rows) == ROWS
        del rows
    return min(counts)


async def measure(url: str) -> dict[str, float]:
    # one page after the other: the calls that pages in flight together take depend on the order in which they arrive
    async with EdgegapClient("cost", base_url=url, rate_limits=None, prefetch=0) as edgegap:

        async def status() -> None:
            await edgegap.deployments.get(REQUEST_ID)

        def stream(page_size: int) -> Callable[[], Awaitable[None]]:
            async def work() -> None:
                count = 0
                async for _ in edgegap.deployments.list(page_size=page_size):
                    count += 1
                assert count == ROWS

            return work

        call = await count_calls(status)
        # the same rows on twice as many pages: the difference is what the pages cost
        large, small = await count_calls(stream(100)), await count_calls(stream(50))
        blocks = await _blocks_of_rows(edgegap)
    page_own, page_all = (small.own - large.own) / PAGES, (small.all - large.all) / PAGES
    return {
        "status call, own": call.own,
        "status call, all": call.all,
        "page, own": page_own,
        "page, all": page_all,
        "row, own": round((large.own - PAGES * page_own) / ROWS, 2),
        "row, all": round((large.all - PAGES * page_all) / ROWS, 2),
        "row, blocks": round(blocks / ROWS, 1),
    }


def count() -> dict[str, float]:
    gc.collect()
    gc.freeze()  # collections look only at what the counted code makes
    try:
        with loopback() as url:
            return asyncio.run(measure(url))
    finally:
        gc.unfreeze()


@pytest.fixture(scope="module")
def counts() -> dict[str, float]:
    return count()


BOUNDS_OF_VERSION: Final[dict[str, float]] = json.loads(BOUNDS.read_text()).get(VERSION, {})


@pytest.mark.parametrize("name", BOUNDS_OF_VERSION)
def test_it_costs_no_more_than_its_bound_and_not_much_less(name: str, counts: dict[str, float]) -> None:
    bound, counted = BOUNDS_OF_VERSION[name], counts[name]
    what = name.rpartition(", ")[2]
    update = f"If that is intended, run python -m tests.test_cost with Python {VERSION}, which writes {BOUNDS.name}."
    assert counted <= bound * (1 + ABOVE[what]), f"{name}: {counted}, more than the bound of {bound}. {update}"
    assert counted >= bound * (1 - BELOW[what]), (
        f"{name}: only {counted}, so the bound of {bound} is too high. {update}"
    )


def test_every_count_has_a_bound(counts: dict[str, float]) -> None:
    if not BOUNDS_OF_VERSION:
        pytest.skip(f"{BOUNDS.name} has no bounds for Python {VERSION}")
    assert BOUNDS_OF_VERSION.keys() == counts.keys()


def test_one_more_function_call_on_the_path_is_counted(
    monkeypatch: pytest.MonkeyPatch, counts: dict[str, float]
) -> None:
    service = type(EdgegapClient("cost").deployments)
    namespace: dict[str, Any] = {"get": service.get}
    source = "def one_more(*args, **options):\n    return get(*args, **options)"
    exec(compile(source, f"{PACKAGE}/services/one_more.py", "exec"), namespace)  # as if it stood in the package
    monkeypatch.setattr(service, "get", namespace["one_more"])
    more = count()
    assert more["status call, own"] == counts["status call, own"] + 1
    assert more["row, own"] == counts["row, own"]


if __name__ == "__main__":
    bounds = json.loads(BOUNDS.read_text()) if BOUNDS.exists() else {}
    bounds[VERSION] = count()
    BOUNDS.write_text(json.dumps(bounds, indent=2, sort_keys=True) + "\n")
    sys.stdout.write(f"{VERSION}: {bounds[VERSION]}\n")
