"""Locations: cities, the nearest of them, addresses, filters and beacons."""

import ipaddress
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async.simulator.domain.geography import CITIES, Position, city_of_address, nearest_city
from edgegap_async.simulator.domain.machine import documentation_address

positions = st.builds(Position, st.floats(-90, 90), st.floats(-180, 180))


def distance(one, other):
    """Kilometres, by the haversine formula."""
    first, second = math.radians(one.latitude), math.radians(other.latitude)
    half = math.sin((first - second) / 2) ** 2
    turn = math.sin(math.radians(one.longitude - other.longitude) / 2) ** 2
    return 12742 * math.asin(min(1, math.sqrt(half + math.cos(first) * math.cos(second) * turn)))


@given(user=positions)
def test_one_user_gets_the_nearest_city(user):
    least = min(distance(user, city.position) for city in CITIES)
    assert distance(user, nearest_city([user]).position) == pytest.approx(least, abs=1)


@pytest.mark.parametrize(
    ("users", "city"),
    [
        ([(45.5, -73.6)], "Montreal"),
        ([(52.5, 13.4), (48.1, 11.6)], "Frankfurt"),
        ([(35.7, 139.7), (37.6, 127.0), (34.7, 135.5)], "Osaka"),
        ([(-36.8, 179.0), (-36.8, -179.0)], "Auckland"),  # the mean is not in Africa
        ([(0.0, 0.0), (0.0, 180.0)], "Johannesburg"),  # no mean position: the first user decides
    ],
)
def test_several_users_get_the_city_nearest_to_their_mean_position(users, city):
    assert nearest_city([Position(*user) for user in users]).city == city


def test_the_nearest_city_is_one_of_the_given_cities():
    assert nearest_city([CITIES[0].position], CITIES[5:6]) is CITIES[5]
    with pytest.raises(ValueError):
        nearest_city([CITIES[0].position], [])


def test_cities_are_unique_and_on_six_continents():
    assert len({(city.city, city.country) for city in CITIES}) == len(CITIES) >= 30
    assert len({city.continent for city in CITIES}) == 6
    for city in CITIES:
        assert nearest_city([city.position]) is city


def test_an_address_is_always_in_the_same_city():
    cities = {city_of_address(ipaddress.ip_address(f"198.51.100.{number}")) for number in range(256)}
    assert len(cities) > 20
    one = ipaddress.ip_address("2001:db8::1")
    assert city_of_address(one) is city_of_address(one)


def test_addresses_are_reserved_for_documentation():
    ranges = [ipaddress.ip_network(each) for each in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]
    found = {ipaddress.ip_address(documentation_address(number)) for number in range(762)}
    assert len(found) == 762
    assert all(any(each in net for net in ranges) for each in found)


async def test_a_deployment_runs_near_its_users(edgegap_server):
    for (latitude, longitude), city in {(35.7, 139.7): "Tokyo", (51.5, -0.1): "London"}.items():
        data = {"latitude": latitude, "longitude": longitude}
        deployment = await edgegap_server.ready(users=[{"user_type": "geo_coordinates", "user_data": data}])
        assert deployment.city == deployment.location.city == city


async def test_filters_limit_the_cities_of_a_deployment(edgegap_server):
    async def city(*filters):
        located = [{"ip": "203.0.113.7", "latitude": 45.5, "longitude": -73.6}]
        body = {"app_name": "kart", "geo_ip_list": located, "filters": filters}
        reply = await edgegap_server.call("POST", "/v1/deploy", json=body)
        assert reply.body["filters"] == list(filters)
        return edgegap_server.local.deployments[reply.body["request_id"]].city

    def where(field, filter_type, *values):
        return {"field": field, "filter_type": filter_type, "values": list(values)}

    assert await city() == "Montreal"
    assert await city(where("country", "not", "Canada")) == "New York"
    assert await city(where("country", "any", "Canada"), where("city", "not", "Montreal")) == "Toronto"
    assert await city(where("continent", "all", "Europe")) == "London"
    assert await city(where("location_tags", "any", "x")) == "Montreal"


async def test_lists_of_locations_and_beacons(edgegap_server):
    pages = [await edgegap_server.get("/v1/locations", page=page) for page in range(1, 5)]
    cities = [each["city"] for page in pages for each in page["locations"]]
    assert cities == [city.city for city in CITIES]
    beacons = await edgegap_server.get("/v1/locations/beacons")
    assert beacons["count"] == len(CITIES) == len(beacons["locations"])
    assert len({each["host"] for each in beacons["locations"]}) == len(CITIES)
    assert len({each["fqdn"] for each in beacons["locations"]}) == len(CITIES)
    page = await edgegap_server.get("/v1/locations/beacons", page=2, limit=3)
    assert [each["location"]["city"] for each in page["locations"]] == cities[3:6]
