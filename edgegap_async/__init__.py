"""An asyncio client for Edgegap: game servers deployed, awaited and stopped, inside the rate limits."""

from edgegap_async import errors
from edgegap_async._version import __version__
from edgegap_async.client import EdgegapClient
from edgegap_async.config import Secret
from edgegap_async.events import BucketStats, Event, EventKind, Stats
from edgegap_async.models.create_options import CreateOptions, Resources
from edgegap_async.models.deployments import (
    Deployment,
    DeploymentRequest,
    DeploymentRow,
    GameServer,
)
from edgegap_async.models.environment import EnvironmentVariable
from edgegap_async.models.filters import DeployFilter
from edgegap_async.models.matchmakers import RegistryCredentials
from edgegap_async.models.query import Filter
from edgegap_async.models.sessions import CustomSession, Selector
from edgegap_async.models.states import State, StateChange
from edgegap_async.models.users import User
from edgegap_async.models.versions import Probe, SessionConfig, VersionPort
from edgegap_async.ownership.guard import GuardPolicy
from edgegap_async.pagination import Page, PageStream
from edgegap_async.services.deployments.many import Deployed, ServerRequest
from edgegap_async.transport import RetryPolicy
from edgegap_async.waiting import ManyProgress, WaitProgress

__all__ = [
    "BucketStats",
    "CreateOptions",
    "CustomSession",
    "DeployFilter",
    "Deployed",
    "Deployment",
    "DeploymentRequest",
    "DeploymentRow",
    "EdgegapClient",
    "EnvironmentVariable",
    "Event",
    "EventKind",
    "Filter",
    "GameServer",
    "GuardPolicy",
    "ManyProgress",
    "Page",
    "PageStream",
    "Probe",
    "RegistryCredentials",
    "Resources",
    "RetryPolicy",
    "Secret",
    "Selector",
    "ServerRequest",
    "SessionConfig",
    "State",
    "StateChange",
    "Stats",
    "User",
    "VersionPort",
    "WaitProgress",
    "__version__",
    "errors",
]
