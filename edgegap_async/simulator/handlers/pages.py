"""One page out of many, as every list of the service cuts and describes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import attrs

DEFAULT_SIZE: Final = 10
"""The items on a page when a request does not say; not documented, this is what is seen."""


@attrs.frozen
class PageRequest:
    """Which page is asked for: its number, from 1, and how many items it may hold."""

    number: int = 1
    size: int = DEFAULT_SIZE

    @classmethod
    def asked(cls, query: Mapping[str, Any], most: int) -> PageRequest:
        """The page a query asks for with ``page`` and ``limit``; never more than ``most`` items."""
        return cls(query.get("page", 1), min(query.get("limit", DEFAULT_SIZE), most))

    @property
    def start(self) -> int:
        """The place of its first item."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        """The place after its last item."""
        return self.number * self.size

    def described(self, total: int) -> dict[str, Any]:
        """The ``total_count`` and ``pagination`` beside the items; a page past the end is empty."""
        pages = max(1, -(-total // self.size))
        following = self.number < pages
        return {
            "total_count": total,
            "pagination": {
                "number": self.number,
                "next_page_number": self.number + 1 if following else None,
                "previous_page_number": min(self.number - 1, pages) if self.number > 1 else None,
                "paginator": {"num_pages": pages},
                "has_next": following,
                "has_previous": self.number > 1,
            },
        }
