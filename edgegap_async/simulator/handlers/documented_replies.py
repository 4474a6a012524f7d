"""Replies and rejections that stay within what an operation's document describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgegap_async.simulator.domain.rejection import Rejection
from edgegap_async.simulator.http.messages import Reply, ValidatedRequest
from edgegap_async.simulator.specification import conform, documented_statuses


def documented_reply(request: ValidatedRequest, fields: Mapping[str, Any], status: int = 200) -> Reply:
    """Return a reply whose body has the fields that the operation's document requires and none that it forbids.

    Args:
        request: The request to reply to.
        fields: The body's fields.
        status: The status of the reply.
    """
    return Reply(status, conform(request.operation.operation_id, fields))


def documented_rejection(request: ValidatedRequest, status: int, message: str) -> Rejection:
    """Return a rejection with a status, or with 400 if the operation's document does not list that status.

    Args:
        request: The request to reject.
        status: The most fitting status.
        message: The message of the response.
    """
    return Rejection(status if status in documented_statuses(request.operation.operation_id) else 400, message)
