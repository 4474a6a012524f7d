"""The names of the fields that responses have and the models do not, as the walker finds them.

The compiled decoders refuse objects with fields that they do not know: so the first response with a new field is left
to the walker. Then they are compiled again, with that field, and keep or ignore it like the walker.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MAX_NAMES: Final = 32
"""Names a model: the service chooses them, and each new one has decoders compiled again."""

_USUAL_NAME: Final = re.compile(r"[\w.-]{1,64}", re.ASCII)


class UnknownFields:
    """The names of unknown fields by model.

    Attributes:
        version: Grows with each new name.
    """

    def __init__(self) -> None:
        self.version: int = 0
        self._names: dict[type, tuple[str, ...]] = {}

    def of(self, model: type) -> tuple[str, ...]:
        """Return the names of a model."""
        return self._names.get(model, ())

    def add(self, model: type, names: Iterable[str]) -> None:
        """Add names, up to ``MAX_NAMES`` for each model; long ones and those with unusual characters are left out."""
        known = self.of(model)
        for name in names:
            if len(known) == MAX_NAMES:
                break
            if name not in known and _USUAL_NAME.fullmatch(name):
                known = (*known, name)
        if known != self.of(model):
            self._names[model] = known
            self.version += 1


UNKNOWN_FIELDS: Final = UnknownFields()
"""One for the process, as the compiled decoders are."""
