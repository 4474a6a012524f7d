"""What the integrations with web frameworks share: how a request finds the client, and the webhook receiver."""

from __future__ import annotations

from typing import Any, Final

from edgegap_async.client import EdgegapClient
from edgegap_async.errors import ClientStateError
from edgegap_async.webhooks.asgi import ASGIApplication, Receive, Scope, Send

STATE_NAME: Final = "edgegap"
"""The name of the client in ``app.state`` and in the lifespan's state."""


def client_in(scope: Scope) -> EdgegapClient:
    """Return the client of the application that serves a request.

    It is that of ``app.state``, else that of the lifespan's state, which a mounted application shares.

    Raises:
        ClientStateError: The application has no client.
    """
    application_state: Any = getattr(scope.get("app"), "state", None)
    client = getattr(application_state, STATE_NAME, None) or scope.get("state", {}).get(STATE_NAME)
    if not isinstance(client, EdgegapClient):
        raise ClientStateError("this application has no EdgegapClient: pass lifespan=edgegap_lifespan() to it")
    return client


class WebhookEndpoint:
    """An ASGI application that receives the service's webhooks for the client of the application it is part of."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the path is checked before the body is read.

        Args:
            scope: The ASGI scope.
            receive: Receives the request's body.
            send: Sends the response.
        """
        await ASGIApplication(client_in(scope).webhooks)(scope, receive, send)
