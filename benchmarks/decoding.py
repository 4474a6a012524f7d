"""What decoding costs: the CPU time to models as a ratio to ``orjson.loads`` of the same bytes, and to the walker.

``python benchmarks/decoding.py``: a status; pages of 100 rows; the memory that 200,000 rows leave behind.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable

import orjson
from canned import STATUS, deployment_page

from edgegap_async import Deployment, DeploymentRow
from edgegap_async.decoding.decoder import decode, decode_page, parse, structure

ROUNDS = 151
SLICE_SECONDS = 0.003
PAGE_ROWS = 100
PAGES = 2000

Decode = Callable[[], object]


def seconds(work: Decode, times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) / times


def ratio(work: Decode, baseline: Decode) -> tuple[float, float]:
    """The median of the ratios of neighbouring slices, and the seconds of the baseline."""
    times = [max(round(SLICE_SECONDS / seconds(each, 20)), 1) for each in (baseline, work)]
    gc.collect()
    pairs = [(seconds(baseline, times[0]), seconds(work, times[1])) for _ in range(ROUNDS)]
    return statistics.median(ours / theirs for theirs, ours in pairs), statistics.median(pair[0] for pair in pairs)


def documented_row(index: int) -> dict[str, object]:
    """A row with all the fields of the example in the service's document, and a status."""
    name = f"{index:012x}"
    port = {"protocol": "UDP", "name": "7777", "tls_upgrade": False, "proxy": 65002}
    web = {"external": 31587, "internal": 8080, "protocol": "http", "name": "web", "tls_upgrade": True, "proxy": 65001}
    return {
        "request_id": name,
        "fqdn": f"{name}.pr.edgegap.net",
        "start_time": f"2026-04-22 12:00:{index % 60:02}.{index:06}",
        "status": "READY",
        "ready": True,
        "public_ip": f"203.0.113.{index % 250}",
        "ports": {
            "7777": {
                "external": 30000 + index,
                "internal": 7777,
                **port,
                "link": f"{name}.pr.edgegap.net:{30000 + index}",
            },
            "web": {**web, "link": f"https://{name}.pr.edgegap.net:31587"},
        },
        "tags": ["match-42", "production"],
        "sockets": 5,
        "sockets_usage": 2,
        "is_joinable_by_session": True,
    }


def page_of(row: Callable[[int], dict[str, object]]) -> bytes:
    return orjson.dumps(deployment_page(1, [row(index) for index in range(PAGE_ROWS)]))


def guarded_row(index: int) -> dict[str, object]:
    return documented_row(index) | {"tags": ["match-42", f"eg-1234567-{index:08}"]}


def new_row(index: int) -> dict[str, object]:
    return documented_row(index) | {"novelty": index}


def compare(name: str, body: bytes, ours: Callable[[bytes], object], walker: Callable[[bytes], object]) -> None:
    assert ours(body) == walker(body)
    to_parse, parsing = ratio(lambda: ours(body), lambda: orjson.loads(body))
    to_walker, _ = ratio(lambda: ours(body), lambda: walker(body))
    sys.stdout.write(f"{name:42} {to_parse:5.2f} x orjson ({parsing * 1e6:6.1f} us)  {to_walker:5.2f} x the walker\n")


def grown() -> float:
    """The megabytes that 200,000 decoded and dropped rows leave behind."""
    body = page_of(documented_row)
    decode_page(body, DeploymentRow, items_key="data", operation="list")
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(PAGES):
        decode_page(body, DeploymentRow, items_key="data", operation="list")
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return (after - before) / 1e6


def main() -> None:
    def decoded_page(body: bytes) -> object:
        return decode_page(body, DeploymentRow, items_key="data", operation="list")[0]

    def walked_page(body: bytes) -> object:
        page = parse(body, operation="list")
        assert isinstance(page, dict)
        return structure(page["data"], tuple[DeploymentRow, ...], operation="list")

    compare(
        "a status",
        orjson.dumps(STATUS),
        lambda body: decode(body, Deployment, operation="status"),
        lambda body: structure(parse(body, operation="status"), Deployment, operation="status"),
    )
    compare("100 rows of the other benchmarks", orjson.dumps(deployment_page(1)), decoded_page, walked_page)
    for name, row in (("", documented_row), (", with a guard tag", guarded_row), (", with a new field", new_row)):
        compare(f"100 documented rows{name}", page_of(row), decoded_page, walked_page)
    sys.stdout.write(f"200,000 rows in pages of 100 leave {grown():.2f} MB behind\n")


if __name__ == "__main__":
    main()
