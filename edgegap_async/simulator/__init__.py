"""The local Edgegap: a real HTTP server on this machine that behaves like the service, without an account."""

from edgegap_async.simulator.clock import Clock, VirtualClock
from edgegap_async.simulator.domain.collection import Collection
from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.http.faults import Fault, Faults
from edgegap_async.simulator.http.rate_limits import Counting
from edgegap_async.simulator.http.request_log import LoggedRequest
from edgegap_async.simulator.server import LocalEdgegap

__all__ = [
    "Clock",
    "Collection",
    "Counting",
    "DeploymentState",
    "Fault",
    "Faults",
    "LocalEdgegap",
    "LoggedRequest",
    "SimulatedDeployment",
    "SimulatedSession",
    "VirtualClock",
]
