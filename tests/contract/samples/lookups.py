"""Telemetry, IP addresses, lobbies, a container's context, and the service's own status."""

from __future__ import annotations

from edgegap_async import Secret
from samples import Calls

DEPLOYMENTS = ["61b1be8f54d9", "7349356945f1"]
USERS = ["203.0.113.7", "2001:db8::7"]
ME = ("61b1be8f54d9", 660)

CALLS: Calls = {
    "active-deployment-telemetry-post": [
        lambda e: e.telemetry.create(DEPLOYMENTS, users=USERS),
        lambda e: e.telemetry.create(DEPLOYMENTS, users=USERS, webhook_url="https://studio.example/telemetry"),
    ],
    "active-deployment-telemetry-get": [lambda e: e.telemetry.get("1f7a5a2e")],
    "IP": [lambda e: e.ip.get()],
    "IP lookup": [lambda e: e.ip.lookup("203.0.113.7"), lambda e: e.ip.lookup("2001:db8::7")],
    "IPs lookup": [lambda e: e.ip.lookup_many(USERS)],
    "lobby-create": [lambda e: e.lobbies.create("plaza")],
    "lobby-Get": [lambda e: e.lobbies.get("plaza")],
    "lobby-deploy": [lambda e: e.lobbies.deploy("plaza")],
    "lobby-terminate": [lambda e: e.lobbies.terminate("plaza")],
    "context-get": [lambda e: e.context.get(*ME, token="injected")],
    "context-create-deployment-tag": [lambda e: e.context.create_tag(*ME, "ranked", token=Secret("injected"))],
    "context-delete-deployment-tag": [lambda e: e.context.delete_tag(*ME, "ranked", token="injected")],
    "monitoring": [lambda e: e.monitor.get()],
}
