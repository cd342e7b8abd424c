import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpkcn.worth import ALIKE, CLOSE, FAR, FIRST, NEAR, SURE, WHOLE, answer, reading, reading_whole

MARGINS = st.dictionaries(st.integers(0, 9), st.floats(-30, 30), max_size=10)


@pytest.mark.parametrize(
    ("margins", "row"),
    [({}, None), ({0: SURE - 0.1}, None), ({0: SURE, 1: SURE}, 0), ({0: -3.0, 1: SURE + 1}, 1)],
)
def test_an_answer_is_the_best_that_is_sure(margins, row):
    assert answer(margins) == row


def test_with_an_answer_those_as_like_the_question_as_its_own_are_read():
    likeness = [0.8, 0.5, 0.5 - ALIKE + 0.01, 0.5 - ALIKE - 0.01, 0.9]
    assert reading(likeness, {0: 0.0, 1: SURE}) == [2, 4]


def test_with_an_answer_those_that_hold_its_words_are_read_too():
    assert reading([0.8, 0.5, 0.1, 0.1], {0: SURE, 1: 0.0}, {0, 2}) == [2]


def test_with_no_answer_farther_ones_are_read_and_of_the_last_only_near_ones():
    best, count = 0.8, 10
    assert reading([best, best] + [best - FAR - 0.01] * 8, {0: 0.0, 1: 0.0}) == []
    assert reading([best, best] + [best - NEAR] * 8, {0: 0.0, 1: 0.0}) == list(range(2, count))
    assert reading([best, best, best - NEAR - 0.1], {0: 0.0, 1: 0.0}) == [2]  # few are no worse for being few
    some = reading([best, best] + [best - (FAR + NEAR) / 2] * 8, {0: 0.0, 1: 0.0})
    assert some == list(range(2, count // 2 + 1))
    deeper = reading([best, best] + [best - (FAR + NEAR) / 2] * 38, {0: 0.0, 1: 0.0})
    assert len(deeper) > len(some)  # who asks for more passages gets more of them read


@given(st.lists(st.floats(-1, 1), max_size=12), st.data())
def test_what_was_read_is_not_read_again_and_the_likest_always_is(likeness, data):
    rows = range(min(FIRST, len(likeness)))
    margins = {row: data.draw(st.floats(-30, 30)) for row in rows}
    more = reading(likeness, margins, data.draw(st.sets(st.integers(0, 11))))
    assert more == sorted(set(more))
    assert not set(more) & set(margins)
    if likeness:
        assert likeness.index(max(likeness)) in {*more, *margins}


def test_what_comes_close_to_the_best_is_read_whole_the_best_first():
    assert reading_whole({0: 3.0, 1: 3.0 - CLOSE, 2: 4.0, 3: 0.0}, [0, 1, 2, 3]) == [2, 0]
    assert reading_whole({0: 3.0, 1: 1.5, 2: 4.0}, [1]) == []
    assert reading_whole(dict.fromkeys(range(9), 2.0), list(range(9))) == list(range(WHOLE))


def test_a_clear_answer_is_not_read_again_and_an_unclear_one_is():
    assert reading_whole({0: SURE, 1: SURE - CLOSE - 1}, [0, 1]) == []
    assert reading_whole({0: SURE - 0.1, 1: SURE - CLOSE - 1}, [0, 1]) == [0]
    assert reading_whole({}, []) == []


@given(MARGINS, st.data())
def test_only_abridged_passages_that_were_read_are_read_whole(margins, data):
    abridged = data.draw(st.lists(st.sampled_from(sorted(margins)), unique=True)) if margins else []
    again = reading_whole(margins, abridged)
    assert set(again) <= set(abridged)
    assert len(again) <= WHOLE
    assert [margins[row] for row in again] == sorted((margins[row] for row in again), reverse=True)
