"""Edits and what takes them back."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gui.session.edits import (
    Change,
    Edit,
    Move,
    Put,
    Take,
    apply,
    edit_fields,
    edit_from_fields,
    first_change,
)
from spiral_core.errors import ProgramFileError
from tests.gui.session.strokes import edits, stroke, strokes


@given(st.integers(0, 6).flatmap(lambda count: st.tuples(st.just(count), edits(count))))
def test_the_inverse_takes_it_back_and_below_the_first_change_nothing_moves(drawn: tuple[int, Edit]) -> None:
    count, edit = drawn
    before = strokes(count)
    now = list(before)
    inverse = apply(now, edit)
    first = first_change(edit)
    assert now[:first] == before[:first]
    again = list(now)
    redo = apply(again, inverse)
    assert again == before
    apply(again, redo)
    assert again == now


@given(edits(5))
def test_json_brings_the_same_edit_back(edit: Edit) -> None:
    assert edit_from_fields(json.loads(json.dumps(edit_fields(edit))), where="x") == edit


def test_what_each_edit_means() -> None:
    a, b, c, d = strokes(4)
    now = [a, b, c]
    apply(now, Put(((0, d), (2, d))))
    assert now == [d, a, d, b, c], "places are those afterwards"
    apply(now, Take((0, 2)))
    assert now == [a, b, c]
    apply(now, Move(0, 2))
    assert now == [b, c, a]
    apply(now, Change(((1, d),)))
    assert now == [b, d, a]


@pytest.mark.parametrize(
    "edit",
    [
        Put(((4, stroke(0)),)),
        Put(((1, stroke(0)), (1, stroke(1)))),
        Take((3,)),
        Take((1, 0)),
        Change(((3, stroke(0)),)),
        Move(0, 3),
        Move(3, 0),
    ],
)
def test_a_place_that_is_not_there_changes_nothing(edit: Edit) -> None:
    now = strokes(3)
    with pytest.raises(IndexError, match="must"):
        apply(now, edit)
    assert now == strokes(3)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([], "is no edit"),
        ({"put": [], "take": []}, "one key"),
        ({"take": [-1]}, "-1, must be a whole number >= 0"),
        ({"take": [True]}, "must be a whole number"),
        ({"put": [[0]]}, "a place and a stroke"),
        ({"put": [[0, {"start": [0, 0]}]]}, "control"),
        ({"move": [1]}, "must be put, take"),
        ({"paint": []}, "'paint', must be put"),
        ({"take": 3}, "must be a list"),
    ],
)
def test_broken_fields_are_told_with_their_place(fields: object, words: str) -> None:
    with pytest.raises(ProgramFileError, match=words) as caught:
        edit_from_fields(fields, where="line 7")
    assert str(caught.value).startswith("line 7")
