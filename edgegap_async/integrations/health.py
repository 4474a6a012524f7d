"""The content of health endpoints: what a client knows without sending a request."""

from __future__ import annotations

import attrs

from edgegap_async.client import EdgegapClient
from edgegap_async.errors import JSON


@attrs.frozen(kw_only=True)
class HealthReport:
    """The health of a client.

    Attributes:
        is_healthy: Whether the client is open. One that has lost the store that it shares with other processes goes on
            with its share of the limits, so it counts as healthy: if a load balancer took out all processes that have
            lost it, none would remain.
        content: The JSON document of the endpoint.
    """

    is_healthy: bool
    content: dict[str, JSON]

    @property
    def http_status(self) -> int:
        """200 or 503."""
        return 200 if self.is_healthy else 503


def health_report(edgegap: EdgegapClient | None) -> HealthReport:
    """Report the health of a client; None is a client that is not open yet."""
    if edgegap is None:
        return HealthReport(is_healthy=False, content={"status": "closed"})
    coordination = _coordination(edgegap)
    if not edgegap.is_open:
        status = "closed"
    elif coordination is not None and coordination["state"] == "lost":
        status = "coordination lost"
    else:
        status = "ok"
    stats = edgegap.stats()
    limits: dict[str, JSON] = {
        name: {
            "rate": bucket.rate,
            "full_rate": bucket.full_rate,
            "slowed": bucket.is_slowed,
            "waiting": bucket.waiting,
            "rate_limited": bucket.rate_limited,
        }
        for name, bucket in stats.buckets.items()
    }
    return HealthReport(
        is_healthy=edgegap.is_open,
        content={
            "status": status,
            "last_response_age": stats.last_response_age,
            "limits": limits,
            "coordination": coordination,
        },
    )


def _coordination(edgegap: EdgegapClient) -> dict[str, JSON] | None:
    """Return the state of the store that several processes share; None without one."""
    coordination = edgegap.coordination
    if coordination is None:
        return None
    return {"state": coordination.state, "members": coordination.members, "is_leader": coordination.is_leader}
