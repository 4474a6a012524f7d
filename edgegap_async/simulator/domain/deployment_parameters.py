"""What is asked for when a deployment is created, by a request or by a fleet."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from edgegap_async.simulator.domain.geography import CITIES, City, Position
from edgegap_async.simulator.domain.resource_types import ResourceRecord


@attrs.frozen(kw_only=True)
class DeploymentParameters:
    """The parameters of a new deployment, the same for every operation that creates one.

    Attributes:
        application: The application's name.
        version: The version's name; None for the newest.
        users: The positions of the players.
        user_count: How many players there are.
        cities: The cities in which the deployment may run.
        private_hosts: The ids of the private hosts on which it may run; none for a public machine.
        tags: Its tags.
        environment: Its variables by key.
        webhooks: URLs by event: ``ready``, ``error``, ``terminated``, or ``any`` for all three.
        resources: The ``cpu_units`` and ``memory_mib`` it reserves.
        command: The command of its container.
        arguments: The arguments of that command.
        policy: The policy of the fleet that creates it; None for a request.
    """

    application: str
    version: str | None
    users: Sequence[Position]
    user_count: int
    cities: Collection[City] = CITIES
    private_hosts: Sequence[str] = ()
    tags: Sequence[str] = ()
    environment: Mapping[str, str] = attrs.field(factory=dict[str, str])
    webhooks: Mapping[str, str] = attrs.field(factory=dict[str, str])
    resources: Mapping[str, int] | None = None
    command: str | None = None
    arguments: str | None = None
    policy: ResourceRecord | None = None
