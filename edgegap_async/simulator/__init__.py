"""The local Edgegap: a real HTTP server on this machine that behaves like the service, without an account."""

from edgegap_async.simulator.clock import Clock, VirtualClock
from edgegap_async.simulator.collection import Collection
from edgegap_async.simulator.counting import Counting
from edgegap_async.simulator.deployment import Deployment, State
from edgegap_async.simulator.faults import Fault, Faults
from edgegap_async.simulator.journal import Received
from edgegap_async.simulator.server import LocalEdgegap
from edgegap_async.simulator.session import Session

__all__ = [
    "Clock",
    "Collection",
    "Counting",
    "Deployment",
    "Fault",
    "Faults",
    "LocalEdgegap",
    "Received",
    "Session",
    "State",
    "VirtualClock",
]
