"""Random generators that are derived from one seed."""

from __future__ import annotations

import random


class RandomStreams:
    """Creates an independent random generator for each purpose, all from one seed.

    Drawing more numbers from one stream does not change the numbers of the others.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def stream(self, purpose: str) -> random.Random:
        """Return a new generator. The same seed and purpose give the same numbers."""
        return random.Random(f"{self._seed}:{purpose}")
