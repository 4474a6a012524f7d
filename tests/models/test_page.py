"""The envelope of a page: totals, and whether there is another page."""

from __future__ import annotations

from typing import Any

import pytest

from edgegap_async.decoding.decoder import structure
from edgegap_async.models.page import PageEnvelope


def envelope(**fields: Any) -> PageEnvelope:
    return structure(fields, PageEnvelope, operation="test")


@pytest.mark.parametrize(
    ("fields", "total"),
    [({"total_count": 7}, 7), ({"count": "7"}, 7), ({"total_count": 0, "count": 7}, 0), ({}, None)],
)
def test_the_total_has_two_names(fields: dict[str, Any], total: int | None) -> None:
    assert envelope(**fields).total == total


@pytest.mark.parametrize(
    ("pagination", "has_next"),
    [
        (None, None),
        ({}, False),
        ({"has_next": True}, True),
        ({"has_next": False, "next_page_number": 2}, False),
        ({"next_page_number": 2}, True),
        ({"next_page_number": None}, False),
    ],
)
def test_has_next_follows_the_flag_and_else_the_number_of_the_next_page(
    pagination: dict[str, Any] | None, has_next: bool | None
) -> None:
    assert envelope(pagination=pagination).has_next == has_next


@pytest.mark.parametrize(
    ("pagination", "page_count"),
    [(None, None), ({}, None), ({"paginator": {}}, None), ({"paginator": {"num_pages": 3}}, 3)],
)
def test_the_number_of_pages_is_none_if_unknown(pagination: dict[str, Any] | None, page_count: int | None) -> None:
    assert envelope(pagination=pagination).page_count == page_count


def test_fields_that_are_not_used_may_have_any_type() -> None:
    assert envelope(pagination={"number": 2, "has_previous": "yes", "previous_page_number": []}).has_next is False
