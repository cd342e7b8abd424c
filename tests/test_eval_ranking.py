"""Ranking by gold spans: what moves its measures, what must not, and TREC files that another tool reads the same."""

import math
from typing import Any

import ir_measures
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from askpkcn.evaluation import ranking

Place = dict[str, Any]
NAMES = {
    **{Success @ k: f"success_at_{k}" for k in (1, 3, 5, 10)},
    **{R @ k: f"recall_at_{k}" for k in (1, 3, 5, 10)},
    RR @ 10: "mrr_at_10",
    nDCG @ 10: "ndcg_at_10",
}


def place(article: str, start: int, end: int) -> Place:
    return {"article": article, "start": start, "end": end}


def measured(golds: list[Place], hits: list[Place]) -> dict[str, float]:
    return ranking.values({"q": (golds, hits)})["q"]


def halves(hit: Place) -> list[Place]:
    middle = (hit["start"] + hit["end"]) // 2
    return [hit | {"end": middle}, hit | {"start": middle}]


GOLD = place("a.md", 110, 120)
PASSAGES = [place("b.md", 0, 100), place("a.md", 100, 200), place("a.md", 0, 100), place("c.md", 0, 100)]
ARTICLES = st.sampled_from(["a.md", "b b.md", "c.md"])
PASSAGE = st.builds(lambda name, n: place(name, 100 * n, 100 * n + 100), ARTICLES, st.integers(0, 3))
HITS = st.lists(PASSAGE, max_size=12, unique_by=lambda hit: (hit["article"], hit["start"]))
SPAN = st.builds(
    lambda name, start, n: place(name, start, start + n), ARTICLES, st.integers(0, 390), st.integers(1, 30)
)
GOLDS = st.lists(SPAN, min_size=1, max_size=4)


def test_the_first_passage_with_gold_sets_the_rank():
    found = measured([GOLD], PASSAGES)
    assert set(found) == set(NAMES.values())
    assert (found["success_at_1"], found["success_at_3"], found["recall_at_3"]) == (0.0, 1.0, 1.0)
    assert found["mrr_at_10"] == 0.5
    assert found["ndcg_at_10"] == pytest.approx(1 / math.log2(3))


@pytest.mark.parametrize(
    ("start", "end", "found"), [(90, 100, 0.0), (90, 101, 1.0), (199, 230, 1.0), (200, 230, 0.0), (50, 300, 1.0)]
)
def test_a_passage_has_a_gold_that_it_shares_a_character_with(start, end, found):
    golds = [place("a.md", start, end)]
    assert measured(golds, [PASSAGES[1]])["success_at_1"] == found
    assert ranking.found(golds, [PASSAGES[1]]) == bool(found)
    assert measured([place("b.md", start, end)], [PASSAGES[1]])["success_at_1"] == 0.0


@given(GOLDS, HITS)
def test_the_first_gold_stands_at_the_rank_of_the_first_passage_that_overlaps_one(golds, hits):
    ranks = [rank for rank, hit in enumerate(hits, 1) if any(ranking.overlap(gold, hit) for gold in golds)]
    found = measured(golds, hits)
    first = ranks[0] if ranks else math.inf
    assert ranking.found(golds, hits) == bool(ranks)
    assert found["mrr_at_10"] == pytest.approx(1 / first if first <= 10 else 0.0)
    for k in (1, 3, 5, 10):
        assert found[f"success_at_{k}"] == float(first <= k)


@given(GOLDS, HITS)
def test_passages_cut_in_two_have_the_same_golds_at_the_rank_of_the_first_half_that_overlaps(golds, hits):
    cut = [half for hit in hits for half in halves(hit)]
    assert ranking.qrels({"q": (golds, cut)}) == ranking.qrels({"q": (golds, hits)})
    assert ranking.found(golds, cut) == ranking.found(golds, hits)
    ranks = [rank for rank, half in enumerate(cut, 1) if any(ranking.overlap(gold, half) for gold in golds)]
    assert measured(golds, cut)["mrr_at_10"] == pytest.approx(1 / ranks[0] if ranks and ranks[0] <= 10 else 0.0)


def test_passages_cut_below_the_first_gold_move_nothing():
    golds = [GOLD, place("a.md", 150, 155)]
    hits = [PASSAGES[1], PASSAGES[0], PASSAGES[3]]
    cut = [hits[0], *halves(hits[1]), *halves(hits[2])]
    assert measured(golds, cut) == measured(golds, hits)


def test_a_gold_that_two_passages_share_counts_once():
    golds = [place("a.md", 195, 205), place("d.md", 0, 5)]
    found = measured(golds, [place("a.md", 100, 200), place("a.md", 200, 300)])
    assert found["recall_at_10"] == 0.5
    assert found["ndcg_at_10"] < 1.0


def test_a_passage_with_no_gold_but_those_before_takes_a_place():
    golds = [place("a.md", 195, 205), place("d.md", 0, 5)]
    again = [place("a.md", 100, 200), place("a.md", 200, 300), place("a.md", 190, 290)]
    found = measured(golds, [*again, place("d.md", 0, 100)])
    assert (found["recall_at_1"], found["recall_at_3"], found["recall_at_5"]) == (0.5, 0.5, 1.0)


def test_one_passage_with_all_golds_is_a_perfect_ranking():
    found = measured([place("a.md", 110, 120), place("a.md", 130, 140), place("a.md", 150, 160)], [PASSAGES[1]])
    assert (found["recall_at_3"], found["mrr_at_10"], found["ndcg_at_10"]) == (1.0, 1.0, pytest.approx(1.0))
    assert found["recall_at_1"] == pytest.approx(1 / 3)


def test_a_gold_given_twice_is_one():
    assert measured([GOLD, dict(GOLD)], PASSAGES) == measured([GOLD], PASSAGES)


def test_a_gold_of_an_article_that_is_not_there_counts_nothing_and_is_not_left_out():
    lost = place("gone.md", 0, 10)
    assert set(measured([lost], PASSAGES).values()) == {0.0}
    both = measured([GOLD, lost], PASSAGES)
    assert both["recall_at_10"] == 0.5
    assert both["ndcg_at_10"] < measured([GOLD], PASSAGES)["ndcg_at_10"]


def test_a_question_without_hits_counts_nothing_beside_others():
    found = ranking.values({"q1": ([GOLD], []), "q2": ([GOLD], PASSAGES)})
    assert found["q1"] == dict.fromkeys(NAMES.values(), 0.0)
    assert found["q2"] == measured([GOLD], PASSAGES)


def test_nothing_judged_is_nothing_measured():
    assert ranking.values({}) == {}


@given(GOLDS, HITS, st.data())
def test_lifting_a_passage_with_gold_over_one_without_raises_the_reciprocal_rank(golds, hits, data):
    has = [any(ranking.overlap(gold, hit) for gold in golds) for hit in hits]
    assume(True in has[1:10] and not has[0])
    rank = has.index(True)
    above = data.draw(st.integers(0, rank - 1))
    lifted = list(hits)
    lifted[above], lifted[rank] = hits[rank], hits[above]
    before, after = measured(golds, hits), measured(golds, lifted)
    assert after["mrr_at_10"] > before["mrr_at_10"]
    assert after["mrr_at_10"] == pytest.approx(1 / (above + 1))
    assert all(after[f"success_at_{k}"] >= before[f"success_at_{k}"] for k in (1, 3, 5, 10))


def test_a_gold_past_the_tenth_passage_is_found_but_counts_nothing():
    hits = [place("b.md", 10 * n, 10 * n + 10) for n in range(10)] + [PASSAGES[1]]
    assert set(measured([GOLD], hits).values()) == {0.0}
    assert ranking.found([GOLD], hits)


def test_names_with_spaces_make_valid_trec_lines(tmp_path):
    spaced = place("my\u00a0news/a\tlong name.md", 0, 10)
    ranking.write({"q 1\n": ([spaced], [spaced | {"end": 90}, PASSAGES[0]])}, tmp_path, "askpkcn")
    assert (tmp_path / "qrels.trec").read_text() == "q_1 0 my_news/a_long_name.md[0:10] 1\n"
    assert (tmp_path / "run.trec").read_text().splitlines() == [
        "q_1 Q0 my_news/a_long_name.md[0:10] 1 -1 askpkcn",
        "q_1 Q0 b.md[0:100] 2 -2 askpkcn",
    ]


@settings(max_examples=40)
@given(st.lists(st.tuples(GOLDS, HITS), min_size=1, max_size=4))
def test_another_tool_reads_the_same_measures_from_the_trec_files(tmp_path_factory, pairs):
    folder = tmp_path_factory.getbasetemp()
    judged = {f"q {number}": pair for number, pair in enumerate(pairs)}
    ranking.write(judged, folder, "askpkcn")
    qrels = list(ir_measures.read_trec_qrels(str(folder / "qrels.trec")))
    run = list(ir_measures.read_trec_run(str(folder / "run.trec")))
    expected = ranking.values(judged)
    read = {(m.query_id, NAMES[m.measure]): m.value for m in ir_measures.iter_calc(list(NAMES), qrels, run)}
    for question, values in expected.items():
        for name, value in values.items():
            assert read[question.replace(" ", "_"), name] == pytest.approx(value)


def test_the_rank_column_counts_from_one_and_scores_fall(tmp_path):
    hits = [place("b.md", n, n + 1) for n in range(200)]
    ranking.write({"q": ([GOLD], hits)}, tmp_path, "askpkcn")
    lines = [line.split() for line in (tmp_path / "run.trec").read_text().splitlines()]
    assert [int(line[3]) for line in lines] == list(range(1, 201))
    scores = [float(line[4]) for line in lines]
    assert scores == sorted(set(scores), reverse=True)
