"""Pagination, the same in every list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.simulator.handlers.pages import PageRequest


@given(total=st.integers(0, 60), size=st.integers(1, 12))
def test_following_the_pages_gives_every_item_once(total, size):
    items, found = list(range(total)), []
    page, numbers = PageRequest(1, size), []
    while True:
        described = page.envelope(total)["pagination"]
        found += items[page.start : page.stop]
        numbers.append(described["number"])
        assert described["has_previous"] is (page.number > 1)
        assert described["previous_page_number"] == (page.number - 1 or None)
        if not described["has_next"]:
            assert described["next_page_number"] is None
            break
        page = PageRequest(described["next_page_number"], size)
    assert found == items
    assert numbers == list(range(1, described["paginator"]["num_pages"] + 1))


@given(total=st.integers(0, 60), size=st.integers(1, 12), beyond=st.integers(1, 5))
def test_a_page_past_the_end_leads_back(total, size, beyond):
    pages = PageRequest(1, size).envelope(total)["pagination"]["paginator"]["num_pages"]
    past = PageRequest(pages + beyond, size).envelope(total)["pagination"]
    assert (past["has_next"], past["next_page_number"]) == (False, None)
    assert (past["has_previous"], past["previous_page_number"]) == (True, pages)


async def test_ten_a_page_unless_it_is_said(serve):
    edgegap = await serve(max_page_size=20)
    ids = [await edgegap.create() for _ in range(25)]
    newest_first = ids[::-1]
    assert await edgegap.rows() == newest_first[:10]
    assert await edgegap.rows(page=3) == newest_first[20:]
    assert await edgegap.rows(page=2, limit=20) == newest_first[20:]
    assert await edgegap.rows(limit=500) == newest_first[:20]
    past = await edgegap.get("/v1/deployments", page=9)
    assert (past["data"], past["total_count"]) == ([], 25)
    assert past["pagination"]["has_next"] is False


@pytest.mark.parametrize(
    "path", ["/v1/deployments", "/v1/locations", "/v1/locations/beacons", "/v2/private-fleets/test-fleet/hosts"]
)
@pytest.mark.parametrize("params", [{"page": "0"}, {"limit": "0"}, {"page": "-1"}, {"limit": "many"}])
async def test_a_page_is_a_number_from_one(edgegap_server, path, params):
    reply = await edgegap_server.call("GET", path, params=params)
    assert reply.status == 400
    assert next(iter(params)) in reply.body["message"]
