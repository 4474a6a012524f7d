"""Lists as streams of pages: ``PageStream`` is what every ``list()`` method returns."""

from edgegap_async.pagination.stream import DEFAULT_PAGE_SIZE, Page, PageStream

__all__ = ["DEFAULT_PAGE_SIZE", "Page", "PageStream"]
