"""The pages of lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.operations import OPERATIONS
from edgegap_async.simulator.handlers.pages import PageRequest
from edgegap_async.simulator.specification import response_fields


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


_LISTS = {
    "application-list": "/v1/apps",
    "app-version-list": "/v1/app/kart/versions",
    "deployment-list": "/v1/deployments",
    "deployment-tag-list": "/v1/deployments/{deployment}/tags",
    "endpoints-list": "/v1/storage/endpoints",
    "fleets": "/v1/fleets",
    "fleet-policies-list": "/v1/fleet/eu/policies",
    "get-custom-sessions": "/v1/deployment/{deployment}/custom/sessions",
    "list-sessions": "/v1/sessions",
    "location-list": "/v1/locations",
    "private-fleet-hosts-list": "/v2/private-fleets/test-fleet/hosts",
    "pull-profile-list": "/v1/storage/endpoint/s3/pull-profiles",
    "relay-session-list": "/v1/relays/sessions",
}


def test_every_list_with_a_pagination_object_is_tested():
    assert {each for each in OPERATIONS if "pagination" in response_fields(each)} == _LISTS.keys()


async def test_every_pagination_object_has_all_its_fields_with_null_for_no_page(serve):
    edgegap = await serve(applications={"kart": {"v1.2": {}}}, private_fleets={"test-fleet": 0})
    deployment = await edgegap.ready()
    await edgegap.call("POST", "/v1/fleet", json={"name": "eu"})
    endpoint = {"access_key_id": "id", "secret_access_key": "secret", "endpoint": "https://s3.test", "bucket": "logs"}
    await edgegap.call("POST", "/v1/storage/endpoint", json={"name": "s3"} | endpoint)
    for operation_id, path in _LISTS.items():
        one_page = operation_id != "location-list"
        body = await edgegap.get(path.format(deployment=deployment.request_id), page=1, limit=100 if one_page else 5)
        pages = body["pagination"]["paginator"]["num_pages"]
        assert (pages == 1) is one_page
        assert body["pagination"] == {
            "number": 1,
            "next_page_number": None if one_page else 2,
            "previous_page_number": None,
            "paginator": {"num_pages": pages},
            "has_next": not one_page,
            "has_previous": False,
        }, operation_id
