"""Where a command writes to, and how it words numbers."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from edgegap_async.cli.exits import UsageError


class Sink(io.TextIOBase):
    """A stream that goes quiet for good when nobody reads it any more.

    ``demo | head`` and a terminal that is closed must not keep a command from stopping its servers.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._gone = False

    @property
    def encoding(self) -> str:  # type: ignore[override] # a variable there, and a read-only one
        """The stream's own."""
        return self._stream.encoding or "utf-8"

    def write(self, text: str, /) -> int:
        """Write what the stream can show of the text; flushed line by line, so that a pipe gets it as it comes."""
        try:
            if not self._gone:
                self._stream.write(self._showable(text))
                if "\n" in text:
                    self._stream.flush()
        except OSError:
            self._leave()
        return len(text)

    def flush(self) -> None:
        """Flush the stream."""
        try:
            # closed already where this sink outlived it: the finalizer flushes once more
            if not (self._gone or self._stream.closed):
                self._stream.flush()
        except OSError:
            self._leave()

    def isatty(self) -> bool:
        """Whether somebody watches."""
        return not self._gone and self._stream.isatty()

    def fileno(self) -> int:
        """The stream's own."""
        return self._stream.fileno()

    def _showable(self, text: str) -> str:
        return text.encode(self.encoding, "replace").decode(self.encoding)

    def _leave(self) -> None:
        self._gone = True
        # what the stream still holds is written when the interpreter ends: give it somewhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def standard_output() -> Sink:
    """Standard output as it is now."""
    return Sink(sys.stdout)


def tell(text: str) -> None:
    """A line for people, on standard error."""
    Sink(sys.stderr).write(f"{printable(text)}\n")


def agreed(question: str, why: str) -> bool:
    """Whether somebody at the terminal says yes; raises UsageError, with ``why`` it is asked, where there is none."""
    if not sys.stdin.isatty():
        raise UsageError(f"{why}: without a terminal to ask at it needs --yes")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def printable(text: str) -> str:
    """Text without what a terminal would obey: some of it comes from the other side."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def counted(number: int, noun: str, nouns: str | None = None) -> str:
    """``1 server``, ``2 servers``; ``nouns`` where an s is not enough."""
    return f"{number} {noun if number == 1 else nouns or noun + 's'}"
