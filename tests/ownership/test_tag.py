"""The tags of create requests: they say when each was made, and none is made twice."""

from __future__ import annotations

import pytest

from edgegap_async.ownership.tag import GuardTag, GuardTags

EPOCH = GuardTag("0000000", 0).requested_at.timestamp()


@pytest.mark.parametrize("ticks", [1, 1024, 40_000_000_000])
def test_the_first_tag_has_the_moment_of_its_request(ticks: int) -> None:
    assert GuardTags(lambda: EPOCH + ticks / 1024).next().number == ticks


@pytest.mark.parametrize("step", [0.0, -60.0])
def test_the_tags_of_a_clock_that_stands_or_is_set_back_are_unique_and_at_most_a_second_late(step: float) -> None:
    moments = iter([EPOCH + 1000.0 + number * step for number in range(1024)])
    source = GuardTags(lambda: next(moments))
    tags = [source.next() for _ in range(1024)]
    assert len(set(tags)) == 1024
    assert (tags[-1].requested_at - tags[0].requested_at).total_seconds() < 1
