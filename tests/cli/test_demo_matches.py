"""The matches of the demo: generated from a seed, with players near one another."""

from __future__ import annotations

import ipaddress

from edgegap_async.cli.demo.matches import DOCUMENTATION_RANGES, REGIONS, generate_matches
from edgegap_async.simulator.domain.geography import Position, city_of_address, nearest_city


def test_the_same_seed_generates_the_same_matches_whatever_their_count() -> None:
    assert generate_matches(5, 7) == generate_matches(24, 7)[:5]
    assert generate_matches(5, 7) != generate_matches(5, 8)


def test_a_match_has_three_to_five_players_of_one_region() -> None:
    for match in generate_matches(100, 1):
        assert 3 <= len(match.players) <= 5
        assert {player.city for player in match.players} <= REGIONS[match.region].keys()


def test_every_region_has_matches() -> None:
    assert {match.region for match in generate_matches(len(REGIONS), 3)} == REGIONS.keys()


def test_some_players_have_a_documentation_address_located_near_them() -> None:
    networks = [ipaddress.ip_network(each) for each in DOCUMENTATION_RANGES]
    players = [(match.region, player) for match in generate_matches(50, 1) for player in match.players]
    with_address = [(region, player) for region, player in players if player.user.ip_address is not None]
    assert len(players) / 8 < len(with_address) < len(players) / 2
    for region, player in with_address:
        address = ipaddress.ip_address(player.user.ip_address or "")
        assert any(address in network for network in networks)
        # a suburb may be nearer to another city of the region than the centre of its own city is
        assert city_of_address(address) in {nearest_city([Position(*centre)]) for centre in REGIONS[region].values()}


def test_without_addresses_every_player_has_a_position() -> None:
    matches = generate_matches(50, 1, by_address=False)
    assert all(player.user.has_position for match in matches for player in match.players)
