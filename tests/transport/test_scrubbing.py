"""What an error shows of a response that repeats a secret."""

from __future__ import annotations

from typing import Any

import pytest
from multidict import CIMultiDict

from edgegap_async.errors import APIError, DecodeError
from edgegap_async.json_codec import dumps
from edgegap_async.secret import Secret
from edgegap_async.transport.attempt import HttpResponse
from edgegap_async.transport.responses import api_error, scrub_decode_error, scrub_text

TOKEN, PASSWORD = Secret("tok3n"), Secret("tok3n-passw0rd")


def error_of(body: Any, *secrets: Secret, status: int = 400, headers: dict[str, str] | None = None) -> APIError:
    response = HttpResponse(status=status, headers=CIMultiDict(headers or {}), body=dumps(body))
    return api_error(response, "deployment-get", secrets)


def test_a_secret_that_is_a_part_of_another_does_not_leave_the_rest() -> None:
    assert scrub_text("tok3n, tok3n-passw0rd, other", (TOKEN, PASSWORD)) == "***, ***, other"


def test_texts_lists_and_mappings_of_the_details_are_scrubbed_and_other_values_stay() -> None:
    details = {
        "text": "the tok3n is wrong",
        "list": ["tok3n", 1, None, {"tok3n": True}],
        "mapping": {"a tok3n": {"deep": "tok3n"}, "number": 1.5},
        "tok3n": False,
    }
    error = error_of({"message": "the tok3n is wrong", "details": details}, TOKEN)
    assert error.details == {
        "text": "the *** is wrong",
        "list": ["***", 1, None, {"***": True}],
        "mapping": {"a ***": {"deep": "***"}, "number": 1.5},
        "***": False,
    }
    assert error.message == "the *** is wrong"


def test_without_secrets_nothing_is_changed() -> None:
    error = error_of({"message": "a tok3n", "details": {"tok3n": ["tok3n"]}})
    assert (error.message, error.details) == ("a tok3n", {"tok3n": ["tok3n"]})


@pytest.mark.parametrize(("request_id", "shown"), [("tok3n", None), ("tok3n-1", "tok3n-1"), ("abc", "abc")])
def test_a_request_id_is_kept_unless_it_is_a_secret(request_id: str, shown: str | None) -> None:
    assert error_of({"message": "no", "request_id": request_id}, TOKEN, PASSWORD).request_id == shown


@pytest.mark.parametrize(("body", "from_service"), [({"message": "no"}, True), ({"error": "no"}, False), ([], False)])
def test_an_error_is_the_services_if_it_has_the_services_message(body: Any, from_service: bool) -> None:
    assert error_of(body).from_service is from_service


@pytest.mark.parametrize(
    ("content_type", "shown"),
    [("text/html; charset=utf-8", "text/html"), ("text/tok3n", "text/***"), (None, "no content type")],
)
def test_an_error_without_a_message_says_what_its_body_is(content_type: str | None, shown: str) -> None:
    headers = {"Content-Type": content_type} if content_type is not None else {}
    assert error_of([], TOKEN, headers=headers).message == f"no message ({shown}, 2 bytes)"


@pytest.mark.parametrize(
    ("status", "message"),
    [(299, "no"), (300, "a redirect to ***.example, which is not followed"), (399, None), (400, "no")],
)
def test_a_redirect_shows_only_the_host(status: int, message: str | None) -> None:
    location = {"Location": "https://user:pw@TOK3N.example:8080/path?query".replace("TOK3N", "tok3n")}
    shown = message or "a redirect to ***.example, which is not followed"
    assert error_of({"message": "no"}, TOKEN, status=status, headers=location).message == shown


def test_the_path_of_a_decode_error_is_scrubbed_in_its_message_too() -> None:
    path = "$.data['tok3n'].value['a tok3n'].tok3n"
    error = DecodeError(f"expected a string at {path}", operation="deployment-get", path=path)
    scrubbed = scrub_decode_error(error, (TOKEN,))
    assert scrubbed.path == "$.data['***'].value['a ***'].tok3n"
    assert str(scrubbed) == f"expected a string at {scrubbed.path}"
    assert (scrubbed.operation, scrubbed.__cause__, scrubbed.__traceback__) == ("deployment-get", None, None)


def test_a_decode_error_without_a_secret_stays_as_it_is() -> None:
    error = DecodeError("expected a string at $['a']", operation="deployment-get", path="$['a']")
    scrubbed = scrub_decode_error(error, (TOKEN,))
    assert (str(scrubbed), scrubbed.path) == ("expected a string at $['a']", "$['a']")
