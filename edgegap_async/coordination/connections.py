"""Connections to a Valkey or Redis server: one for each command that runs, and half a second for each.

They are those of the package ``redis``, used without its retries: a script that is run again reserves twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Final, Protocol, TypeAlias, TypeVar, cast

from edgegap_async.coordination.scripts import Script
from edgegap_async.coordination.store import RESPONSE_SECONDS, StoreError
from edgegap_async.errors import ConfigurationError, cleaned
from edgegap_async.secret import Secret

try:
    from redis import exceptions as redis_errors
except ImportError:  # pragma: no cover - see tests/coordination/test_valkey_urls.py
    raise ConfigurationError(
        "coordination= needs the package 'redis': run pip install 'edgegap-async[valkey]'"
    ) from None

Argument: TypeAlias = str | bytes | int | float

_ResultT = TypeVar("_ResultT")

_MAX_COMMANDS: Final = 8
"""How many commands run at once; others wait for a connection, within their half second."""

_SILENCES: Final = (4.0, 0.02)
"""How long a subscription waits: for a message, of which each heartbeat sends one, and, if the event loop stalled
meanwhile, for what has arrived."""

_ERRORS: Final = (redis_errors.RedisError, OSError, EOFError, RuntimeError)
"""What a connection raises; a RuntimeError is what some event loops raise if it is closed meanwhile."""


class ServerConnection(Protocol):
    """What this module uses of a connection of the package ``redis``."""

    async def send_command(self, *args: Argument, check_health: bool) -> None:
        """Send a command."""
        ...

    async def read_response(
        self,
        disable_decoding: bool,
        timeout: float | None = None,
        *,
        disconnect_on_error: bool = True,
        push_request: bool = False,
    ) -> object:
        """Return a response.

        Args:
            disable_decoding: Whether strings are returned as bytes, whatever the client's settings.
            timeout: Seconds after which None is returned instead; None takes the client's timeout, which raises.
            disconnect_on_error: Whether the connection is closed if this is cancelled or fails.
            push_request: Whether messages of a subscription are returned.
        """
        ...

    async def disconnect(self, nowait: bool) -> None:
        """Disconnect."""
        ...


class ServerConnectionPool(Protocol):
    """What this module uses of a connection pool of the package ``redis``."""

    max_connections: int

    @property
    def connection_kwargs(self) -> Mapping[str, object]:
        """The settings of its connections."""
        ...

    async def get_connection(self) -> ServerConnection:
        """Return an open connection that has no command under way."""
        ...

    async def release(self, connection: ServerConnection) -> None:
        """Return a connection to the pool."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...


class StoreConnections:
    """Runs commands on the connections of a pool. An error report shows nothing of the pool, which has a password."""

    __slots__ = ("_commands", "_password", "_pool", "address", "round_trips")

    def __init__(self, pool: ServerConnectionPool) -> None:
        """Connect nothing yet."""
        self._pool = pool
        # a client with few connections needs one for a subscription
        self._commands = asyncio.Semaphore(min(_MAX_COMMANDS, max(pool.max_connections - 1, 1)))
        self._password = Secret(str(pool.connection_kwargs.get("password") or ""))
        self.address: str = _address(pool.connection_kwargs)
        self.round_trips: int = 0

    def __repr__(self) -> str:
        return f"<StoreConnections to {self.address}>"

    async def run(self, *command: Argument) -> object:
        """Return the response to a command, with strings as bytes.

        Raises:
            StoreError: There is none within half a second, or the store refused the command.
        """
        return await self.bounded(self._respond(*command))

    async def run_script(self, script: Script, keys: tuple[str, ...], arguments: tuple[Argument, ...]) -> object:
        """Return what a script returns.

        Args:
            script: The script. It is sent only if the store does not know it yet.
            keys: The keys that it uses.
            arguments: Its arguments.

        Raises:
            StoreError: It did not return within half a second, or failed.
        """
        return await self.bounded(self._evaluate(script, len(keys), *keys, *arguments))

    async def close(self) -> None:
        """Close all connections."""
        async with asyncio.timeout(RESPONSE_SECONDS):
            await self._pool.aclose()

    async def bounded(self, work: Awaitable[_ResultT], seconds: float | None = RESPONSE_SECONDS) -> _ResultT:
        """Wait for something that uses a connection.

        The package ``redis`` closes a connection whose command is cancelled, so that its response reaches no other.

        Args:
            work: What to wait for.
            seconds: How long; None if it has a timeout itself.

        Raises:
            StoreError: It failed or took too long. The error has no cause or context: their frames hold the password.
        """
        cancellations = _cancellations()
        try:
            async with asyncio.timeout(seconds):
                result = await work
                _raise_if_cancelled(cancellations)
                return result
        except asyncio.CancelledError as error:
            error.__context__ = None
            raise error.with_traceback(None)  # noqa: B904 - the same error, without the frames of the connection
        except _ERRORS as error:
            problem = self._problem(error)
        raise StoreError(problem)

    async def acquire(self) -> ServerConnection:
        """Return a connection for a subscription."""
        return await self._pool.get_connection()

    async def discard(self, connection: ServerConnection) -> None:
        """Close a connection, and return it to the pool."""
        try:
            await connection.disconnect(nowait=True)
        finally:
            await self._pool.release(connection)

    async def _respond(self, *command: Argument) -> object:
        async with self._commands:
            self.round_trips += 1
            connection = await self._pool.get_connection()
            try:
                await connection.send_command(*command, check_health=False)
                return await connection.read_response(disable_decoding=True)
            finally:
                await self._pool.release(connection)

    async def _evaluate(self, script: Script, *arguments: Argument) -> object:
        try:
            return await self._respond("EVALSHA", script.sha, *arguments)
        except redis_errors.NoScriptError:
            return await self._respond("EVAL", script.text, *arguments)

    def _problem(self, error: Exception) -> str:
        store = f"the coordination store at {self.address}"
        if isinstance(error, (TimeoutError, redis_errors.TimeoutError)):
            return f"{store} did not respond within {RESPONSE_SECONDS:g} s"
        # an unknown command's arguments can be a password
        text = cleaned(self._password.scrub(str(error).partition(", with args")[0])).rstrip(".")
        if isinstance(error, (redis_errors.AuthenticationError, redis_errors.AuthorizationError)):
            return f"{store} refused the user name or the password"
        if isinstance(error, redis_errors.ResponseError):
            return f"{store} refused a command ({type(error).__name__}): {text}"
        return f"no connection to {store}: {text or type(error).__name__}"


class ChannelSubscription:
    """The messages of channels, on a connection of its own. An error report shows nothing of it either."""

    __slots__ = ("_connection", "_connections")

    def __init__(self, connections: StoreConnections) -> None:
        """Subscribe to nothing yet."""
        self._connections = connections
        self._connection: ServerConnection | None = None

    async def open(self, *channels: str) -> None:
        """Subscribe.

        Raises:
            StoreError: The store did not confirm it within half a second.
        """
        await self._connections.bounded(self._subscribe(*channels))

    async def receive(self) -> bytes:
        """Return the next message.

        Raises:
            StoreError: The connection was closed, or nothing was received for four seconds.
        """
        while True:
            response = await self._respond()
            if isinstance(response, list) and (parts := cast("list[bytes]", response))[0] == b"message":
                return parts[2]

    async def close(self) -> None:
        """Unsubscribe, by closing the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._connections.discard(connection)

    async def _subscribe(self, *channels: str) -> None:
        self._connections.round_trips += 1
        self._connection = await self._connections.acquire()
        await self._connection.send_command("SUBSCRIBE", *channels, check_health=False)
        await self._read(None)  # both are subscribed to; receive() leaves out the other confirmation

    async def _respond(self) -> object:
        for seconds in _SILENCES:
            if (response := await self._connections.bounded(self._read(seconds), None)) is not None:
                return response
        raise StoreError(f"the coordination store at {self._connections.address} sends no messages any more")

    async def _read(self, seconds: float | None) -> object:
        return await self._opened().read_response(
            disable_decoding=True, timeout=seconds, disconnect_on_error=False, push_request=True
        )

    def _opened(self) -> ServerConnection:
        if self._connection is None:
            raise ConnectionError("the subscription is closed")
        return self._connection


def _cancellations() -> int:
    """Return how often the current task was cancelled."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _raise_if_cancelled(before: int) -> None:
    """Raise what a connection with a timeout can lose: before Python 3.12, ``wait_for`` returns if it is done."""
    if _cancellations() > before:
        raise asyncio.CancelledError


def _address(settings: Mapping[str, object]) -> str:
    """Return where a pool connects to, for messages."""
    if "path" in settings:
        return str(settings["path"])
    if "host" in settings:
        return f"{settings['host']}:{settings.get('port', 6379)}"
    return "the address that its client finds"
