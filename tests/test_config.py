"""The settings of a client: token, base URL, timeout, rate limits, retry policy."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest

from edgegap_async import EdgegapClient, RetryPolicy
from edgegap_async.config import DEFAULT_BASE_URL, Settings, parse_base_url, parse_token
from edgegap_async.errors import ClientStateError, ConfigurationError, EdgegapError
from edgegap_async.simulator import LocalEdgegap
from edgegap_async.validation import validate_timeout


@pytest.mark.parametrize("text", ["abc", "token abc", "  abc\n", "Token   abc", "TOKEN\tabc\r\n", " token abc "])
def test_a_token_is_parsed_with_and_without_its_scheme(text: str) -> None:
    assert parse_token(text).header("token") == "token abc"


PASTED = [
    "{}",
    "token {}",
    "  {}\n",
    "Token  {} ",
    "TOKEN {}",
    "token token {}",
    "token TOKEN  {}",
    "Authorization: token {}",
    "AUTHORIZATION :Token  {}",
    "authorization: {}",
]


@pytest.mark.parametrize("form", PASTED)
async def test_a_token_with_or_without_its_scheme_is_accepted_by_the_service(local: LocalEdgegap, form: str) -> None:
    async with EdgegapClient(form.format(local.token), base_url=local.url) as edgegap:
        assert await edgegap.deployments.list().collect() == []


@pytest.mark.parametrize("form", PASTED)
async def test_a_token_of_the_environment_may_have_its_scheme_too(
    local: LocalEdgegap, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setenv("EDGEGAP_API_TOKEN", form.format(local.token))
    async with EdgegapClient(base_url=local.url) as edgegap:
        assert await edgegap.deployments.list().collect() == []


def test_a_token_that_begins_like_its_scheme_is_kept() -> None:
    assert parse_token("tokenabc").reveal() == "tokenabc"
    assert parse_token("token bearer-abc").reveal() == "bearer-abc"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (None, "EDGEGAP_API_TOKEN"),
        ("", "EDGEGAP_API_TOKEN"),
        ("  \n", "EDGEGAP_API_TOKEN"),
        ("token", "EDGEGAP_API_TOKEN"),
        ("Token ", "EDGEGAP_API_TOKEN"),
        ("token token", "EDGEGAP_API_TOKEN"),
        ("Authorization:", "EDGEGAP_API_TOKEN"),
        ("Authorization: token", "EDGEGAP_API_TOKEN"),
        ("Bearer abc", "'Bearer', a scheme that the service does not have"),
        ("Authorization: BEARER  abc", "'Bearer', a scheme that the service does not have"),
        ("bearer", "'Bearer', a scheme that the service does not have"),
        ("ab\ncd", "paste it again"),
        ("ab\r\nX-Other: 1", "paste it again"),
        ("ab cd", "paste it again"),
        ("ab\x00cd", "paste it again"),
        ("abcé", "paste it again"),
    ],
)
def test_an_invalid_token_is_refused_and_not_shown(text: str | None, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice) as caught:
        EdgegapClient(text)
    if text and len(text.strip()) > len("token"):
        assert text.strip() not in str(caught.value)


def test_settings_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEGAP_API_TOKEN", "token abc\n")
    monkeypatch.setenv("EDGEGAP_BASE_URL", "http://127.0.0.1:1/")
    settings = Settings.read(None, None, 60)
    assert settings.token.reveal() == "abc"
    assert settings.base_url == "http://127.0.0.1:1"


def test_arguments_take_precedence_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEGAP_API_TOKEN", "abc")
    monkeypatch.setenv("EDGEGAP_BASE_URL", "http://127.0.0.1:1")
    settings = Settings.read("xyz", "http://127.0.0.1:2", 60)
    assert (settings.token.reveal(), settings.base_url) == ("xyz", "http://127.0.0.1:2")


def test_an_empty_token_is_not_replaced_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EDGEGAP_API_TOKEN", "abc")
    with pytest.raises(ConfigurationError, match="no API token"):
        EdgegapClient("")


def test_the_default_base_url_is_the_public_api() -> None:
    assert Settings.read("abc", None, 60).base_url == DEFAULT_BASE_URL == "https://api.edgegap.com"


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("ftp://api.edgegap.com", "http or https"),
        ("api.edgegap.com", "http or https"),
        ("https://", "http or https"),
        ("file:///etc/passwd", "http or https"),
        ("https://user:pass@api.edgegap.com", "no user name, password"),
        ("https://user@api.edgegap.com", "no user name, password"),
        ("https://api.edgegap.com?token=abc", "query"),
        ("https://api.edgegap.com#v1", "fragment"),
        ("https://api.edgegap.com?", "query"),
        ("https://api.edgegap.com:port", "not a valid URL"),
        ("https://[::1", "not a valid URL"),
        ("https://a\nb.example", "not a valid URL"),
        ("https://api.edgegap.com/a b", "not a valid URL"),
        ("https://api.edgegap.com/v1\r\nX: y", "not a valid URL"),
    ],
)
def test_an_invalid_base_url_is_refused(text: str, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        EdgegapClient("abc", base_url=text)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://user:hunter2@api.edgegap.com",
        "ftp://user:hunter2@api.edgegap.com",
        "https://user:hunter2",
        "user:hunter2@api.edgegap.com",
        "https:user:hunter2@api.edgegap.com",
    ],
)
def test_a_password_in_the_base_url_is_not_shown(base_url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        EdgegapClient("abc", base_url=base_url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("around", ["{}\n", " {}", "{} ", "{}/", "{}//"])
def test_spaces_and_slashes_around_the_base_url_are_removed(around: str) -> None:
    with suppress(ConfigurationError):
        assert parse_base_url(around.format("http://127.0.0.1:1")) == "http://127.0.0.1:1"


@pytest.mark.parametrize("seconds", [0, -1, -0.001, math.nan, -math.inf, "5", None, True])
def test_a_timeout_that_is_not_a_number_above_zero_is_refused(seconds: object) -> None:
    with pytest.raises(ConfigurationError, match=r"timeout \(seconds\) must be"):
        EdgegapClient("abc", timeout=seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [1, 0.001, math.inf])
def test_any_timeout_above_zero_is_accepted(seconds: float) -> None:
    assert validate_timeout(seconds) == seconds


@pytest.mark.parametrize(
    ("limits", "advice"),
    [
        ({"deploys": 40}, r"did you mean 'deploy'\? choose from default, deploy, hosts, list, status"),
        ({"deploy": 0}, r"rate_limits\['deploy'\] \(requests a second\) must be above 0, not 0"),
        ({"deploy": -1}, "above 0"),
        ({"deploy": math.nan}, "above 0"),
        ({"deploy": "40"}, r"rate_limits\['deploy'\] \(requests a second\) must be a number, not str"),
        ({"deploy": True}, "must be a number, not bool"),
        ("fast", "'documented', a mapping or None"),
        ([("deploy", 40)], "'documented', a mapping or None"),
    ],
)
def test_rate_limits_with_an_unknown_bucket_or_an_invalid_rate_are_refused(limits: object, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        EdgegapClient("abc", rate_limits=limits)  # type: ignore[arg-type]


@pytest.mark.parametrize("token", [b"abc", 42, ["abc"]])
def test_a_token_that_is_not_a_string_is_refused(token: object) -> None:
    with pytest.raises(ConfigurationError, match="the API token must be a string or a Secret, not"):
        EdgegapClient(token)  # type: ignore[arg-type]


@pytest.mark.parametrize("pages", [-1, 1.5, "4", True, None])
def test_a_prefetch_that_is_not_a_number_of_pages_is_refused(pages: object) -> None:
    with pytest.raises(ConfigurationError, match=r"prefetch \(pages\) must be (a|at)"):
        EdgegapClient("abc", prefetch=pages)  # type: ignore[arg-type]


@pytest.mark.parametrize("field", ["max_attempts", "initial_delay", "max_delay", "budget", "attempt_timeout"])
@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_an_invalid_retry_policy_is_refused(field: str, value: float) -> None:
    with pytest.raises(ConfigurationError, match=f"RetryPolicy.{field} must be above 0"):
        RetryPolicy(**{field: value})  # type: ignore[arg-type]


def test_configuration_errors_are_built_in_errors_too() -> None:
    assert issubclass(ConfigurationError, EdgegapError)
    assert issubclass(ConfigurationError, ValueError)
    assert issubclass(ClientStateError, ConfigurationError)
    assert issubclass(ClientStateError, RuntimeError)
