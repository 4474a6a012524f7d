"""Errors as problem details: the status of each class, and nothing that a player's browser may not see."""

from __future__ import annotations

import inspect
import logging
import math
from pathlib import Path
from typing import Any

import pytest
from integrations.applications import CreateApp, serving

from edgegap_async import errors
from edgegap_async.errors import EdgegapError, Outcome
from edgegap_async.integrations.problems import PROBLEMS, problem_details
from edgegap_async.simulator import LocalEdgegap

SECRET = "secret-7e1a"


def api(kind: type[errors.APIError], status: int, **options: Any) -> errors.APIError:
    return kind(status, SECRET, {"field": SECRET}, SECRET, **options)


WAIT = {"request_id": "61b1be8f54d9", "last_state": SECRET, "reason": SECRET}
UNKNOWN, NOT_SENT = Outcome.UNKNOWN, Outcome.NOT_SENT

CASES = [
    (api(errors.RateLimited, 429), 503),
    (errors.DeadlineExceeded(SECRET, outcome=NOT_SENT, operation=SECRET), 503),
    (errors.DeadlineExceeded(SECRET, outcome=UNKNOWN, operation=SECRET), 504),
    (errors.ReadyTimeout(SECRET, **WAIT), 504),
    (errors.WaitTimeout(SECRET, kind=SECRET, id=SECRET, last_state=SECRET, reason=SECRET), 504),
    (errors.DeploymentFailed(SECRET, **WAIT), 502),
    (errors.DeploymentTerminated(SECRET, **WAIT), 502),
    (errors.DeploymentError(SECRET, **WAIT), 502),
    (errors.WaitFailed(SECRET, kind=SECRET, id=SECRET), 502),
    (errors.WaitTerminated(SECRET, kind=SECRET, id=SECRET), 502),
    (errors.WaitError(SECRET, kind=SECRET, id=SECRET), 502),
    (api(errors.BadRequest, 400), 400),
    (api(errors.NotFound, 404), 404),
    (api(errors.NotFound, 404, from_service=False), 502),
    (api(errors.Conflict, 409), 409),
    (api(errors.Gone, 410), 410),
    (api(errors.Unprocessable, 422, request_id="61b1be8f54d9"), 422),
    (api(errors.FailedDependency, 424), 502),
    (api(errors.AuthenticationError, 401), 502),
    (api(errors.PermissionDenied, 403), 502),
    (api(errors.ServerError, 503), 502),
    (api(errors.APIError, 418), 502),
    (errors.TransportError(SECRET, outcome=UNKNOWN, operation=SECRET), 502),
    (errors.DecodeError(SECRET, operation=SECRET, path=SECRET), 502),
    (errors.ConfigurationError(SECRET), 500),
    (errors.ClientStateError(SECRET), 500),
    (errors.JournalError(SECRET), 500),
    (errors.CoordinationError(SECRET), 500),
    (errors.CleanupFailed(SECRET, id=SECRET), 500),
    (EdgegapError(SECRET), 500),
]


@pytest.mark.parametrize(("error", "status"), CASES, ids=lambda case: getattr(type(case), "__name__", case))
def test_each_error_has_its_status_and_shows_nothing_of_its_message(error: EdgegapError, status: int) -> None:
    problem = problem_details(error)
    assert (problem.status, problem.content["status"]) == (status, status)
    assert problem.content.keys() - {"request_id"} == {"status", "title", "detail"}
    assert SECRET not in repr((problem.content, problem.headers))
    assert problem.content.get("request_id") == getattr(error, "request_id", None)
    assert ("Retry-After" in problem.headers) == (status == 503)


def test_every_error_of_the_tree_is_in_the_cases() -> None:
    tree = {value for value in vars(errors).values() if inspect.isclass(value) and issubclass(value, EdgegapError)}
    assert tree == {type(error) for error, _ in CASES}


def test_every_row_of_the_table_is_used() -> None:
    for kind in PROBLEMS:
        assert any(problem_details(error).content["detail"] == kind.detail for error, _ in CASES), kind


def test_the_page_has_the_table() -> None:
    page = (Path(__file__).parents[2] / "docs" / "integrations.md").read_text()
    rows = [line.split(" | ") for line in page.partition("| error |")[2].splitlines()[2:] if line.startswith("| ")]
    for kind, (classes, status, detail) in zip(PROBLEMS, rows, strict=True):
        assert all(f"`{error.__name__}`" in classes for error in kind.errors)
        assert status == f"{kind.status.value}{', `Retry-After`' if kind.may_retry else ''}"
        assert detail == f"{kind.detail} |"


@pytest.mark.parametrize(
    ("retry_after", "header"), [(None, "1"), (0.0, "1"), (2.0, "2"), (2.1, "3"), (math.inf, "3600")]
)
def test_the_seconds_of_retry_after_are_rounded_up(retry_after: float | None, header: str) -> None:
    assert problem_details(api(errors.RateLimited, 429, retry_after=retry_after)).headers == {"Retry-After": header}


async def test_an_error_becomes_a_response(
    quick: LocalEdgegap, create_app: CreateApp, caplog: pytest.LogCaptureFixture
) -> None:
    quick.faults.add("deployment-get", "status", times=None, code=403)
    async with serving(create_app(quick.client)) as client:
        response = await client.get("/matches/61b1be8f54d9")
    assert (response.status_code, response.headers["content-type"]) == (502, "application/problem+json")
    assert response.json() == {
        "title": "Bad Gateway",
        "status": 502,
        "detail": "The game server service did not respond as expected.",
    }
    (record,) = [record for record in caplog.records if record.name == "edgegap_async"]
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert "deployment-get answered 403" in record.getMessage()
    assert quick.token not in caplog.text


async def test_a_rate_limited_request_says_when_to_try_again(quick: LocalEdgegap, create_app: CreateApp) -> None:
    quick.faults.add("deployment-get", "rate_limited", times=None, retry_after=120)
    async with serving(create_app(quick.client)) as client:
        response = await client.get("/matches/61b1be8f54d9")
    assert (response.status_code, response.headers["retry-after"]) == (503, "120")


async def test_an_error_of_the_application_itself_is_logged_with_its_traceback(
    quick: LocalEdgegap, create_app: CreateApp, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(quick.client)
    async with serving(app) as client:
        await app.state.edgegap.aclose()
        response = await client.get("/matches/61b1be8f54d9")
    assert (response.status_code, response.json()["title"]) == (500, "Internal Server Error")
    (record,) = [record for record in caplog.records if record.name == "edgegap_async"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], errors.ClientStateError)
