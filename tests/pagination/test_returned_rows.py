"""The memory of the rows that were returned keeps the last ones, and two pages by which it recognizes a repetition."""

from __future__ import annotations

import weakref

import pytest

from edgegap_async.pagination.returned_rows import ReturnedRows


class Key:
    """A key that can be counted while something holds it."""


def add_pages(returned: ReturnedRows, count: int, size: int = 100) -> None:
    for page in range(count):
        returned.add({page * size + place for place in range(size)})


@pytest.mark.parametrize(("pages", "size"), [(41, 100), (300, 100), (50, 2000), (3, 5000)])
def test_the_last_rows_are_known(pages: int, size: int) -> None:
    returned = ReturnedRows()
    add_pages(returned, pages, size)
    last = range(pages * size - max(4096, 2 * size), pages * size)
    keys = {key for key in last if key >= 0}
    assert returned.known(keys) == keys
    assert returned.known({-1, pages * size}) == set()


@pytest.mark.parametrize("size", [1, 100, 3000])
def test_the_memory_does_not_grow_with_the_list(size: int) -> None:
    returned, alive = ReturnedRows(), weakref.WeakSet[Key]()
    for _ in range(20_000 // size + 12):
        keys = {Key() for _ in range(size)}
        alive.update(keys)
        returned.add(keys)
    del keys
    assert len(alive) <= 2 * max(4096, 4 * size) + 3 * size + 2


def test_rows_that_were_returned_long_before_are_not_known() -> None:
    returned = ReturnedRows()
    add_pages(returned, 200)
    assert returned.known(set(range(200 * 100 - 2 * 4200))) == set()


@pytest.mark.parametrize(
    ("pages", "row", "is_old"),
    [
        (1, 0, True),
        (1, 99, True),
        (1, 100, False),
        (200, 0, True),
        (200, 50, True),
        (200, 100, False),
        (200, 127 * 100, True),  # the 128th page
        (200, 128 * 100, False),
        (127, 63 * 100, True),
        (127, 31 * 100, False),
    ],
)
def test_the_first_page_and_the_last_whose_count_is_a_power_of_two_are_recognized(
    pages: int, row: int, is_old: bool
) -> None:
    returned = ReturnedRows()
    assert not returned.shows_old_rows({row})
    add_pages(returned, pages)
    assert returned.shows_old_rows({-1, row}) is is_old


def test_the_two_pages_can_be_forgotten() -> None:
    returned = ReturnedRows()
    add_pages(returned, 64)
    returned.forget_old_rows()
    assert not returned.shows_old_rows({0})
    assert not returned.shows_old_rows({63 * 100})
    assert returned.known({63 * 100}) == {63 * 100}


def test_as_soon_as_enough_rows_are_remembered_those_before_them_are_forgotten() -> None:
    returned = ReturnedRows()
    add_pages(returned, 9, 1024)
    assert returned.known(set(range(4 * 1024))) == set()
    assert returned.known({4 * 1024}) == {4 * 1024}
