"""JSON, in and out.

By msgspec: as fast as any here, and free of the wide vector instructions whose first use after a pause makes a
processor slow for a moment, which a client that mostly waits would pay at every answer.
"""

from __future__ import annotations

import msgspec

from edgegap_async.errors import JSON


def loads(text: bytes | str) -> JSON:
    """The JSON in a text. Raises ValueError for what is none, or is nested too deep to be read."""
    try:
        parsed: JSON = msgspec.json.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    return parsed


def dumps(value: object) -> bytes:
    """A value as JSON. Raises TypeError for what JSON does not have."""
    return msgspec.json.encode(value)
