"""Measures of answers against other people's implementations, or against a plain loop."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from texts import texts
from torchmetrics.functional.text import squad

from askpkcn.evaluation import measures

WORDS = st.sampled_from(
    [
        "the",
        "a",
        "An",
        "Kakar",
        "kakar's",
        "20",
        "$6.4",
        "billion",
        "Xi-Jinping",
        "…",
        "«",
        "'",
        "چین",
        "Café",
        "\u2028",
    ]
)
PHRASES = st.one_of(st.lists(WORDS, max_size=5).map(" ".join), texts(2))
# Few values, so that ties are the rule.
CHANCES = st.sampled_from([0.0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.95, 1.0])


def theirs(given_: str, golds: list[str]) -> tuple[float, float]:
    """Return exact match and F1 as torchmetrics has them, in 0..1 rather than percent."""
    found = squad(
        {"id": "one", "prediction_text": given_},
        {"id": "one", "answers": {"answer_start": [0] * len(golds), "text": golds}},
    )
    return float(found["exact_match"]) / 100, float(found["f1"]) / 100


def scored(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([p for p, _ in pairs]), np.array([right for _, right in pairs], dtype=bool)


@pytest.mark.parametrize(
    ("answer", "golds", "exact", "f1"),
    [
        ("Kakar", ["Kakar"], 1.0, 1.0),
        ("the Kakar.", ["kakar"], 1.0, 1.0),
        ("Anwaar-ul-Haq Kakar", ["Kakar", "the prime minister"], 0.0, 2 / 3),
        ("20 agreements", ["agreements: 20", "twenty"], 0.0, 1.0),
        ("Kakar Kakar", ["Kakar"], 0.0, 2 / 3),
        ("An agreement", ["agreement"], 1.0, 1.0),
        ("a deal, the", ["deal"], 1.0, 1.0),
        ("", ["Kakar"], 0.0, 0.0),
        ("the", ["a"], 1.0, 1.0),
        ("the", ["20"], 0.0, 0.0),
        ("", [""], 1.0, 1.0),
        ("$6.4 billion", ["6.4 billion"], 1.0, 1.0),
        ("in late October 2023", ["October", "late October"], 0.0, 2 / 3),
    ],
)
def test_exact_match_and_f1_of_hand_picked_answers(answer, golds, exact, f1):
    assert measures.exact_match(answer, golds) == exact
    assert measures.f1(answer, golds) == pytest.approx(f1)
    assert theirs(answer, golds) == pytest.approx((exact, f1), abs=1e-6)


@settings(max_examples=80)
@given(PHRASES, st.lists(PHRASES, min_size=1, max_size=3))
def test_exact_match_and_f1_are_those_of_torchmetrics(answer, golds):
    ours = measures.exact_match(answer, golds), measures.f1(answer, golds)
    assert ours == pytest.approx(theirs(answer, golds), abs=1e-6)


def test_no_golds_score_nothing():
    assert (measures.exact_match("Kakar", []), measures.f1("Kakar", [])) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("Kakar", "Prime Minister Kakar", True),
        ("the Kakar", "kakar!", True),
        ("20", "2023", False),
        ("20", "20 agreements", True),
        ("Prime Kakar", "Prime Minister Kakar", False),
        ("Kakar Prime", "Prime Minister Kakar", False),
        ("the", "the prime minister", False),
        ("", "Kakar", False),
        ("", "", False),
        ("Khan", "Khanate of Kalat", False),
    ],
)
def test_hold_one_another_in_whole_words_either_way(one, other, expected):
    assert measures.hold_one_another(one, other) is expected
    assert measures.hold_one_another(other, one) is expected


@given(PHRASES, PHRASES, PHRASES)
def test_a_phrase_is_held_by_what_it_was_put_into(before, phrase, after):
    assume(measures.normalise(phrase))
    assert measures.hold_one_another(phrase, f"{before} {phrase} {after}")


@given(st.lists(st.tuples(CHANCES, st.booleans()), min_size=2, max_size=30))
def test_auroc_is_that_of_sklearn_with_ties(pairs):
    scores, positive = scored(pairs)
    assume(positive.any() and not positive.all())
    assert measures.auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))


@pytest.mark.parametrize("positive", [True, False])
def test_auroc_of_one_class_is_no_number(positive):
    assert np.isnan(measures.auroc(np.array([0.1, 0.9]), np.array([positive] * 2)))
    assert np.isnan(measures.auroc(np.array([]), np.array([], dtype=bool)))


@given(st.lists(st.tuples(CHANCES, st.booleans()), min_size=1, max_size=30), st.randoms())
def test_risk_does_not_depend_on_the_order_of_the_questions(pairs, random):
    mixed = random.sample(pairs, len(pairs))
    curves = []
    for each in (pairs, mixed):
        scores, right = scored(each)
        curves.append(measures.risk_coverage(scores, 1.0 - right))
    np.testing.assert_allclose(curves[0][0], curves[1][0])
    np.testing.assert_allclose(curves[0][1], curves[1][1])
    assert measures.area_under_risk_coverage(*_wrong(pairs)) == pytest.approx(
        measures.area_under_risk_coverage(*_wrong(mixed))
    )


@given(st.lists(st.tuples(CHANCES, st.booleans()), min_size=1, max_size=30))
def test_risk_is_the_share_wrong_of_all_that_are_as_sure(pairs):
    scores, wrong = _wrong(pairs)
    coverage, risk = measures.risk_coverage(scores, wrong)
    assert (np.diff(coverage) > 0).all()
    assert (coverage[0], coverage[-1]) == (pytest.approx(1 / len(pairs)), 1.0)
    for score, found in zip(sorted(scores, reverse=True), risk, strict=True):
        assert found == pytest.approx(wrong[scores >= score].mean())


def _wrong(pairs: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    scores, right = scored(pairs)
    return scores, 1.0 - right


def test_risk_is_nothing_where_all_is_right_and_all_where_all_is_wrong():
    scores = np.array([0.9, 0.2, 0.4])
    assert measures.area_under_risk_coverage(scores, np.zeros(3)) == 0.0
    assert measures.area_under_risk_coverage(scores, np.ones(3)) == 1.0
    assert np.isnan(measures.area_under_risk_coverage(np.array([]), np.array([])))


def test_being_sure_of_what_is_right_costs_less_than_of_what_is_wrong():
    wrong = np.array([0.0, 0.0, 1.0])
    good = measures.area_under_risk_coverage(np.array([0.9, 0.8, 0.1]), wrong)
    bad = measures.area_under_risk_coverage(np.array([0.1, 0.8, 0.9]), wrong)
    assert (good, bad) == (pytest.approx(1 / 9), pytest.approx((1 + 1 / 2 + 1 / 3) / 3))


@given(st.lists(st.tuples(st.one_of(CHANCES, st.floats(0, 1)), st.booleans()), min_size=1, max_size=40))
def test_calibration_error_is_that_of_a_plain_loop_over_ten_bins(pairs):
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, right in pairs:
        bins.setdefault(9 if p == 1 else int(p * 10), []).append((p, right))
    expected = 0.0
    for inside in bins.values():
        sure = sum(p for p, _ in inside) / len(inside)
        share = sum(right for _, right in inside) / len(inside)
        expected += len(inside) / len(pairs) * abs(sure - share)
    p, right = scored(pairs)
    assert measures.calibration_error(p, right.astype(float)) == pytest.approx(expected)
    drawn = measures.reliability(p, right.astype(float))
    assert [n for *_, n in drawn] == [len(bins[number]) for number in sorted(bins)]
    assert sum(n * abs(sure - share) for sure, share, n in drawn) / len(pairs) == pytest.approx(expected)


def test_calibration_error_of_nothing_is_no_number():
    assert np.isnan(measures.calibration_error(np.array([]), np.array([])))
    assert measures.reliability(np.array([]), np.array([])) == []


def test_calibration_error_of_two_bins_worked_by_hand():
    p, right = np.array([0.85, 0.89, 0.2, 1.0]), np.array([1.0, 0.0, 0.0, 1.0])
    assert measures.calibration_error(p, right) == pytest.approx((0.74 + 0.2 + 0.0) / 4)


def test_sides_are_quotes_that_hold_one_another():
    quotes = ["1951", "1950", "in 1951", "the 1950", "May 21"]
    assert measures.sides(quotes) == [["1951", "in 1951"], ["1950", "the 1950"], ["May 21"]]
    assert measures.sides([]) == []


def test_mean_and_percentile_of_nothing_are_no_numbers():
    assert np.isnan(measures.mean(np.array([])))
    assert np.isnan(measures.percentile(np.array([]), 50))
    assert measures.mean(np.array([1.0, 2.0])) == 1.5
    assert measures.percentile(np.array([10.0, 20.0, 30.0]), 95) == pytest.approx(29.0)
