"""Where the commands write to, and what they make of text from the other side."""

from __future__ import annotations

import io
import os

from edgegap_async.cli.output import Sink, counted, printable


def test_a_sink_goes_quiet_when_nobody_reads() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        sink = Sink(stream)
        assert sink.write("one\n") == 4
        os.close(reader)
        sink.write("two\n")
        sink.write("three\n")
        sink.flush()
        assert not sink.isatty()


def test_a_sink_shows_what_its_stream_can() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Sink(stream).write("● Montréal\n")
    assert stream.buffer.getvalue() == b"? Montr?al\n"  # type: ignore[attr-defined]


def test_control_characters_are_not_shown() -> None:
    assert printable("\x1b[2Jkart\r\n") == " [2Jkart  "


def test_counting() -> None:
    assert [counted(0, "server"), counted(1, "match", "matches"), counted(2, "match", "matches")] == [
        "0 servers",
        "1 match",
        "2 matches",
    ]
