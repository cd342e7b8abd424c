"""The peers' scorer, and the reader's weights as they get them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from askpkcn.reader import MODEL

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks" / "peers"))

import reader_weights
import scorer

PASSAGES = [{"number": n, "article": "a", "start": 100 * n, "end": 100 * n + 100} for n in range(8)]
ASKED = [
    {"id": "1", "answers": ["forty gates"], "gold": [{"article": "a", "start": 210, "end": 221}]},
    {"id": "2", "answers": ["the Soan"], "gold": [{"article": "a", "start": 720, "end": 724}]},
    {"id": "3", "answers": [], "gold": []},
]


def given(best, abstained=False, hits=(0, 1, 2, 3, 4, 5, 6, 7), ms=10.0):
    return {"best": best, "abstained": abstained, "probability": None, "hits": list(hits), "ms": ms}


def test_score_counts_each_kind_of_question_where_it_belongs():
    answers = {
        "1": [given("forty gates"), given("something else, in a later round", ms=30.0)],
        "2": [given("Soan", abstained=True)],
        "3": [given("anything", abstained=True, ms=50.0)],
    }
    found = scorer.score(ASKED, PASSAGES, answers)
    assert found.best_f1 == 1.0  # articles of speech don't count, and a second round is for its times
    assert found.own_f1 == 0.5
    assert found.silent == 1.0
    assert found.success_at_5 == 0.5  # the Soan stands in the eighth passage
    assert (found.p50, found.per_second) == (20.0, pytest.approx(1000 * 4 / 100))


def test_no_answer_is_a_wrong_answer_and_no_error():
    answers = {key: [given(None, abstained=True, hits=())] for key in "123"}
    found = scorer.score(ASKED, PASSAGES, answers)
    assert (found.best_f1, found.own_f1, found.silent, found.success_at_5) == (0.0, 0.0, 1.0, 0.0)


def test_the_table_gives_times_as_ratios():
    cost = scorer.Cost(1.0, 2.0, 300.0, 1500.0)
    ours, theirs = (scorer.Score(0.7, 0.5, 0.8, 0.9, p50, 2 * p50, 1000 / p50) for p50 in (50.0, 300.0))
    lines = scorer.table({"askpkcn": (ours, cost), "other": (theirs, cost)}, "askpkcn").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    column = cells[0].index("times askpkcn's p50")
    assert [row[column] for row in cells[2:]] == ["1.00", "6.00"]
    assert {len(row) for row in cells} == {len(scorer.HEAD)}


def test_columns_stand_for_their_numbers():
    values = np.array([[1, -2], [3, 4]], dtype=np.int8)
    found = reader_weights.columns(values, np.array([0.5, 2.0], dtype=np.float32), np.array([1, 0], dtype=np.int8))
    assert found.tolist() == [[0.0, -4.0], [1.0, 8.0]]


@pytest.mark.slow
def test_the_checkpoint_reads_as_the_shipped_reader_does(tmp_path):
    found = reader_weights.make(MODEL, tmp_path / "reader")
    assert found.correlation > reader_weights.LEAST_CORRELATION
