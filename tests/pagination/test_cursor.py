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


def cursor_at(position: int, *, page_size: int = 10, total: int = 100, overlap: int = 0) -> Cursor:
    return Cursor(
        page_size, first_unread=position, total=total, unread=total - position, shown_to=position, overlap=overlap
    )


@pytest.mark.parametrize(
    ("total", "has_known_rows", "overlap", "is_accepted"),
    [
        (100, False, 0, True),  # the list looks unchanged
        (99, False, 0, False),
        (101, False, 0, False),
        (100, False, 1, False),  # it changed before
        (99, True, 0, True),
        (101, True, 0, True),
        (100, True, 1, True),
    ],
)
def test_a_page_that_was_requested_together_with_the_one_before_must_show_that_none_is_missed(
    total: int, has_known_rows: bool, overlap: int, is_accepted: bool
) -> None:
    cursor = cursor_at(20, overlap=overlap)
    third = page(3, rows=10, total=total, has_next=True)
    assert cursor.record(third, has_new_rows=True, has_known_rows=has_known_rows, is_ordered=False) is is_accepted
    assert cursor.first_unread == (30 if is_accepted else 20)
    assert cursor.total == (total if is_accepted else 100)
    assert cursor.unread == (total - 30 if is_accepted else 80)
    assert bool(cursor.overlap) is (total != 100 or has_known_rows or bool(overlap))
    assert cursor.margin == 0, "it may have been read before the page in front of it"


def test_a_page_that_begins_behind_the_position_is_accepted_if_it_shows_a_row_again() -> None:
    for has_known_rows in (False, True):
        cursor = cursor_at(20)
        fourth = page(4, rows=10, total=100, has_next=True)
        assert cursor.record(fourth, has_new_rows=True, has_known_rows=has_known_rows) is has_known_rows
        assert cursor.first_unread == (40 if has_known_rows else 20)


def test_a_page_requested_together_with_another_does_not_follow_if_it_begins_further_back() -> None:
    cursor = cursor_at(20)
    assert not cursor.record(page(4, rows=10, total=100, has_next=True), has_new_rows=True, is_ordered=False)
    assert cursor.overlap == 1


def test_a_list_looks_unchanged_only_as_long_as_its_total_stays() -> None:
    for total in (100, 101):
        cursor = cursor_at(20)
        assert cursor.record(page(3, rows=10, total=total, has_next=True), has_new_rows=True)
        assert cursor.overlap == total - 100


def test_a_list_that_was_read_to_its_end_is_not_stalled() -> None:
    cursor = Cursor(100, repeated_pages=3)
    assert cursor.is_stalled
    cursor.done = True
    assert not cursor.is_stalled


def test_a_total_that_changes_explains_the_page_that_was_not_found() -> None:
    cursor = cursor_at(20)
    cursor.record(page(3, rows=0, total=None, has_next=False), has_new_rows=False)
    assert cursor.missing_pages == [20]
    cursor.record(page(2, rows=10, total=100, has_next=True), has_new_rows=False, has_known_rows=True)
    assert cursor.missing_pages == [20]
    cursor.record(page(2, rows=10, total=99, has_next=True), has_new_rows=False, has_known_rows=True)
    assert cursor.missing_pages == []


def test_a_removal_moves_the_position_although_the_page_shows_a_row_again() -> None:
    cursor = cursor_at(27)
    assert cursor.record(page(3, rows=10, total=95, has_next=True), has_new_rows=True, has_known_rows=True)
    assert (cursor.first_unread, cursor.total, cursor.margin) == (30, 95, 5)


@pytest.mark.parametrize("number", [2, 4])
def test_an_earlier_page_moves_neither_position_nor_total_if_the_order_is_unknown(number: int) -> None:
    cursor = cursor_at(40)
    last = page(number, rows=10, total=20, has_next=False)
    assert cursor.record(last, has_new_rows=False, has_known_rows=True, is_ordered=False)
    assert (cursor.first_unread, cursor.total, cursor.done) == (40, 100, True)


def test_a_page_without_a_total_keeps_the_last_one() -> None:
    cursor = cursor_at(20)
    assert cursor.record(page(3, rows=10, total=None, has_next=True), has_new_rows=True, is_ordered=False)
    assert (cursor.first_unread, cursor.total, cursor.unread) == (30, 100, 80)


@pytest.mark.parametrize(("page_size", "overlaps"), [(100, [6, 12, 24, 25, 25]), (10, [1, 2, 2]), (2, [1, 1])])
def test_pages_overlap_more_each_time_that_they_do_not_meet(page_size: int, overlaps: list[int]) -> None:
    cursor = cursor_at(10 * page_size, page_size=page_size, total=1000 * page_size)
    for number, overlap in enumerate(overlaps):
        before = page(11 if not number else 10, rows=page_size, size=page_size, total=999, has_next=True)
        assert not cursor.record(before, has_new_rows=True, is_ordered=False)
        assert cursor.overlap == overlap


def test_pages_that_meet_keep_their_overlap() -> None:
    cursor = cursor_at(1000, page_size=100, total=5000, overlap=6)
    met = page(10, rows=100, size=100, total=4999, has_next=True)
    assert cursor.record(met, has_new_rows=True, has_known_rows=True, is_ordered=False)
    assert cursor.overlap == 6
    cursor.record(page(11, rows=100, size=100, total=4000, has_next=True), has_new_rows=True)
    assert cursor.overlap == 6, "the pages behind the position cannot overlap"


@pytest.mark.parametrize(
    ("cursor", "is_ordered", "expected"),
    [
        (Cursor(10), False, (4, 10)),
        (Cursor(10), True, (4, 10)),
        (Cursor(9), False, None),
        (Cursor(9), True, (4, 9)),
        (Cursor(10, overlap=1), False, (4, 9)),
        (Cursor(10, overlap=1), True, (4, 10)),
        (Cursor(10, overlap=1, margin=5), True, (3, 10)),
        (Cursor(9, overlap=1), False, (4, 8)),
        (Cursor(1, overlap=1), False, None),
        (Cursor(1, overlap=1), True, (31, 1)),
        (Cursor(10, overlap=1, missing_pages=[20]), False, None),
        (Cursor(10, overlap=1, missing_pages=[20]), True, None),
    ],
)
def test_the_page_after_one_that_is_not_recorded_overlaps_it_once_the_list_has_changed(
    cursor: Cursor, is_ordered: bool, expected: tuple[int, int] | None
) -> None:
    end = 27 if cursor.page_size == 9 else 30
    if cursor.margin:
        end = 25
    assert cursor.page_ahead(end, is_ordered=is_ordered) == expected


def test_a_page_that_is_missing_counts_only_if_it_was_requested_after_the_one_before() -> None:
    missing = page(3, rows=0, total=None, has_next=False)
    cursor = cursor_at(20)
    assert not cursor.record(missing, has_new_rows=False, is_ordered=False)
    assert (cursor.first_unread, cursor.missing_pages, cursor.overlap) == (20, [], 1)
    assert not cursor.record(missing, has_new_rows=False)
    assert (cursor.first_unread, cursor.missing_pages) == (19, [20])


def test_pages_to_be_fetched_again_are_no_repetition() -> None:
    cursor = cursor_at(1000, page_size=100, total=5000, overlap=6)
    for _ in range(10):
        assert not cursor.record(
            page(11, rows=100, size=100, total=5000, has_next=True), has_new_rows=True, is_ordered=False
        )
    assert cursor.repeated_pages == 0
    for _ in range(3):
        assert not cursor.record(page(12, rows=100, size=100, total=5000, has_next=True), has_new_rows=True)
    assert cursor.is_stalled, "but pages that never follow are"


# more rows are added than are remembered


def grown(added: int, *, page_size: int = 10) -> Cursor:
    """A cursor at row 500 that has recorded, again, the page before it, after rows were added."""
    cursor = cursor_at(500, page_size=page_size, total=5000)
    before = page(490 // page_size + 1, rows=page_size, size=page_size, total=5000 + added, has_next=True)
    cursor.record(before, has_new_rows=False, has_known_rows=True)
    return cursor


@pytest.mark.parametrize(
    ("added", "page_size", "position"),
    [(2048, 10, 500), (2049, 10, 500 + 2049 - 10), (2400, 1200, 1200), (2401, 1200, 500 + 2401 - 1200)],
)
def test_the_position_moves_on_if_more_rows_are_added_than_are_remembered(
    added: int, page_size: int, position: int
) -> None:
    cursor = grown(added, page_size=page_size)
    assert cursor.first_unread == position
    assert cursor.passed_from == (500 if position > 1200 else None)


def test_rows_that_are_added_little_by_little_move_the_position_on_too() -> None:
    cursor = cursor_at(500, total=5000)
    total = 5000
    while cursor.passed_from is None:
        total += 20
        number = cursor.first_unread // 10 + 1
        cursor.record(page(number, rows=10, total=total, has_next=True), has_new_rows=True, has_known_rows=True)
    assert total == 5000 + 20 * 204, "the rows that are unread are ten fewer with each page, and twenty are added"


def test_a_page_read_in_an_unknown_order_does_not_move_the_position_on() -> None:
    cursor = cursor_at(500, total=5000)
    added = page(51, rows=10, total=9000, has_next=True)
    assert not cursor.record(added, has_new_rows=True, has_known_rows=True, is_ordered=False)
    assert (cursor.first_unread, cursor.passed_from) == (500, None)


def test_a_row_that_is_shown_again_confirms_that_rows_were_added_at_the_start() -> None:
    cursor = grown(3000)
    number, size = cursor.next_page()
    shown = page(number, rows=size, size=size, total=8000, has_next=True)
    assert cursor.record(shown, has_new_rows=True, has_known_rows=True)
    assert (cursor.passed_from, cursor.first_unread) == (None, number * size)


@pytest.mark.parametrize(("removed", "position"), [(0, 500), (7, 493), (600, 0)])
def test_without_such_a_row_the_position_goes_back(removed: int, position: int) -> None:
    cursor = grown(3000)
    number, size = cursor.next_page()
    shown = page(number, rows=size, size=size, total=8000 - removed, has_next=True)
    assert not cursor.record(shown, has_new_rows=True)
    assert (cursor.passed_from, cursor.first_unread) == (None, position)
    number, size = cursor.next_page()
    shown = page(number, rows=size, size=size, total=8000 - removed, has_next=True)
    assert cursor.record(shown, has_new_rows=True)


@pytest.mark.parametrize("page_size", [10, 12, 100])
def test_a_page_is_larger_than_half_of_the_page_size(page_size: int) -> None:
    for position in range(10 * page_size):
        number, size = Cursor(page_size, first_unread=position).next_page()
        assert page_size // 2 < size <= page_size
        assert (number - 1) * size <= position < number * size


@pytest.mark.parametrize("start", [0, 1000])
def test_a_position_that_was_passed_twice_and_not_confirmed_is_taken_again(start: int) -> None:
    cursor = Cursor(100, first_unread=start, total=start + 500, unread=500)
    for total in (start + 5000, start + 10_000):  # so many rows were added that the position moves on
        number = cursor.first_unread // 100 + 1
        assert not cursor.record(page(number, rows=100, size=100, total=total, has_next=True), has_new_rows=True)
        assert cursor.passed_from == start
    assert cursor.first_unread > start + 4096
    number = cursor.first_unread // 100 + 1
    last = page(number, rows=100, size=100, total=start + 10_005, has_next=True)
    assert not cursor.record(last, has_new_rows=True)  # it shows no row again
    assert cursor.first_unread == start
    assert cursor.passed_from is None


def test_a_page_that_cannot_overlap_the_one_before_it_is_not_requested_together_with_it() -> None:
    cursor = Cursor(2, first_unread=8, overlap=1)
    assert cursor.page_ahead(10, is_ordered=False) is None
    assert cursor.page_ahead(10, is_ordered=True) == (6, 2)


def test_the_overlap_of_pages_grows_only_after_one_that_overlapped_too_little() -> None:
    missing = Cursor(100, first_unread=300, overlap=7)
    missing.record(page(4, rows=0, size=100, total=None, has_next=False), has_new_rows=False, is_ordered=False)
    assert missing.overlap == 7
    at_the_position = Cursor(100, first_unread=300, total=900, overlap=7)
    follows = page(4, rows=100, size=100, total=900, has_next=True)
    assert not at_the_position.record(follows, has_new_rows=True, is_ordered=False)
    assert at_the_position.overlap == 7
    before_the_position = Cursor(100, first_unread=310, total=900, overlap=7)
    assert not before_the_position.record(follows, has_new_rows=True, is_ordered=False)
    assert before_the_position.overlap == 14
