"""What all services of one client share."""

from __future__ import annotations

import attrs

from edgegap_async.ownership.background import BackgroundTasks
from edgegap_async.ownership.guard import DeployGuard
from edgegap_async.transport import Pipeline
from edgegap_async.waiting.watchers import Watchers
from edgegap_async.webhooks.receiver import Webhooks


@attrs.frozen(kw_only=True)
class ClientCore:
    """What all services of one client share.

    Attributes:
        pipeline: Sends the requests.
        prefetch: How many pages of a list are requested ahead at most.
        background: Runs what outlives its caller.
        guard: Creates and stops deployments.
        watchers: Poll what is waited for.
        webhooks: Receive what the service reports.
    """

    pipeline: Pipeline
    prefetch: int
    background: BackgroundTasks
    guard: DeployGuard
    watchers: Watchers
    webhooks: Webhooks
