"""Smart fleets and their policies."""

from __future__ import annotations

from datetime import UTC, datetime

from edgegap_async import DeployFilter
from samples import Calls

NOON = datetime(2026, 4, 22, 12, 0, tzinfo=UTC)
POLICY = {
    "enabled": True,
    "type": "Location",
    "minimum": 1,
    "maximum": 4,
    "threshold": 0.9,
    "data": [DeployFilter(field="city", values=("Montreal",))],
}
VERSION = {"application": "kart", "version": "v1.2"}

CALLS: Calls = {
    "fleet-create": [lambda e: e.fleets.create("north"), lambda e: e.fleets.create("north", enabled=True)],
    "fleet-get": [lambda e: e.fleets.get("north")],
    "fleet-update": [
        lambda e: e.fleets.update("north", enabled=False),
        lambda e: e.fleets.update("north", new_name="far-north", enabled=True),
    ],
    "fleet-delete": [lambda e: e.fleets.delete("north")],
    "fleets": [lambda e: e.fleets.list().first()],
    "fleet-link-app-version": [lambda e: e.fleets.link_version("north", **VERSION)],
    "fleet-unlink-app-version": [lambda e: e.fleets.unlink_version("north", **VERSION)],
    "fleet-policies-create": [lambda e: e.fleets.policies.create("north", "montreal", **POLICY)],
    "fleet-policies-get": [lambda e: e.fleets.policies.get("north", "montreal")],
    "fleet-policies-update": [
        lambda e: e.fleets.policies.update("north", "montreal", minimum=0),
        lambda e: e.fleets.policies.update(
            "north", "montreal", new_name="quebec", **POLICY, create_time=NOON, last_updated=NOON
        ),
    ],
    "fleet-policies-delete": [lambda e: e.fleets.policies.delete("north", "montreal")],
    "fleet-policies-list": [lambda e: e.fleets.policies.list("north").first()],
}
