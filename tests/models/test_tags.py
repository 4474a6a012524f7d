"""The tags of the deploy guard are not shown among the caller's own."""

from __future__ import annotations

import pytest

from edgegap_async.models.tags import without_guard_tags

GUARD = "eg-1234567-0123abcd"
OTHER_GUARD = "eg-7654321-0123abcd"


@pytest.mark.parametrize(
    ("tags", "own"),
    [
        ([], ()),
        (["a"], ("a",)),
        (["a", GUARD], ("a",)),
        ([GUARD, "a"], ("a",)),
        (["a", GUARD, "b", OTHER_GUARD, "c"], ("a", "b", "c")),
        ([GUARD, OTHER_GUARD], ()),
        ([GUARD, "a", GUARD], ("a",)),
        ([GUARD, GUARD], ()),
        (["eg-1234567-0123abcl", f"{GUARD}x", "a" * 19], ("eg-1234567-0123abcl", f"{GUARD}x", "a" * 19)),
    ],
)
def test_guard_tags_are_left_out_wherever_they_are(tags: list[str], own: tuple[str, ...]) -> None:
    assert without_guard_tags(tags) == without_guard_tags(tuple(tags)) == without_guard_tags(iter(tags)) == own


def test_many_guard_tags_take_no_longer_than_their_number() -> None:
    assert without_guard_tags([GUARD, "a"] * 100_000) == ("a",) * 100_000
