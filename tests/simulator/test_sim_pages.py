"""The pages of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.simulator.handlers.pages import PageRequest


@given(total=st.integers(0, 60), size=st.integers(1, 12))
def test_following_next_page_number_returns_every_item_once(total, size):
    items, found = list(range(total)), []
    page, numbers = PageRequest(1, size), []
    while True:
        envelope = page.envelope(total)["pagination"]
        found += items[page.start : page.stop]
        numbers.append(envelope["number"])
        assert envelope["has_previous"] is (page.number > 1)
        assert envelope["previous_page_number"] == (page.number - 1 or None)
        if not envelope["has_next"]:
            assert envelope["next_page_number"] is None
            break
        page = PageRequest(envelope["next_page_number"], size)
    assert found == items
    assert numbers == list(range(1, envelope["paginator"]["num_pages"] + 1))


@given(total=st.integers(0, 60), size=st.integers(1, 12), beyond=st.integers(1, 5))
def test_a_page_past_the_end_refers_to_the_last_page(total, size, beyond):
    pages = PageRequest(1, size).envelope(total)["pagination"]["paginator"]["num_pages"]
    past = PageRequest(pages + beyond, size).envelope(total)["pagination"]
    assert (past["has_next"], past["next_page_number"]) == (False, None)
    assert (past["has_previous"], past["previous_page_number"]) == (True, pages)


async def test_pages_have_ten_items_by_default(serve):
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
@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"limit": "0"},
        {"page": "-1"},
        {"limit": "many"},
        {"page": ""},
        {"page": "0", "limit": "10"},
        {"limit": "0", "page": "1"},
    ],
)
async def test_page_and_limit_must_be_positive_numbers(edgegap_server, path, params):
    reply = await edgegap_server.call("GET", path, params=params)
    assert reply.status == 400
    assert next(iter(params)) in reply.body["message"]
