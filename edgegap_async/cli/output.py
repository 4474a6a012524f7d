"""Output of the commands: standard output, standard error, questions, and the wording of counts."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

from edgegap_async.cli.exit_codes import UsageError


class OutputStream(io.TextIOBase):
    """A text stream that discards output once its reader has closed it.

    With ``edgegap-async demo | head``, or after the terminal is closed, writing fails. The command must still stop its
    servers, so the stream ignores these errors instead of raising them.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._reader_closed = False

    @property
    def encoding(self) -> str:  # type: ignore[override] # the base class declares a variable
        """The encoding of the underlying stream."""
        return self._stream.encoding or "utf-8"

    def write(self, text: str, /) -> int:
        """Write a string and flush it at each line break, so that a pipe gets each line at once.

        Characters that the encoding does not have are written as question marks.

        Returns:
            The number of characters in ``text``, also if they were discarded.
        """
        try:
            if not self._reader_closed:
                self._stream.write(self._encodable(text))
                if "\n" in text:
                    self._stream.flush()
        except OSError:
            self._discard_from_now_on()
        return len(text)

    def flush(self) -> None:
        """Flush the underlying stream."""
        try:
            # the finalizer flushes once more, when the underlying stream may be closed
            if not (self._reader_closed or self._stream.closed):
                self._stream.flush()
        except OSError:
            self._discard_from_now_on()

    def isatty(self) -> bool:
        """Return whether the stream is a terminal that is still open."""
        return not self._reader_closed and self._stream.isatty()

    def fileno(self) -> int:
        """Return the file descriptor of the underlying stream."""
        return self._stream.fileno()

    def _encodable(self, text: str) -> str:
        return text.encode(self.encoding, "replace").decode(self.encoding)

    def _discard_from_now_on(self) -> None:
        self._reader_closed = True
        # the interpreter flushes what is still buffered when it exits: redirect that to the null device
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())


def standard_output() -> OutputStream:
    """Return standard output as it is now."""
    return OutputStream(sys.stdout)


def print_error(message: str) -> None:
    """Print one line on standard error. Control characters are replaced by spaces."""
    OutputStream(sys.stderr).write(f"{printable(message)}\n")


def confirm(question: str, reason: str) -> bool:
    """Ask a yes-or-no question on the terminal.

    Args:
        question: The question, without "[y/N]".
        reason: Why the command asks, for the error message: "reap stops servers".

    Returns:
        Whether the answer is "y" or "yes".

    Raises:
        UsageError: If standard input is not a terminal.
    """
    if not sys.stdin.isatty():
        raise UsageError(f"{reason}: without a terminal to confirm that, the command needs --yes")
    sys.stderr.write(f"{printable(question)} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def printable(text: str) -> str:
    """Replace control characters by spaces: text that the service sent must not control the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def format_count(number: int, noun: str, plural: str | None = None) -> str:
    """Format a number with its noun: ``1 server``, ``2 servers``.

    Args:
        number: How many there are.
        noun: The singular.
        plural: The plural; by default the singular with an "s".
    """
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
