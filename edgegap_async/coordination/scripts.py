"""The scripts that the store runs, each in one step: the files beside this module."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

LUA: Final[Mapping[str, str]] = {
    path.stem: path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.lua")
}
"""The text of each file by its name: read once, as reading blocks the event loop."""


@attrs.frozen
class Script:
    """A script in Lua.

    Attributes:
        text: The script.
        sha: The digest by which the store knows it once it ran.
    """

    text: str
    sha: str


def build_script(*parts: str) -> Script:
    """Return a script from its parts, which share their local variables."""
    text = "".join(parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
