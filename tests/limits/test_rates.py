"""Which buckets several processes share."""

from __future__ import annotations

from edgegap_async.limits import shared_names
from edgegap_async.operations import DOCUMENTED_RATES


def test_buckets_with_documented_rates_and_those_that_the_user_names_are_shared() -> None:
    assert shared_names(None) == set(DOCUMENTED_RATES)
    assert shared_names({"stop": 5}) == {*DOCUMENTED_RATES, "stop"}
