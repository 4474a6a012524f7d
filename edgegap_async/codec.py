"""JSON, in and out.

By msgspec: in a client that mostly waits, an answer read after a pause costs it about a quarter of what orjson takes,
though in a tight loop the two are close (put one for the other and run ``benchmarks/overhead.py`` to see it).
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
