"""One question to one row: what was found and given, and how each measure scores it; the engine is a stand-in."""

from dataclasses import dataclass, field, replace
from datetime import date

import pytest
from fakes import Shelf, article

from askpkcn.answerer import Candidate
from askpkcn.engine import Trace
from askpkcn.evaluation import rows
from askpkcn.evaluation.questions import Gold, Question
from askpkcn.types import Answer, Article, Extent, Filters, Group, Hit, Passage, Quote, Reason, Source, Span, Timings

ONE = article("Relations were established in 1951. Some say in 1950. Khan met Xi in May.", "one.md")
TWO = article("The year was 1951.", "two.md")
SHELF = Shelf(ONE, TWO)
NIL = Timings(1.0, 2.0, 3.0, 4.0, 10.0)
ASKED = Question(
    id="q1",
    text="When were relations established?",
    kind="when",
    answers=("1951", "in 1951"),
    golds=(Gold("one.md", "1951", 30, 34),),
    wording="near",
    category="plain",
    split="test",
    filters=Filters(),
)
DIFFERS = replace(ASKED, answers=("1951", "1950"), golds=(*ASKED.golds, Gold("one.md", "1950", 48, 52)))
UNTOLD = replace(ASKED, id="u1", answers=(), golds=(), category="not told")


@dataclass
class OneAnswer:
    """An engine that gives the same trace to every question, and keeps what it was asked."""

    trace_: Trace
    asked: list[tuple[str, Filters, int]] = field(default_factory=list)

    def trace(self, question: str, filters: Filters, *, passages: int) -> Trace:
        self.asked.append((question, filters, passages))
        return self.trace_

    def article(self, article_id: str) -> Article | None:
        return SHELF.article(article_id)

    def sentence(self, article: Article, start: int, end: int) -> Extent:
        return SHELF.sentence_around(article, start, end)


def passage(one: Article, start: int, end: int) -> Passage:
    return Passage(1000 * (one is TWO) + start, one.id, start, end, one.text[start:end])


def quote(text: str, one: Article = ONE, probability: float = 0.8) -> Quote:
    start = one.text.index(text)
    sentence = SHELF.sentence_around(one, start, start + len(text))
    return Quote(one.source, text, start, start + len(text), sentence, probability)


def candidate(given: Quote) -> Candidate:
    one = SHELF.article(given.source.id)
    hit = Hit(passage(one, 0, len(one.text)), 0.5, None, None)
    span = Span(hit.passage, given.start, given.end, 1.0, 0.0)
    return Candidate(hit, span, one, given.sentence, {}, given.probability)


def engine(
    *groups: tuple[Quote, ...], best: Quote | None = None, hits: tuple[Passage, ...] = (), turned: bool = False
) -> OneAnswer:
    """Answer with groups of quotes, or abstain with a best candidate, or find nothing; reading may turn the hits."""
    best = groups[0][0] if groups else best
    answer = Answer(
        question="?",
        groups=tuple(Group(group[0].text, group[0].probability, group) for group in groups),
        probability=best.probability if best else 0.0,
        reason=None if groups else Reason.BELOW_THRESHOLD,
        nearest=(),
        timings=NIL,
        snapshot="s",
    )
    found = tuple(Hit(each, 0.5, None, None) for each in hits or (passage(ONE, 0, len(ONE.text)),))
    return OneAnswer(Trace(answer, found, (candidate(best),) if best else (), found[::-1] if turned else found))


def scored(question: Question, one: OneAnswer) -> rows.Row:
    return rows.ask(one, [question])[0]


def test_a_right_answer_counts_in_everything():
    row = scored(ASKED, engine((quote("1951"),)))
    values = row["values"]
    assert row["stage"] == "right"
    for name in ("answer_em", "answer_f1", "quote_holds_gold", "article_right", "span_f1", "span_right", "right"):
        assert values[name] == 1.0, name
    assert (values["quote_exactness"], values["abstained"], values["probability"]) == (1.0, 0.0, 0.8)
    assert (values["success_at_1"], values["all_sides_shown"]) == (1.0, None)


def test_ranking_is_scored_as_reading_leaves_it_and_as_retrieval_made_it():
    row = scored(ASKED, engine((quote("1951"),), hits=(passage(TWO, 0, 5), passage(ONE, 0, 35)), turned=True))
    assert [hit["retrieved"] for hit in row["hits"]] == [2, 1]
    assert (row["values"]["success_at_1"], row["values"]["mrr_at_10"]) == (1.0, 1.0)
    assert (row["values"]["first_stage_success_at_1"], row["values"]["first_stage_mrr_at_10"]) == (0.0, 0.5)


def test_a_row_has_what_the_report_shows():
    row = scored(replace(ASKED, filters=Filters(("A",), date(2022, 1, 1))), engine((quote("1951"),)))
    assert row["gold"] == [
        {"article": "one.md", "quote": "1951", "start": 30, "end": 34, "sentence": row["best"]["sentence"]}
    ]
    assert row["best"]["sentence"] == {"text": "Relations were established in 1951.", "start": 0, "end": 35}
    assert (row["best"]["article"], row["best"]["text"], row["best"]["start"]) == ("one.md", "1951", 30)
    assert row["hits"] == [{"article": "one.md", "start": 0, "end": len(ONE.text), "score": 0.5, "retrieved": 1}]
    assert row["filters"] == {"outlet": ["A"], "from": "2022-01-01", "to": None}
    assert row["answer"]["timings_ms"] == {"encode": 1.0, "retrieve": 2.0, "read": 3.0, "decide": 4.0, "total": 10.0}
    assert row.keys() >= rows.NEEDED


def test_an_abstention_scores_nothing_but_its_best_candidate_does():
    row = scored(ASKED, engine(best=quote("1951", probability=0.2)))
    values = row["values"]
    for name in ("answer_em", "answer_f1", "quote_holds_gold", "article_right"):
        assert values[name] == 0.0, name
    assert (values["span_f1"], values["span_right"], values["right"]) == (1.0, 1.0, 1.0)
    assert (values["abstained"], values["quote_exactness"], values["probability"]) == (1.0, None, 0.2)
    assert row["stage"] == "abstained"


def test_nothing_found_scores_nothing_and_is_sure_of_nothing():
    row = scored(ASKED, engine(hits=(passage(TWO, 0, 5),)))
    assert row["best"] is None
    assert (row["values"]["probability"], row["values"]["right"], row["values"]["span_f1"]) == (0.0, 0.0, 0.0)
    assert row["stage"] == "not retrieved"


def test_the_right_text_of_an_article_without_gold_is_not_right():
    values = scored(ASKED, engine((quote("1951", TWO),)))["values"]
    assert (values["answer_em"], values["right"], values["quote_holds_gold"], values["article_right"]) == (1, 0, 0, 0)


def test_any_quote_of_the_first_group_may_be_right_and_no_other_group():
    right, wrong = quote("1951"), quote("1950")
    assert scored(ASKED, engine((quote("1951", TWO), right)))["values"]["quote_holds_gold"] == 1.0
    row = scored(ASKED, engine((wrong,), (right,)))
    assert (row["values"]["quote_holds_gold"], row["values"]["article_right"], row["stage"]) == (0.0, 1.0, "misread")
    assert scored(ASKED, engine((quote("1951", TWO), right)))["values"]["article_right"] == 0.0


def test_a_span_is_right_if_it_and_an_answer_hold_one_another():
    for text, right in (("in 1951", 1.0), ("established in 1951", 1.0), ("195", 0.0), ("May", 0.0)):
        assert scored(ASKED, engine((quote(text),)))["values"]["right"] == right, text


def test_all_sides_shown_is_the_share_of_golds_that_differ_in_any_group():
    both = scored(DIFFERS, engine((quote("1951"),), (quote("1950"),)))
    one = scored(DIFFERS, engine((quote("1950"),)))
    none = scored(DIFFERS, engine((quote("May"),)))
    assert [row["values"]["all_sides_shown"] for row in (both, one, none)] == [1.0, 0.5, 0.0]


def test_golds_that_agree_are_one_side():
    agree = replace(ASKED, golds=(*ASKED.golds, Gold("two.md", "1951", 13, 17)))
    assert scored(agree, engine((quote("1951"),)))["values"]["all_sides_shown"] is None


def test_an_unanswerable_question_counts_in_no_answer_measure():
    row = scored(UNTOLD, engine((quote("1951"),)))
    assert set(row["values"]) == {"probability", "right", "abstained", "quote_exactness"}
    assert (row["values"]["right"], row["stage"]) == (0.0, "should have abstained")
    assert scored(UNTOLD, engine(best=quote("1951")))["stage"] == "right"


def test_a_gold_past_the_tenth_passage_was_read_and_so_misread():
    hits = (*[passage(TWO, n, n + 1) for n in range(12)], passage(ONE, 0, 36))
    row = scored(ASKED, engine(best=quote("May"), hits=hits))
    assert (row["values"]["success_at_10"], row["stage"]) == (0.0, "misread")
    assert scored(ASKED, engine(best=quote("May"), hits=hits[:-1]))["stage"] == "not retrieved"


@pytest.mark.parametrize("part", ["quote", "sentence"])
@pytest.mark.parametrize("by", [-1, 1])
def test_a_quote_or_sentence_that_is_shifted_is_not_exact(part, by):
    answer = scored(ASKED, engine((quote("1951"),), (quote("1950"),)))["answer"]
    assert rows.quote_exactness(answer, SHELF.article) == 1.0
    shifted = answer["groups"][1]["quotes"][0]
    piece = shifted if part == "quote" else shifted["sentence"]
    piece["start"] += by
    piece["end"] += by
    assert rows.quote_exactness(answer, SHELF.article) == 0.5


def test_a_quote_of_an_article_that_is_not_there_is_not_exact():
    answer = scored(ASKED, engine((quote("1951"),)))["answer"]
    assert rows.quote_exactness(answer, lambda _: None) == 0.0


def test_a_gold_of_an_article_that_is_not_there_is_kept_without_sentence():
    row = scored(replace(ASKED, golds=(Gold("gone.md", "1951", 0, 4),)), engine((quote("1951"),)))
    assert row["gold"] == [{"article": "gone.md", "quote": "1951", "start": 0, "end": 4, "sentence": None}]
    assert (row["values"]["success_at_10"], row["values"]["article_right"], row["stage"]) == (0.0, 0.0, "not retrieved")


def test_questions_are_asked_in_order_with_their_filters_after_a_warm_up():
    one = engine((quote("1951"),))
    questions = [replace(ASKED, id=f"q{n}", text=f"When {n}?", filters=Filters((str(n),))) for n in range(5)]
    done: list[int] = []
    made = rows.ask(one, questions, passages=7, report=done.append)
    assert [row["id"] for row in made] == ["q0", "q1", "q2", "q3", "q4"]
    assert done == [1, 2, 3, 4, 5]
    wanted = [(each.text, each.filters, 7) for each in questions]
    assert one.asked == [*wanted[: rows.WARM_UP], *wanted]


def test_nothing_asked_is_no_row():
    assert rows.ask(engine(), []) == []


def test_an_answer_longer_than_the_gold_is_right_but_no_exact_match():
    source = Source("one.md", "t", None, None, None, None)
    given = Quote(source, "in 1951", 27, 34, Extent(ONE.text[:35], 0, 35), 0.8)
    values = scored(replace(ASKED, answers=("1951",)), engine((given,)))["values"]
    assert (values["answer_em"], values["answer_f1"]) == (0.0, pytest.approx(2 / 3))
    assert values["quote_holds_gold"] == 1.0
