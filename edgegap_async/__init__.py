"""An asyncio client for Edgegap: deploy, await and stop game servers inside the organisation's rate limits."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from edgegap_async import errors
from edgegap_async._version import __version__
from edgegap_async.client import EdgegapClient
from edgegap_async.errors import (
    JSON,
    APIError,
    AuthenticationError,
    BadRequest,
    CleanupFailed,
    ClientStateError,
    ConfigurationError,
    Conflict,
    CoordinationError,
    DeadlineExceeded,
    DecodeError,
    DeploymentError,
    DeploymentFailed,
    DeploymentTerminated,
    EdgegapError,
    FailedDependency,
    Gone,
    JournalError,
    NotFound,
    Outcome,
    PermissionDenied,
    RateLimited,
    ReadyTimeout,
    ServerError,
    TransportError,
    Unprocessable,
    WaitError,
    WaitFailed,
    WaitTerminated,
    WaitTimeout,
)
from edgegap_async.events import Event, EventHook, EventKind
from edgegap_async.limits import RateLimits
from edgegap_async.models.deployments import (
    Deployment,
    DeploymentRequest,
    DeploymentRequestV1,
    DeploymentRow,
    DeploymentSnapshot,
    GameServer,
    StopReceipt,
)
from edgegap_async.models.ids import DeploymentLike, SessionLike
from edgegap_async.models.list_filter import Filter
from edgegap_async.models.location_filters import DeployFilter
from edgegap_async.models.locations import Location
from edgegap_async.models.ports import Port, Ports
from edgegap_async.models.relays import RelaySession
from edgegap_async.models.sessions import CustomSession, Selector, Session
from edgegap_async.models.states import Progress, State, StateChange
from edgegap_async.ownership.creation import GuardPolicy, OnCancel
from edgegap_async.ownership.journal import OrphanedServer, RecoveryOutcome
from edgegap_async.ownership.recovery import RecoveryFailed
from edgegap_async.pagination import Page, PageStream
from edgegap_async.secret import Secret
from edgegap_async.stats import BucketStats, Stats
from edgegap_async.transport import RetryPolicy

if TYPE_CHECKING:
    from edgegap_async.models.create_options import CreateOptions, Resources
    from edgegap_async.models.environment import Environment, EnvironmentVariable
    from edgegap_async.models.matchmakers import RegistryCredentials
    from edgegap_async.models.users import User, UserLike
    from edgegap_async.models.versions import Probe, SessionConfig, VersionPort
    from edgegap_async.services.deployments.deploy_many import Deployed, ServerRequest
    from edgegap_async.waiting.progress import ManyProgress, WaitProgress

__all__ = [
    "JSON",
    "APIError",
    "AuthenticationError",
    "BadRequest",
    "BucketStats",
    "CleanupFailed",
    "ClientStateError",
    "ConfigurationError",
    "Conflict",
    "CoordinationError",
    "CreateOptions",
    "CustomSession",
    "DeadlineExceeded",
    "DecodeError",
    "DeployFilter",
    "Deployed",
    "Deployment",
    "DeploymentError",
    "DeploymentFailed",
    "DeploymentLike",
    "DeploymentRequest",
    "DeploymentRequestV1",
    "DeploymentRow",
    "DeploymentSnapshot",
    "DeploymentTerminated",
    "EdgegapClient",
    "EdgegapError",
    "Environment",
    "EnvironmentVariable",
    "Event",
    "EventHook",
    "EventKind",
    "FailedDependency",
    "Filter",
    "GameServer",
    "Gone",
    "GuardPolicy",
    "JournalError",
    "Location",
    "ManyProgress",
    "NotFound",
    "OnCancel",
    "OrphanedServer",
    "Outcome",
    "Page",
    "PageStream",
    "PermissionDenied",
    "Port",
    "Ports",
    "Probe",
    "Progress",
    "RateLimited",
    "RateLimits",
    "ReadyTimeout",
    "RecoveryFailed",
    "RecoveryOutcome",
    "RegistryCredentials",
    "RelaySession",
    "Resources",
    "RetryPolicy",
    "Secret",
    "Selector",
    "ServerError",
    "ServerRequest",
    "Session",
    "SessionConfig",
    "SessionLike",
    "State",
    "StateChange",
    "Stats",
    "StopReceipt",
    "TransportError",
    "Unprocessable",
    "User",
    "UserLike",
    "VersionPort",
    "WaitError",
    "WaitFailed",
    "WaitProgress",
    "WaitTerminated",
    "WaitTimeout",
    "__version__",
    "errors",
]

_IMPORTED_LATER: Final = {
    "CreateOptions": "models.create_options",
    "Deployed": "services.deployments.deploy_many",
    "Environment": "models.environment",
    "EnvironmentVariable": "models.environment",
    "ManyProgress": "waiting.progress",
    "Probe": "models.versions",
    "RegistryCredentials": "models.matchmakers",
    "Resources": "models.create_options",
    "ServerRequest": "services.deployments.deploy_many",
    "SessionConfig": "models.versions",
    "User": "models.users",
    "UserLike": "models.users",
    "VersionPort": "models.versions",
    "WaitProgress": "waiting.progress",
}
"""The names that not every program needs, each with its module: they are imported when they are first used."""

if not TYPE_CHECKING:  # types are checked by the imports above

    def __getattr__(name: str) -> object:
        if name not in _IMPORTED_LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        value = globals()[name] = getattr(import_module(f"{__name__}.{_IMPORTED_LATER[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return [*globals(), *_IMPORTED_LATER]
