"""One of the processes of ``benchmarks.many_processes``: deploys servers, waits for them and stops them.

Prints ``leader TIME`` when it becomes the one that polls for all, and at its end a JSON object with what it saw.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

from edgegap_async import EdgegapClient

_TIMEOUT = 300.0


async def main(url: str, token: str, coordination: str, deploys: str, seconds_in_use: str) -> None:
    late: list[float] = []
    failures: list[str] = []
    states: list[tuple[float, str]] = []
    async with EdgegapClient(token, base_url=url, coordination=coordination or None) as edgegap:

        async def one() -> None:
            request = await edgegap.deployments.create("kart", "v1.2", users=["203.0.113.7"], timeout=_TIMEOUT)
            server = await edgegap.deployments.wait_until_ready(request, timeout=_TIMEOUT)
            assert server.start_time is not None
            late.append(time.time() - server.start_time.timestamp())
            await asyncio.sleep(float(seconds_in_use))
            await edgegap.deployments.stop(request.request_id, timeout=_TIMEOUT)

        async def guarded() -> None:
            try:
                await one()
            except Exception as error:
                failures.append(repr(error))

        async def report_state() -> None:
            shared, led = edgegap.coordination, False
            while shared is not None:
                if shared.is_leader and not led:
                    _print(f"leader {time.time()}")
                led = shared.is_leader
                if not states or states[-1][1] != shared.state:
                    states.append((time.time(), shared.state))
                await asyncio.sleep(0.02)

        reporter = asyncio.create_task(report_state())
        _print(f"open {time.time()}")
        await asyncio.gather(*(guarded() for _ in range(int(deploys))))
        reporter.cancel()
        await asyncio.gather(reporter, return_exceptions=True)
        stats = edgegap.stats()
        trips = 0 if edgegap.coordination is None else edgegap.coordination.round_trips
    _print(
        json.dumps(
            {
                "late": late,
                "failures": failures,
                "states": states,
                "round_trips": trips,
                "requests": {name: bucket.requests for name, bucket in stats.buckets.items()},
                "rate_limited": stats.rate_limited,
                "cpu": time.process_time(),
            }
        )
    )


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(main(*sys.argv[1:]))
