"""Logs, metrics and reports of deployments."""

from datetime import UTC, datetime, timedelta

import pytest

OPENED = datetime(2026, 4, 22, 12, tzinfo=UTC)


def _series(metrics):
    yield from metrics["total"].values()
    yield from (metrics[name] for name in ("cpu", "cpu_throttle_rate", "cpu_throttle_total", "mem"))
    yield from metrics["network"].values()


async def test_logs_start_when_the_container_starts(edgegap_server):
    request_id = await edgegap_server.create()
    path = f"/v1/deployment/{request_id}/container-logs"
    assert (await edgegap_server.get(path))["logs"] == ""
    edgegap_server.clock.advance(10)
    logs = await edgegap_server.get(path)
    assert "listening on 7777/UDP" in logs["logs"]
    assert logs["crash_logs"] is None
    edgegap_server.local.deployments[request_id].fail("segmentation fault")
    logs = await edgegap_server.get(path)
    assert "segmentation fault" in logs["crash_logs"]
    assert logs["crash_data"] == {"exit_code": 1, "message": "segmentation fault", "restart_count": 0}


async def test_metrics_have_one_value_per_step(serve):
    edgegap = await serve(opened=OPENED, time_to_ready=(4, 4))
    deployment = await edgegap.ready()
    edgegap.clock.advance(594)
    path = f"/v1/metrics/deployment/{deployment.request_id}"
    metrics = await edgegap.get(path)
    for series in _series(metrics):
        assert len(series["labels"]) == len(series["datasets"]) == len(series["timestamps"]) == 11
    assert metrics["cpu"]["timestamps"][:2] == ["2026-04-22 12:00:04.000", "2026-04-22 12:01:04.000"]
    assert metrics["cpu"]["labels"][0] == "12:00:04"
    assert all(total["datasets"] == sorted(total["datasets"]) for total in metrics["total"].values())
    assert await edgegap.get(path) == metrics


@pytest.mark.parametrize(
    ("seconds", "steps", "count"),
    [((60, 120), "30s", 3), ((60, 120), "1m", 2), ((0, 3600), "1h", 1), ((2000, 3000), "1s", 0)],
)
async def test_metrics_of_a_time_range(serve, seconds, steps, count):
    edgegap = await serve(opened=OPENED)
    deployment = await edgegap.ready()
    edgegap.clock.advance(990)
    start, end = (str(OPENED.replace(tzinfo=None) + timedelta(seconds=each)) for each in seconds)
    path = f"/v1/metrics/deployment/{deployment.request_id}"
    metrics = await edgegap.get(path, start_time=start, end_time=end, steps=steps)
    assert {len(series["datasets"]) for series in _series(metrics)} == {count}


async def test_metrics_are_empty_before_ready(edgegap_server):
    request_id = await edgegap_server.create()
    metrics = await edgegap_server.get(f"/v1/metrics/deployment/{request_id}")
    assert all(series["datasets"] == [] for series in _series(metrics))


async def test_a_report_is_stored(edgegap_server):
    deployment = await edgegap_server.ready()
    path = f"/v1/deployments/{deployment.request_id}:report"
    body = {"reason": "lag", "metadata": {"ping": 300}}
    reply = await edgegap_server.call("POST", path, json=body)
    assert (reply.status, reply.text) == (200, "")
    (report,) = deployment.reports
    assert (report.at, report.reason, report.metadata) == (10, "lag", {"ping": 300})


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/status/{id}", 404),
        ("GET", "/v1/deployment/{id}/container-logs", 404),
        ("GET", "/v1/metrics/deployment/{id}", 404),
        ("POST", "/v1/deployments/{id}:report", 400),
        ("PATCH", "/v1/deployments/{id}", 404),
    ],
)
async def test_an_unknown_deployment_is_rejected(edgegap_server, method, path, status):
    options = {} if method == "GET" else {"json": {"reason": "x"}}
    reply = await edgegap_server.call(method, path.format(id="0123456789ab"), **options)
    assert (reply.status, list(reply.body)) == (status, ["message"])
