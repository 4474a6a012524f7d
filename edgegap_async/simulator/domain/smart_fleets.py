"""Fleets, which start deployments of their linked versions before sessions need them.

An enabled fleet acts for each of its enabled policies and each linked version whose sessions share deployments. What it
starts is tagged with the names of fleet and policy. It stops nothing: a deployment that its sessions have left ends
after the ``empty_ttl`` of its version, unless the policy's minimum needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.deployment_parameters import DeploymentParameters
from edgegap_async.simulator.domain.geography import City, Position, nearest_city
from edgegap_async.simulator.domain.location_filters import filtered_cities, is_location_filter
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.resource_types import FLEET, FLEET_LINK, POLICY, ResourceRecord
from edgegap_async.simulator.domain.session import SessionRegistry, SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.store import Store
from edgegap_async.simulator.settings import VersionSettings

CreateDeployment: TypeAlias = Callable[[DeploymentParameters], SimulatedDeployment]
ResolveVersion: TypeAlias = Callable[[str, str | None], tuple[str, VersionSettings]]


@attrs.frozen(eq=False)
class _Rule:
    """A policy, applied to one of the versions that its fleet is linked to."""

    fleet: str
    policy: ResourceRecord
    application: str
    version: str
    cities: Sequence[City]

    @property
    def tags(self) -> tuple[str, str]:
        return self.fleet, self.policy.path["policy_name"]

    def started(self, deployment: SimulatedDeployment) -> bool:
        return deployment.policy is self.policy and self._is_of_version(deployment)

    def serves(self, session: SimulatedSession) -> bool:
        """Whether a deployment of the policy could be what a session waits for."""
        return (
            self._is_of_version(session)
            and not {*self.cities}.isdisjoint(session.cities)
            and {*session.required_tags} <= {*self.tags}
        )

    def _is_of_version(self, item: SimulatedDeployment | SimulatedSession) -> bool:
        return (item.application, item.version) == (self.application, self.version)


class SmartFleets:
    """Every fleet of a local Edgegap, and the deployments that they have started."""

    def __init__(
        self, store: Store, sessions: SessionRegistry, resolve_version: ResolveVersion, create: CreateDeployment
    ) -> None:
        """Start nothing yet.

        Args:
            store: Holds the fleets, their policies and their links.
            sessions: The sessions, some of which wait for a deployment.
            resolve_version: Returns the name and the settings of a version that can be deployed.
            create: Creates a deployment.
        """
        self._store = store
        self._sessions = sessions
        self._resolve_version = resolve_version
        self._create = create
        self._started: list[SimulatedDeployment] = []

    def act(self) -> None:
        """Start what the policies ask for by now, and let end what none of them needs."""
        self._started = [each for each in self._started if each.state is not DeploymentState.TERMINATED]
        needed: set[SimulatedDeployment] = set()
        for rule in self._rules():
            while self._needs_another(rule):
                deployment = self._start(rule)
                if deployment is None:
                    break
                self._started.append(deployment)
            needed.update(self._running(rule)[: rule.policy.fields["minimum"]])
        for deployment in self._started:
            deployment.keep(deployment in needed)

    def _rules(self) -> Iterator[_Rule]:
        for fleet in self._store.list_under(FLEET, {}):
            if not fleet.fields.get("enabled"):
                continue
            for policy in self._store.list_under(POLICY, fleet.path):
                if policy.fields["enabled"] and (cities := _cities(policy.fields)):
                    for link in self._store.list_under(FLEET_LINK, fleet.path):
                        yield _Rule(
                            fleet.path["fleet_name"], policy, link.path["app_name"], link.path["version_name"], cities
                        )

    def _running(self, rule: _Rule) -> list[SimulatedDeployment]:
        """The deployments of a rule that are, or will be, READY, the oldest first."""
        return [
            each
            for each in self._started
            if rule.started(each) and each.is_active and each.state is not DeploymentState.ERROR
        ]

    def _needs_another(self, rule: _Rule) -> bool:
        fields, running = rule.policy.fields, self._running(rule)
        if sum(rule.started(each) and each.is_active for each in self._started) >= fields["maximum"]:
            return False
        if len(running) < fields["minimum"]:
            return True
        joinable = [each for each in running if each.is_joinable_by_session]
        sockets = sum(each.sockets for each in joinable)
        wanted = sum(each.sockets_usage for each in joinable) + sum(each.sockets for each in self._waiting(rule))
        return wanted > 0 and wanted >= fields["threshold"] * sockets

    def _waiting(self, rule: _Rule) -> list[SimulatedSession]:
        return [session for session in self._sessions.waiting if rule.serves(session)]

    def _start(self, rule: _Rule) -> SimulatedDeployment | None:
        """Start another deployment; None if its version is gone, is inactive, or does not share deployments."""
        city = self._next_city(rule)
        try:
            _, settings = self._resolve_version(rule.application, rule.version)
            if not settings.session_config.shares_deployments:
                return None
            return self._create(
                DeploymentParameters(
                    application=rule.application,
                    version=rule.version,
                    users=[city.position],
                    user_count=0,
                    cities=[city],
                    tags=rule.tags,
                    policy=rule.policy,
                )
            )
        except Rejection:
            return None

    def _next_city(self, rule: _Rule) -> City:
        """Near the users of the session that waits for longest; otherwise where the rule has fewest deployments."""
        for session in self._waiting(rule):
            if session.users:
                positions = [user.position for user in session.users.values()]
                return nearest_city(positions, [city for city in rule.cities if city in session.cities])
        used = [each.location for each in self._running(rule)]
        return min(rule.cities, key=used.count)


def _cities(policy: Mapping[str, Any]) -> Sequence[City]:
    """Return the cities in which a policy may start deployments; none if its data has another shape.

    No simulated location has tags, so there are none for the type ``Tag`` either.
    """
    match policy["type"], policy["data"]:
        case "Location", {"filters": [*filters]} if all(map(is_location_filter, filters)):
            return filtered_cities(filters)
        case "Coordinates", {"latitude": int() | float() as latitude, "longitude": int() | float() as longitude}:
            return [nearest_city([Position(latitude, longitude)])]
        case _:
            return []
