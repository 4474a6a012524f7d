"""The matches of the demo: from a seed, near one another, at addresses that are nobody's."""

from __future__ import annotations

import ipaddress

from edgegap_async.cli.matches import DOCUMENTATION_RANGES, REGIONS, matches
from edgegap_async.simulator.domain.geography import Position, city_of_address, nearest_city


def test_the_same_seed_makes_the_same_matches_however_many() -> None:
    assert matches(5, 7) == matches(24, 7)[:5]
    assert matches(5, 7) != matches(5, 8)


def test_a_match_has_three_to_five_players_of_one_region() -> None:
    for match in matches(100, 1):
        assert 3 <= len(match.players) <= 5
        assert {player.city for player in match.players} <= REGIONS[match.region].keys()


def test_every_region_plays() -> None:
    assert {match.region for match in matches(len(REGIONS), 3)} == REGIONS.keys()


def test_some_players_are_known_by_a_documentation_address_which_lies_where_they_live() -> None:
    networks = [ipaddress.ip_network(each) for each in DOCUMENTATION_RANGES]
    players = [(match.region, player) for match in matches(50, 1) for player in match.players]
    known = [(region, player) for region, player in players if player.user.ip_address is not None]
    assert len(players) / 8 < len(known) < len(players) / 2
    for region, player in known:
        address = ipaddress.ip_address(player.user.ip_address or "")
        assert any(address in network for network in networks)
        # the suburbs of a city may be nearer to another machine than its middle is, but not by a region
        assert city_of_address(address) in {nearest_city([Position(*place)]) for place in REGIONS[region].values()}


def test_without_addresses_every_player_has_a_position() -> None:
    assert all(player.user.has_position for match in matches(50, 1, by_address=False) for player in match.players)
