"""The cursor chooses the next page from the pages fetched so far."""

from __future__ import annotations

from edgegap_async.pagination.cursor import Cursor, FetchedPage


def page(number: int, *, rows: int, size: int = 10, total: int | None, has_next: bool) -> FetchedPage[int]:
    return FetchedPage(items=tuple(range(rows)), number=number, size=size, total=total, has_next=has_next)


def test_pages_of_an_unchanging_list_follow_each_other() -> None:
    cursor = Cursor(10)
    assert cursor.next_page() == (1, 10)
    assert cursor.record(page(1, rows=10, total=15, has_next=True), has_new_rows=True)
    assert cursor.next_page() == (2, 10)
    assert cursor.record(page(2, rows=5, total=15, has_next=False), has_new_rows=True)
    assert cursor.done


def test_a_falling_total_moves_the_position_back() -> None:
    cursor = Cursor(10)
    cursor.record(page(1, rows=10, total=30, has_next=True), has_new_rows=True)
    assert not cursor.record(page(2, rows=10, total=27, has_next=True), has_new_rows=True)
    assert cursor.first_unread == 7
    number, size = cursor.next_page()
    assert (number - 1) * size <= 7 < number * size


def test_the_page_size_follows_the_limit_of_the_service() -> None:
    cursor = Cursor(100)
    cursor.record(page(1, rows=10, size=100, total=30, has_next=True), has_new_rows=True)
    assert cursor.next_page() == (2, 10)


def test_a_page_that_was_announced_and_is_never_found_ends_the_stream() -> None:
    cursor = Cursor(1)
    requests = 0
    while not cursor.done:
        number, _ = cursor.next_page()
        found = number == 1
        found_page = page(number, rows=int(found), size=1, total=2 if found else None, has_next=found)
        cursor.record(found_page, has_new_rows=not requests)
        requests += 1
    assert requests < 20
