"""Output of the commands: closed readers, encodings, control characters and counts."""

from __future__ import annotations

import io
import os

from edgegap_async.cli.output import OutputStream, format_count, printable


def test_output_is_discarded_once_its_reader_has_closed() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        output = OutputStream(stream)
        assert output.write("one\n") == 4
        os.close(reader)
        output.write("two\n")
        output.write("three\n")
        output.flush()
        assert not output.isatty()


def test_characters_outside_the_encoding_become_question_marks() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    OutputStream(stream).write("● Montréal\n")
    assert stream.buffer.getvalue() == b"? Montr?al\n"  # type: ignore[attr-defined]


def test_control_characters_become_spaces() -> None:
    assert printable("\x1b[2Jkart\r\n") == " [2Jkart  "


def test_counts_have_the_right_plural() -> None:
    assert [format_count(0, "server"), format_count(1, "match", "matches"), format_count(2, "match", "matches")] == [
        "0 servers",
        "1 match",
        "2 matches",
    ]
