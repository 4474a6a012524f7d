"""``edgegap.deployments``: creating, waiting for, stopping and listing game servers."""

from edgegap_async.services.deployments.service import Deployments

__all__ = ["Deployments"]
