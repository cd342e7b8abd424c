"""Two runs side by side: differences, their tests, the questions that changed, and what is no run."""

import json
from pathlib import Path

import numpy as np
import pytest
from scored import row

from askpkcn.errors import EvaluationError
from askpkcn.evaluation import compare as comparing
from askpkcn.evaluation import rows
from askpkcn.evaluation.compare import Change, Comparison, Difference, compare
from askpkcn.evaluation.rows import ABSTAINED, ANSWERED_ANYWAY, MISREAD, NOT_RETRIEVED, RIGHT, Row
from askpkcn.evaluation.summary import MEASURES

GOOD = [row(f"q{n}") for n in range(20)] + [row(f"u{n}", answerable=False, given=False, p=0.1) for n in range(5)]
WORSE = [row(f"q{n}", right=n % 2 == 0, p=0.8) for n in range(20)] + GOOD[20:]
SOME = ("success_at_5", "answer_em", "quote_holds_gold", "aurc", "abstain_precision", "latency_ms_p50", "read_ms_p95")
ONE_OFF = [GOOD[0], row("q1", right=False), *GOOD[2:]]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparing, "SWAPS", 400)
    monkeypatch.setattr(comparing, "RESAMPLES", 100)
    monkeypatch.setattr(comparing, "MEASURES", {name: MEASURES[name] for name in SOME})


def compared(folder: Path, one: list[Row], other: list[Row], split: str = "test") -> Comparison:
    for name, made in (("one", one), ("other", other)):
        (folder / name).mkdir(exist_ok=True)
        rows.write(made, folder / name / "predictions.jsonl")
    return compare(folder / "one", folder / "other", split)


def difference(found: Comparison, name: str) -> Difference:
    return next(each for each in found.differences if each.measure == name)


def test_a_run_does_not_differ_from_itself_in_any_measure(tmp_path, monkeypatch):
    monkeypatch.setattr(comparing, "MEASURES", MEASURES)
    monkeypatch.setattr(comparing, "SWAPS", 20)
    found = compared(tmp_path, WORSE, WORSE)
    assert (found.split, found.n, found.only_one, found.changes) == ("test", 25, 0, ())
    assert {each.measure for each in found.differences} == set(MEASURES) - {"all_sides_shown"}
    for each in found.differences:
        assert (each.difference, each.low, each.high, each.p) == (0.0, 0.0, 0.0, 1.0), each.measure
        assert each.a == each.b


def test_a_clearly_better_run_is_so_and_the_other_way_round(tmp_path):
    better, worse = compared(tmp_path, WORSE, GOOD), compared(tmp_path, GOOD, WORSE)
    for name, sign in (("answer_em", 1), ("quote_holds_gold", 1), ("aurc", -1)):
        up, down = difference(better, name), difference(worse, name)
        assert up.p < 0.05, name
        assert up.difference * sign > 0
        assert up.difference == up.b - up.a == pytest.approx(-down.difference)
        assert up.low <= up.difference <= up.high
        assert (up.low > 0) if sign > 0 else (up.high < 0)
    assert difference(better, "answer_em").difference == 0.5


def test_what_did_not_change_is_no_difference_beside_what_did(tmp_path):
    found = compared(tmp_path, WORSE, GOOD)
    assert (difference(found, "success_at_5").difference, difference(found, "success_at_5").p) == (0.0, 1.0)


def test_one_question_of_many_is_no_proof(tmp_path):
    found = difference(compared(tmp_path, ONE_OFF, GOOD), "answer_em")
    assert found.difference == pytest.approx(0.05)
    assert found.p > 0.5
    assert found.low == 0.0


def test_no_chance_is_as_small_as_nothing(tmp_path):
    swaps = comparing.SWAPS
    found = compared(tmp_path, [row(f"q{n}", right=False) for n in range(60)], [row(f"q{n}") for n in range(60)])
    assert difference(found, "answer_em").p == 1 / (swaps + 1)


def test_the_chance_is_that_of_all_arrangements(tmp_path):
    # Four questions of 20 became right: with these, 2 of the 16 arrangements differ as much.
    some = [row(f"q{n}", right=n > 3) for n in range(20)]
    assert difference(compared(tmp_path, some, GOOD[:20]), "answer_em").p == pytest.approx(2 / 16, abs=0.05)


def test_a_slower_run_of_the_same_answers_differs_in_time_alone(tmp_path):
    slow = [row(f"q{n}", ms=80 + n) for n in range(20)]
    found = compared(tmp_path, GOOD[:20], slow)
    for each in found.differences:
        if "_ms_" in each.measure:
            assert each.difference > 0
            assert each.p < 0.05
        else:
            assert (each.difference, each.p) == (0.0, 1.0)


def test_arrangements_that_cannot_be_measured_count_on_neither_side(tmp_path):
    # One of two abstains in each run: in half of the arrangements none does, and there is no precision of it.
    one = [row("q1", given=False), row("u1", answerable=False)]
    other = [row("q1"), row("u1", answerable=False, given=False)]
    found = difference(compared(tmp_path, one, other), "abstain_precision")
    assert (found.a, found.b) == (0.0, 1.0)
    assert found.p == 1.0


def test_questions_whose_fate_changed_are_listed_with_both_answers(tmp_path):
    one = [
        row("q1", right=False), row("q2"), row("q3"), row("q4", given=False), row("q5"),
        row("u1", answerable=False), row("same", right=False),
    ]  # fmt: skip
    other = [
        row("q1"), row("q2", given=False), row("q3", found=False, right=False), row("q4"), row("q5", p=0.5),
        row("u1", answerable=False, given=False), row("same", right=False),
    ]  # fmt: skip
    assert compared(tmp_path, one, other).changes == (
        Change("q1", "When was q1?", MISREAD, RIGHT, "1950", "1951"),
        Change("q2", "When was q2?", RIGHT, ABSTAINED, "1951", ""),
        Change("q3", "When was q3?", RIGHT, NOT_RETRIEVED, "1951", "1950"),
        Change("q4", "When was q4?", ABSTAINED, RIGHT, "", "1951"),
        Change("u1", "When was u1?", ANSWERED_ANYWAY, RIGHT, "1950", ""),
    )


def test_only_questions_that_both_runs_asked_alike_are_compared(tmp_path):
    one = [row("q1"), row("q2"), row("q3"), row("q4"), row("d1", split="dev")]
    other = [row("q4"), row("q1"), row("q2", question="When else?"), row("q3", answers=["1950"]), row("q5")]
    found = compared(tmp_path, one, other)
    assert (found.n, found.only_one) == (2, 3)


def test_the_order_of_a_run_does_not_count(tmp_path):
    found = compared(tmp_path, WORSE, WORSE[::-1])
    assert {each.difference for each in found.differences} == {0.0}


def test_the_same_comparison_twice_is_the_same(tmp_path):
    assert compared(tmp_path, WORSE, GOOD) == compared(tmp_path, WORSE, GOOD)


@pytest.mark.parametrize(
    ("one", "other", "split"),
    [
        ([row("q1")], [row("q2")], "test"),
        ([row("q1")], [row("q1", question="Who?")], "test"),
        ([row("q1")], [row("q1")], "dev"),
        ([row("q1")], [row("q1", split="dev")], "test"),
        ([], [row("q1")], "test"),
    ],
)
def test_runs_without_a_common_question_are_refused(one, other, split, tmp_path):
    with pytest.raises(EvaluationError, match=rf"one and .*other share no question of the split '{split}'; choose"):
        compared(tmp_path, one, other, split)


def test_a_folder_that_is_no_run_is_named(tmp_path):
    compared(tmp_path, GOOD, GOOD)
    for one, other in ((tmp_path / "gone", tmp_path / "one"), (tmp_path / "one", tmp_path)):
        with pytest.raises(
            EvaluationError, match=r"is no run: it has no predictions\.jsonl; `askpkcn eval` writes runs"
        ):
            compare(one, other, "test")


def test_a_run_that_ranks_passages_as_they_were_retrieved_is_refused(tmp_path):
    compared(tmp_path, GOOD, GOOD)
    file = tmp_path / "other" / "predictions.jsonl"
    file.write_text(file.read_text().replace(', "retrieved": 1', ""))
    with pytest.raises(EvaluationError, match=r"ranks passages as earlier versions did; run `askpkcn eval` again"):
        compare(tmp_path / "one", tmp_path / "other", "test")


@pytest.mark.parametrize(
    "line", ["{", "20", "{}", '{"id": "q1", "values": {}}', json.dumps(row("q1") | {"values": None})]
)
def test_a_file_of_predictions_that_is_none_is_named(line, tmp_path):
    compared(tmp_path, GOOD, GOOD)
    with (tmp_path / "other" / "predictions.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(EvaluationError, match=r"predictions\.jsonl"):
        compare(tmp_path / "one", tmp_path / "other", "test")


def test_rows_are_read_as_they_were_written(tmp_path):
    strange = row("q\u2028\udc80", question="\x85 چین?", p=float(np.float64(0.1)))
    rows.write([strange, GOOD[0]], tmp_path / "predictions.jsonl")
    assert rows.read(tmp_path) == [strange, GOOD[0]]
