"""Rows to metrics: values, their bootstrap intervals, and how many questions each counts."""

import numpy as np
import pytest
from scored import row

from askpkcn.evaluation import summary
from askpkcn.evaluation.summary import LOWER_IS_BETTER, MEANS, MEASURES, slices, summarise

ANSWER_MEASURES = [name for name in MEANS if name != "quote_exactness"]
MIXED = [
    *[row(f"r{n}", p=0.6 + n / 50, ms=30 + n) for n in range(10)],
    *[row(f"w{n}", right=False, p=0.3 + n / 50, ms=60 + n) for n in range(6)],
    *[row(f"a{n}", given=False, p=0.2, ms=50) for n in range(4)],
    *[row(f"u{n}", answerable=False, given=False, p=0.1 + n / 50, ms=20) for n in range(7)],
    *[row(f"s{n}", answerable=False, p=0.65, ms=90) for n in range(3)],
]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "RESAMPLES", 100)


@pytest.fixture(scope="module")
def mixed() -> dict[str, dict]:
    return summarise(MIXED)


def test_every_measure_is_there_with_its_interval_around_it(mixed):
    assert list(mixed) == list(MEASURES)
    for name, found in mixed.items():
        if name != "all_sides_shown":
            assert found["low"] <= found["value"] <= found["high"], name
            assert found["low"] < found["high"] or found["value"] in (0.0, 1.0), name


def test_values_of_a_small_run_worked_by_hand(mixed):
    expected = {
        "success_at_1": 1.0,
        "answer_em": 10 / 20,
        "quote_holds_gold": 10 / 20,
        "span_right": 14 / 20,
        "quote_exactness": 1.0,
        "abstain_precision": 7 / 11,
        "abstain_recall": 7 / 10,
        "answerable_auroc": np.mean(
            [np.heaviside(a["values"]["probability"] - u["values"]["probability"], 0.5)
             for a in MIXED if a["answerable"] for u in MIXED if not u["answerable"]]
        ),
        "latency_ms_p50": np.median([r["answer"]["timings_ms"]["total"] for r in MIXED]),
        "read_ms_p99": np.percentile([r["answer"]["timings_ms"]["read"] for r in MIXED], 99),
    }  # fmt: skip
    for name, value in expected.items():
        assert mixed[name]["value"] == pytest.approx(value, abs=1e-5), name


def test_each_measure_tells_how_many_questions_it_counts(mixed):
    counts = {name: found["n"] for name, found in mixed.items()}
    assert {counts[name] for name in ANSWER_MEASURES if name != "all_sides_shown"} == {20}
    assert counts["all_sides_shown"] == 0
    assert counts["quote_exactness"] == 10 + 6 + 3
    assert counts["abstain_precision"] == 4 + 7
    assert counts["abstain_recall"] == 10
    assert {counts[name] for name in MEASURES if "_ms_p" in name} == {30}
    assert {counts[name] for name in ("answerable_auroc", "aurc", "ece")} == {30}


def test_the_same_rows_give_the_same_intervals_each_time(mixed):
    assert summarise(MIXED) == mixed


def test_a_measure_alone_has_the_interval_that_it_has_among_all(mixed):
    assert summarise(MIXED, ["answer_f1", "ece"]) == {name: mixed[name] for name in ("answer_f1", "ece")}


def test_the_interval_of_a_mean_is_that_of_the_normal_distribution():
    rows = [row(f"q{n}", right=n % 2 == 0) for n in range(200)]
    found = summarise(rows, ["answer_em"])["answer_em"]
    error = 1.96 * (0.25 / 200) ** 0.5
    assert (found["low"], found["high"]) == pytest.approx((0.5 - error, 0.5 + error), abs=0.006)


@pytest.mark.parametrize("name", ["answer_f1", "span_right", "answerable_auroc", "ece", "aurc", "abstain_recall"])
def test_more_questions_make_the_interval_narrower(name):
    one, many = (summarise(rows, [name])[name] for rows in (MIXED, MIXED * 9))
    assert many["value"] == pytest.approx(one["value"], abs=1e-5)
    assert many["high"] - many["low"] < 0.5 * (one["high"] - one["low"])


def test_nothing_asked_is_nothing_measured():
    assert summarise([]) == {name: {"value": None, "low": None, "high": None, "n": 0} for name in MEASURES}


def test_answerable_questions_alone_have_no_measure_of_the_unanswerable(few):
    found = summarise([row("q1"), row("q2", right=False, given=False)])
    assert found["abstain_recall"] == {"value": None, "low": None, "high": None, "n": 0}
    assert found["answerable_auroc"] == {"value": None, "low": None, "high": None, "n": 2}
    assert found["abstain_precision"]["value"] == 0.0
    assert found["answer_em"]["value"] == 0.5


def test_unanswerable_questions_alone_count_in_no_answer_measure(few):
    found = summarise([row("q1", answerable=False), row("q2", answerable=False, given=False)])
    for name in ANSWER_MEASURES:
        assert found[name] == {"value": None, "low": None, "high": None, "n": 0}, name
    assert found["answerable_auroc"]["value"] is None
    assert (found["abstain_recall"]["value"], found["abstain_precision"]["value"]) == (0.5, 1.0)
    assert (found["ece"]["n"], found["aurc"]["value"]) == (2, 1.0)


def test_questions_without_gold_do_not_move_answer_measures(mixed):
    alone = summarise([each for each in MIXED if each["answerable"]], ANSWER_MEASURES)
    for name in ANSWER_MEASURES:
        assert (alone[name]["value"], alone[name]["n"]) == (mixed[name]["value"], mixed[name]["n"]), name


def test_a_run_without_an_abstention_has_no_precision_of_abstaining(few):
    found = summarise([row("q1"), row("q2", answerable=False)], ["abstain_precision"])
    assert found["abstain_precision"] == {"value": None, "low": None, "high": None, "n": 0}


def test_one_question_that_a_measure_counts_has_an_interval_of_no_width(few):
    rows = [row("q1", given=False, right=False), *[row(f"u{n}", answerable=False, given=False) for n in range(9)]]
    assert summarise(rows, ["answer_em"])["answer_em"] == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 1}


def test_all_resamples_of_a_mean_at_once_are_those_one_by_one():
    table = summary.Table(MIXED)
    samples = np.random.default_rng(1).integers(table.n, size=(50, table.n))
    for name in ("answer_em", "quote_exactness", "mrr_at_10"):
        one_by_one = [MEASURES[name](table, places) for places in samples]
        np.testing.assert_allclose(summary._resampled(name, table, samples), one_by_one)


def test_lower_is_better_for_errors_and_times_and_nothing_else():
    assert {name for name in LOWER_IS_BETTER if "_ms_" not in name} == {"aurc", "ece"}
    assert {name for name in MEASURES if "_ms_" in name} <= LOWER_IS_BETTER


def test_slices_are_by_kind_wording_category_and_gold_article():
    gold = row("x")["gold"][0]
    rows = [
        row("q1", kind="who", wording="reworded"),
        row("q2", gold=[gold, {**gold, "start": 20}, {**gold, "article": "b.md"}]),
        row("q3", answerable=False, wording=""),
    ]
    found = {
        name: {value: [r["id"] for r in part] for value, part in parts.items()} for name, parts in slices(rows).items()
    }
    assert found == {
        "kind": {"when": ["q2", "q3"], "who": ["q1"]},
        "wording": {"near": ["q2"], "reworded": ["q1"]},
        "category": {"not told": ["q3"], "plain": ["q1", "q2"]},
        "article": {"a.md": ["q1", "q2"], "b.md": ["q2"]},
    }


@pytest.mark.parametrize(("count", "shown"), [(50, 50), (51, 0)])
def test_a_collection_of_many_articles_has_no_slices_by_article(count, shown):
    rows = [row(f"q{n}", gold=[{"article": f"{n}.txt"}]) for n in range(count)]
    assert len(slices(rows)["article"]) == shown
    assert len(slices(rows)["kind"]["when"]) == count
