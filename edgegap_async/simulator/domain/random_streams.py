"""Randomness from one seed."""

from __future__ import annotations

import random


class RandomStreams:
    """Randomness from one seed, with a stream for each purpose: more of one does not change the others."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def stream(self, purpose: str) -> random.Random:
        """A new generator, the same for the same seed and purpose."""
        return random.Random(f"{self._seed}:{purpose}")
