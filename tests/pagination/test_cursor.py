"""The cursor chooses the next page from the pages fetched so far."""

from __future__ import annotations

import pytest

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


def test_a_page_of_one_row_is_a_limit_of_the_service_too() -> None:
    cursor = Cursor(10)
    cursor.record(page(1, rows=1, total=3, has_next=True), has_new_rows=True)
    assert cursor.next_page() == (2, 1)


def test_an_empty_list_without_a_total_is_read_once() -> None:
    cursor = Cursor(10)
    assert cursor.record(page(1, rows=0, total=None, has_next=False), has_new_rows=False)
    assert cursor.done


@pytest.mark.parametrize(("removed", "margin"), [(1, 2), (2, 4), (3, 5), (8, 5)])
def test_pages_begin_twice_as_many_rows_earlier_as_were_removed_and_half_a_page_at_most(
    removed: int, margin: int
) -> None:
    cursor = Cursor(10)
    cursor.record(page(1, rows=10, total=40, has_next=True), has_new_rows=True)
    cursor.record(page(2, rows=10, total=40 - removed, has_next=True), has_new_rows=True)
    assert cursor.margin == margin


def test_a_page_that_was_not_found_alternates_with_the_one_before_it() -> None:
    cursor = Cursor(1)
    for number in (1, 2, 3):
        cursor.record(page(number, rows=1, size=1, total=9, has_next=True), has_new_rows=True)
    assert not cursor.record(page(4, rows=0, size=1, total=None, has_next=False), has_new_rows=False)
    assert cursor.next_page() == (3, 1)
    assert cursor.record(page(3, rows=1, size=1, total=9, has_next=True), has_new_rows=False)
    assert cursor.next_page() == (4, 1)


def test_the_page_before_one_that_was_not_found_follows_although_the_position_is_further_back() -> None:
    cursor = Cursor(10, first_unread=25, margin=5, total=40)
    assert not cursor.record(page(3, rows=0, total=None, has_next=False), has_new_rows=False)
    assert cursor.next_page() == (2, 10)


def _repeat_until_stalled(cursor: Cursor, total: int) -> int:
    """Record pages without a new row; return how many it takes."""
    for count in range(1, 1000):
        number, size = cursor.next_page()
        cursor.record(page(number, rows=size, size=size, total=total, has_next=True), has_new_rows=False)
        if cursor.is_stalled:
            return count
    raise AssertionError("the cursor does not stall")


@pytest.mark.parametrize(("page_size", "count"), [(10, 10), (34, 3), (50, 3), (100, 3), (33, 4), (1, 100)])
def test_three_pages_and_a_hundred_rows_without_a_new_one_stall_the_cursor(page_size: int, count: int) -> None:
    cursor = Cursor(page_size)
    cursor.record(page(1, rows=page_size, size=page_size, total=10_000, has_next=True), has_new_rows=True)
    assert _repeat_until_stalled(cursor, 10_000) == count


def test_a_new_row_starts_the_count_of_repeated_pages_again() -> None:
    cursor = Cursor(50)
    for number, is_new in ((1, True), (2, False), (3, False), (4, True)):
        cursor.record(page(number, rows=50, size=50, total=1000, has_next=True), has_new_rows=is_new)
    assert _repeat_until_stalled(cursor, 1000) == 3


def test_rows_that_are_read_again_after_a_removal_do_not_count_as_repeated() -> None:
    cursor = Cursor(1)
    for number in range(1, 6):
        cursor.record(page(number, rows=1, size=1, total=500, has_next=True), has_new_rows=True)
    assert not cursor.record(page(6, rows=1, size=1, total=499, has_next=True), has_new_rows=True)
    assert cursor.next_page() == (5, 1)
    assert _repeat_until_stalled(cursor, 499) == 101  # the first was shown before, and a hundred repeat


def test_rows_that_new_ones_pushed_back_do_not_count_as_repeated() -> None:
    cursor = Cursor(50)
    cursor.record(page(1, rows=50, size=50, total=1000, has_next=True), has_new_rows=True)
    cursor.record(page(2, rows=50, size=50, total=1100, has_next=True), has_new_rows=False)
    assert _repeat_until_stalled(cursor, 1100) == 1 + 3  # up to row 150 they are those of the first page


@pytest.mark.parametrize(
    ("first_unread", "margin", "expected"),
    [
        (7, 0, (2, 7)),  # 7 to 14, where a page of 10 would end at 10
        (11, 0, (2, 10)),
        (25, 0, (4, 8)),
        (25, 5, (3, 10)),  # begins at 20, so that five more rows can be removed
        (25, 30, (4, 8)),  # no page that begins at 0 ends behind 25
    ],
)
def test_the_next_page_is_the_one_that_ends_furthest_back(
    first_unread: int, margin: int, expected: tuple[int, int]
) -> None:
    assert Cursor(10, first_unread=first_unread, margin=margin).next_page() == expected
