"""The open enumeration of states."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgegap_async import State


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("form", ["Status.{}", "{}", "status.{}", "Status.Status.{}", " {} "])
@pytest.mark.parametrize("case", [str, str.lower, str.upper, str.title])
def test_prefix_and_case_are_ignored(state: State, form: str, case: type[str]) -> None:
    assert State(case(form.format(state))) is state


@pytest.mark.parametrize("text", ["Status.HIBERNATING", "hibernating", "Hibernating", "STATUS.hibernating"])
def test_an_unlisted_state_is_readable_and_not_known(text: str) -> None:
    state = State(text)
    assert state == "HIBERNATING"
    assert str(state) == state.name == state.value == "HIBERNATING"
    assert isinstance(state, State)
    assert not state.known
    assert not state.gone
    assert state not in list(State)


def test_unlisted_states_are_equal_by_name() -> None:
    assert State("Status.HIBERNATING") == State("hibernating")
    assert hash(State("Status.HIBERNATING")) == hash(State("hibernating"))
    assert State("hibernating") != State("waking")
    assert len({State("hibernating"), State("HIBERNATING"), State.READY, State("ready")}) == 2


@pytest.mark.parametrize("state", [State.READY, State("hibernating")])
def test_states_survive_pickling_and_copying(state: State) -> None:
    for again in (pickle.loads(pickle.dumps(state)), copy.copy(state), copy.deepcopy(state)):
        assert again == state
        assert isinstance(again, State)
        assert again.known == state.known
        assert hash(again) == hash(state)


def test_listed_states_are_known() -> None:
    assert all(state.known for state in State)


@pytest.mark.parametrize("state", list(State))
def test_only_terminating_and_terminated_are_gone(state: State) -> None:
    assert state.gone == (state.name in {"TERMINATING", "TERMINATED"})


@pytest.mark.parametrize("value", [None, 5, True, ["READY"], b"READY"])
def test_a_value_that_is_not_a_string_is_not_a_state(value: object) -> None:
    with pytest.raises(ValueError, match="not a valid State"):
        State(value)


def test_an_unlisted_state_is_not_added_to_the_enumeration() -> None:
    before = list(State)
    State("hibernating")
    assert list(State) == before
    assert "HIBERNATING" not in State.__members__


@pytest.mark.parametrize("text", ["", "Status.", "a.b.c", "mro", "__class__", "name"])
def test_odd_strings_are_unlisted_states(text: str) -> None:
    assert not State(text).known


@given(st.text())
def test_every_string_is_a_state(text: str) -> None:
    state = State(text)
    assert isinstance(state, State)
    assert state.known == (state in list(State))
    assert State(state) == state
