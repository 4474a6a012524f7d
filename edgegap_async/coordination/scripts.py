"""The scripts that the store runs, each in one step: the files beside this module."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import attrs

_FOLDER: Final = Path(__file__).parent


@attrs.frozen
class Script:
    """A script in Lua.

    Attributes:
        text: The script.
        sha: The digest by which the store knows it once it ran.
    """

    text: str
    sha: str


def read_lua(name: str) -> str:
    """Return the text of a file."""
    return (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")


def build_script(*parts: str) -> Script:
    """Return a script from its parts, which share their local variables."""
    text = "".join(parts)
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())
