"""Edits of a text: only what they name is changed, and two never write over one another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustergraph.edits import Edit, EditsOverlap, Fix, applied, together

NOTHING = {"en": "", "it": ""}


def fix(*edits: Edit) -> Fix:
    return Fix(NOTHING, edits, is_safe=True)


def test_edits_are_made_at_the_places_of_the_old_text() -> None:
    assert applied("one two three", [Edit(8, 13, "3"), Edit(0, 3, "1"), Edit(4, 4, "and ")]) == "1 and two 3"


def test_an_edit_given_twice_is_made_once() -> None:
    assert applied("a", [Edit(1, 1, "b"), Edit(1, 1, "b")]) == "ab"


@pytest.mark.parametrize(
    "edits",
    [
        pytest.param([Edit(0, 2, ""), Edit(1, 3, "")], id="overlap"),
        pytest.param([Edit(0, 2, ""), Edit(0, 0, "x")], id="begin-together"),
        pytest.param([Edit(1, 1, "a"), Edit(1, 1, "b")], id="two-insertions"),
        pytest.param([Edit(0, 9, "")], id="beyond-the-end"),
        pytest.param([Edit(2, 1, "")], id="backwards"),
        pytest.param([Edit(-1, 0, "")], id="before-the-beginning"),
    ],
)
def test_edits_that_do_not_go_together_are_refused(edits: list[Edit]) -> None:
    with pytest.raises(EditsOverlap):
        applied("abc", edits)


def test_of_two_fixes_that_want_the_same_characters_the_first_is_made() -> None:
    first, second, third = fix(Edit(0, 2, "x")), fix(Edit(1, 3, "y"), Edit(4, 5, "z")), fix(Edit(2, 3, "w"))

    assert together([first, second, third]) == [first, third]


def test_a_fix_that_another_one_includes_goes_with_it() -> None:
    both, one = fix(Edit(0, 0, "x"), Edit(2, 3, "y")), fix(Edit(0, 0, "x"))

    assert together([both, one]) == [both, one]


EDITS = st.lists(st.builds(Edit, st.integers(0, 12), st.integers(0, 12), st.text(max_size=3)), max_size=6)


@given(st.text(min_size=12, max_size=12), EDITS)
def test_fixes_that_go_together_can_be_applied_and_leave_the_rest_as_it_is(text: str, edits: list[Edit]) -> None:
    chosen = together(fix(one) for one in edits if one.start <= one.end)

    made = {edit for one in chosen for edit in one.edits}
    new = applied(text, made)

    assert len(new) == len(text) + sum(len(one.text) - (one.end - one.start) for one in made)
