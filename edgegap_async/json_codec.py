"""Encodes and decodes JSON.

It uses msgspec. In a client that mostly waits, decoding a response after a pause takes about a quarter of the time that
orjson needs; in a tight loop the two are close. To compare them, replace one by the other and run
``python -m benchmarks decoding``.
"""

from __future__ import annotations

import msgspec

from edgegap_async.errors import JSON


def loads(data: bytes | str) -> JSON:
    """Decode JSON.

    Raises:
        ValueError: If the input is not JSON, or is nested too deeply to be decoded.
    """
    try:
        decoded: JSON = msgspec.json.decode(data)
    except RecursionError:
        raise ValueError("the JSON is nested too deeply to be decoded") from None
    return decoded


def dumps(value: object) -> bytes:
    """Encode a value as JSON.

    Raises:
        TypeError: If the value has a type that JSON does not have.
        ValueError: If the value holds half of a surrogate pair, or is nested too deeply.
    """
    try:
        return msgspec.json.encode(value)
    except RecursionError:
        raise ValueError("the value is nested too deeply to be encoded") from None
