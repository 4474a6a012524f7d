"""The logs of a deployment's container."""

from __future__ import annotations

from collections.abc import Sequence

from edgegap_async.simulator.domain.deployment import SimulatedDeployment
from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.domain.resource_types import ENDPOINT, VERSION
from edgegap_async.simulator.domain.states import DeploymentState
from edgegap_async.simulator.domain.world import World
from edgegap_async.simulator.handlers.deployments import find_deployment
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest


def get(world: World, request: ValidatedRequest) -> Reply:
    """GET /v1/deployment/{deployment_id}/container-logs."""
    deployment = find_deployment(world, request.path["deployment_id"])
    if deployment.state is DeploymentState.TERMINATED and not _are_stored(world, deployment):
        message = "the logs of a terminated deployment are available only if an endpoint storage keeps them"
        raise Rejection(404, f"deployment_id: {message}")
    failed = deployment.state is DeploymentState.ERROR
    detail = deployment.error_detail
    return Reply(
        200,
        {
            "logs": "\n".join(_lines(world, deployment)),
            "encoding": "utf-8",
            "crash_logs": f"fatal: {detail}" if failed else None,
            "crash_data": {"exit_code": 1, "message": detail, "restart_count": 0} if failed else None,
            "logs_link": None,
        },
    )


def _are_stored(world: World, deployment: SimulatedDeployment) -> bool:
    """Return whether the storage exists that the deployment's logs are kept in, which can be that of its version."""
    storage = deployment.log_storage
    if storage is None or storage is True:
        path = {"app_name": deployment.application, "version_name": deployment.version}
        version = world.store.find(VERSION, path)
        storage = version.fields.get("endpoint_storage") if version is not None else None
    return bool(storage) and world.store.find(ENDPOINT, {"endpoint_name": str(storage)}) is not None


def _lines(world: World, deployment: SimulatedDeployment) -> Sequence[str]:
    """Return the log lines of a game server that starts when its deployment becomes READY."""
    ready = deployment.ready_at
    if ready is None or not deployment.was_ready:
        return ()
    lines = [f"{deployment.application} {deployment.version} starting"]
    lines += [f"listening on {port.settings.port}/{port.settings.protocol}" for port in deployment.ports]
    lines += [f"waiting for {deployment.user_count} players"]
    return [f"[{world.calendar.timestamp(ready + 0.01 * number)}] {line}" for number, line in enumerate(lines)]
