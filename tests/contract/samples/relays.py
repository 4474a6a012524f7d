"""Relay sessions."""

from __future__ import annotations

from edgegap_async import DeployFilter, User
from samples import Calls

ID = "7349356945f1-S"

CALLS: Calls = {
    "relay-session-create": [
        lambda e: e.relays.create(users=["203.0.113.7"]),
        lambda e: e.relays.create(
            users=["203.0.113.7", (45.5, -73.6), User.at(45.5, -73.6, ip_address="198.51.100.9")],
            filters=[DeployFilter(field="country", values=("Canada",))],
            webhook_url="https://studio.example/relay",
        ),
    ],
    "relay-session-get": [lambda e: e.relays.get(ID)],
    "relay-session-delete": [lambda e: e.relays.delete(ID)],
    "relay-session-list": [lambda e: e.relays.list().first()],
    "relay-user-authorize": [lambda e: e.relays.authorize_user(ID, user_ip="198.51.100.9")],
    "relay-user-revoke": [lambda e: e.relays.revoke_user(ID, authorization_token=3500589645)],
}
