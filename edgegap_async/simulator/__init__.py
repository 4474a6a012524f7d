"""The local Edgegap: a real HTTP server on this machine that behaves like the service, without an account.

It needs the extra ``simulator``: ``pip install 'edgegap-async[simulator]'``.
"""

from importlib import import_module

try:
    import_module("jsonschema")  # first, so that without it the message says what to install
except ModuleNotFoundError as _missing:
    raise ModuleNotFoundError(
        "the local Edgegap needs the extra: pip install 'edgegap-async[simulator]'", name=_missing.name
    ) from _missing

from edgegap_async.simulator.clock import Clock, VirtualClock
from edgegap_async.simulator.domain.collection import Collection
from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.relay import SimulatedRelay
from edgegap_async.simulator.domain.session import SimulatedSession
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.http.faults import Fault, Faults
from edgegap_async.simulator.http.rate_limits import Counting
from edgegap_async.simulator.http.request_log import LoggedRequest
from edgegap_async.simulator.server import LocalEdgegap
from edgegap_async.simulator.webhooks.sender import LoggedWebhook

__all__ = [
    "Clock",
    "Collection",
    "Counting",
    "DeploymentState",
    "Fault",
    "Faults",
    "LocalEdgegap",
    "LoggedRequest",
    "LoggedWebhook",
    "SimulatedDeployment",
    "SimulatedRelay",
    "SimulatedSession",
    "VirtualClock",
]
