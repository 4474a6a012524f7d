"""The tree of errors and what each error carries."""

from __future__ import annotations

import copy
import inspect
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async import errors
from edgegap_async.errors import (
    APIError,
    DeadlineExceeded,
    DecodeError,
    DeploymentFailed,
    DeploymentTerminated,
    EdgegapError,
    Outcome,
    RateLimited,
    ReadyTimeout,
    ServerError,
    TransportError,
    Unprocessable,
    api_error_class,
    cleaned,
)

CLASSES = [it for it in vars(errors).values() if inspect.isclass(it) and issubclass(it, Exception)]


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_is_in_the_tree_of_the_module_docstring(kind: type[Exception]) -> None:
    assert issubclass(kind, EdgegapError)
    assert errors.__doc__ is not None
    assert re.search(rf"\b{kind.__name__}\b", errors.__doc__)


def test_the_tree_of_the_module_docstring_lists_only_errors() -> None:
    assert errors.__doc__ is not None
    listed = set(re.findall(r"(?:├──|└──) (\w+)", errors.__doc__))
    assert listed == {kind.__name__ for kind in CLASSES} - {"EdgegapError"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDenied),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (410, errors.Gone),
        (422, errors.Unprocessable),
        (424, errors.FailedDependency),
        (429, errors.RateLimited),
        (500, ServerError),
        (503, ServerError),
        (599, ServerError),
        (418, APIError),
        (300, APIError),
        (100, APIError),
    ],
)
def test_each_status_has_its_error_class(status: int, kind: type[APIError]) -> None:
    assert api_error_class(status) is kind


def test_timeouts_are_built_in_timeout_errors() -> None:
    assert issubclass(DeadlineExceeded, TimeoutError)
    assert issubclass(ReadyTimeout, TimeoutError)
    assert issubclass(ReadyTimeout, DeadlineExceeded)
    assert not issubclass(DeploymentFailed, TimeoutError)


def test_a_ready_timeout_carries_its_fields() -> None:
    error = ReadyTimeout("late", request_id="x", last_state="SEEKING", reason="slow")
    assert (error.request_id, error.last_state, error.reason) == ("x", "SEEKING", "slow")
    assert error.outcome is Outcome.UNKNOWN
    assert error.operation is None
    assert str(error) == "late"


EXAMPLES: list[EdgegapError] = [
    TransportError("broken", outcome=Outcome.UNKNOWN, operation="deployment-get"),
    DeadlineExceeded("late", outcome=Outcome.UNKNOWN, operation="deployment-get"),
    DecodeError("odd", operation="deployment-get", path="$.a"),
    RateLimited(429, "slow", {"a": "b"}, "deployment-get", retry_after=1.5),
    Unprocessable(422, "in error", request_id="x"),
    DeploymentFailed("no", request_id="x", last_state="ERROR", reason="r"),
    DeploymentTerminated("stopped", request_id="x"),
    ReadyTimeout("late", request_id="x", last_state="SEEKING"),
    errors.ConfigurationError("no"),
    errors.ClientStateError("closed"),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda it: type(it).__name__)
def test_errors_survive_pickling_and_copying(error: EdgegapError) -> None:
    """Process pools and task queues pickle the exception of a job."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(again) is type(error)
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda it: type(it).__name__)
def test_a_copy_of_an_error_has_its_own_notes(error: EdgegapError) -> None:
    """The waits of one deployment each raise a copy of one error, and each adds notes."""
    original = copy.copy(error)
    original.add_note("of both")
    for again in (copy.copy(original), pickle.loads(pickle.dumps(original)), copy.deepcopy(original)):
        assert again.__notes__ == ["of both"]
        again.add_note("of the copy")
        assert again.__notes__ == ["of both", "of the copy"]
        assert original.__notes__ == ["of both"]
    first, second = copy.copy(original), copy.copy(original)
    first.add_note("of the first")
    assert second.__notes__ == ["of both"]
    assert not hasattr(error, "__notes__")


@given(st.text(), st.integers(1, 600))
def test_cleaned_text_is_one_line_of_bounded_length(text: str, limit: int) -> None:
    line = cleaned(text, limit)
    assert len(line) <= limit
    assert not re.search(r"[\x00-\x1f\x7f-\x9f]", line)
