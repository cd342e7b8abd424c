import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from fakes import Shelf, article, cut, unit
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import texts

from askpkcn import articles, index
from askpkcn import engine as engines
from askpkcn.answerer import Answerer
from askpkcn.calibration import Calibration
from askpkcn.engine import Engine, check_question
from askpkcn.errors import IndexCorrupt, IndexMissing, QuestionError
from askpkcn.passages import sentences
from askpkcn.reader import Reader
from askpkcn.retriever import FusionSettings, Retriever
from askpkcn.types import Article, Filters, Passage, Ranked, Reason, Timings

KAKAR = "How many agreements did Kakar sign in China?"
ALWAYS = replace(Calibration.load(), threshold=0.0)


class InOrder:
    """Rankings that find every passage, in the order of the articles."""

    def __init__(self, count: int) -> None:
        self._all = [Ranked(number, 0.5) for number in range(count)]

    def dense(self, vector, filters, limit):
        return self._all[:limit]

    def keyword(self, question, filters, limit):
        return self._all[::-1][:limit]

    def cosines(self, vector, passages):
        return np.full((len(passages), 2), 0.5, dtype=np.float32)


def begins_within(passage: Passage, one: Article) -> np.ndarray:
    """Return where a passage's sentences begin, as the catalogue tells it."""
    starts = [start - passage.start for start, _ in sentences(one.text) if passage.start <= start < passage.end]
    return np.array(starts, dtype=np.int32)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(texts(6), min_size=1, max_size=3), st.sampled_from([KAKAR, "وزیر اعظم کہاں گئے؟", "👍🏽 who?", "when"]))
def test_every_quote_is_the_slice_of_its_article_that_it_says_it_is(reader, raw, question):
    held = [article(text, f"{i}.md") for i, text in enumerate(raw)]
    passages = [passage for one in held for passage in cut(one, budget=48)]
    passages = [replace(passage, number=number) for number, passage in enumerate(passages)]
    found = Retriever(InOrder(len(passages)), lambda numbers: [passages[n] for n in numbers], FusionSettings())
    hits = found.retrieve(question, unit(question), Filters(), 12)
    by_id = {one.id: one for one in held}
    begins = [begins_within(hit.passage, by_id[hit.passage.article_id]) for hit in hits]
    likeness = [np.linspace(1, 0, len(each), dtype=np.float32)[:: 1 - 2 * (n % 2)] for n, each in enumerate(begins)]
    titles = [hit.passage.text[:3] for hit in hits]
    passages = [hit.passage for hit in hits]
    spans = reader.read(question, passages, titles=titles, sentences=begins, cosines=likeness)
    decision = Answerer(ALWAYS, Shelf(*held)).decide(question, hits, spans, 99, lambda: Reason.NOTHING_RETRIEVED)
    assert bool(decision.groups) == any(spans)
    assert {hit.passage.number for hit in decision.ranked} == {hit.passage.number for hit in hits}
    for group in decision.groups:
        assert group.text == group.quotes[0].text
        for quote in group.quotes:
            text = by_id[quote.source.id].text
            assert text[quote.start : quote.end] == quote.text != ""
            assert text[quote.sentence.start : quote.sentence.end] == quote.sentence.text
            assert quote.sentence.start <= quote.start < quote.end <= quote.sentence.end


def test_an_answer_says_everything_that_a_citation_needs(engine):
    answer = engine.ask(KAKAR)
    assert answer.question == KAKAR
    assert answer.snapshot == engine.snapshot
    assert answer.timings.total >= answer.timings.read > 0.0
    assert answer.answered == bool(answer.groups)
    quotes = [quote for group in answer.groups for quote in group.quotes]
    for quote in quotes:
        quote.check(engine.article(quote.source.id))
        assert quote.source == engine.source(quote.source.id)


def test_asking_again_gives_the_same_answer_but_for_the_times(engine):
    nil = Timings(0.0, 0.0, 0.0, 0.0, 0.0)
    first, second = (replace(engine.ask(KAKAR), timings=nil) for _ in range(2))
    assert first == second


def test_white_space_and_line_ends_of_a_question_do_not_matter(engine):
    assert engine.ask("  How many agreements\r\ndid  Kakar sign in China?\u2028").groups == engine.ask(KAKAR).groups


@pytest.mark.parametrize(
    "question", ["چین", "👍🏽 2", "a" * 1000, "why " * 249, "who\udc80?", "AND OR NOT", "a\0b", "½"]
)
def test_strange_questions_are_answered_or_not_but_never_break(engine, question):
    answer = engine.ask(question)
    assert answer.answered or answer.reason is not None


@pytest.mark.parametrize("question", ["", "  \n", "?!", "😀", "\u200b", "\udc80"])
def test_an_empty_question_is_refused_with_an_example(engine, question):
    with pytest.raises(QuestionError, match="the question is empty; ask one, such as"):
        engine.ask(question)


def test_a_question_over_the_limit_is_refused(engine):
    assert check_question("a" * 1000) == "a" * 1000
    with pytest.raises(QuestionError, match="has 1,001 characters, over the limit of 1,000; shorten it"):
        engine.search("a" * 1001)


def test_filters_that_leave_no_article_are_the_reason(engine):
    answer = engine.ask(KAKAR, Filters(outlets=("Nobody's News",)))
    assert (answer.reason, answer.groups, answer.nearest) == (Reason.FILTERED_OUT, (), ())
    assert engine.ask(KAKAR, Filters(first=date(2022, 2, 8))).reason is Reason.FILTERED_OUT


def test_filters_keep_everything_else_out(engine):
    for filters, expected in (
        (Filters(outlets=("the diplomat",)), {"seeds/kakar-visit.md"}),
        (Filters(first=date(2022, 2, 7), last=date(2022, 2, 7)), {"seeds/winter-olympics.md"}),
    ):
        hits = engine.search("What did China and Pakistan say?", filters, limit=30)
        assert {hit.passage.article_id for hit in hits} == expected


def test_a_search_gives_places_in_both_rankings(engine):
    hits = engine.search(KAKAR, limit=5)
    assert len(hits) == 5
    assert hits[0].passage.article_id == "seeds/kakar-visit.md"
    assert {hits[0].dense.rank, hits[0].keyword.rank} <= {1, 2, 3}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_asking_for_no_passages_finds_nothing(engine):
    assert engine.ask(KAKAR, passages=0).reason is Reason.NOTHING_RETRIEVED


def test_the_articles_are_those_of_the_folder(engine):
    listed = dict(engine.articles())
    assert [source.id for source in listed] == [
        "seeds/joint-working-group.md",
        "seeds/kakar-visit.md",
        "seeds/khan-fall.md",
        "seeds/security-ties.md",
        "seeds/winter-olympics.md",
    ]
    assert sum(listed.values()) == engine.manifest["counts"]["passages"]
    assert engine.article("nowhere") is None


def test_candidates_are_ordered_and_never_overlap(engine):
    found = engine.candidates(KAKAR)
    assert [c.probability for c in found] == sorted((c.probability for c in found), reverse=True)
    places = sorted((c.article.id, c.span.start, c.span.end) for c in found)
    assert all(a[0] != b[0] or a[2] <= b[1] for a, b in itertools.pairwise(places))


def test_the_raw_articles_are_read_and_quoted_exactly(shared_seeds, reader):
    held = [articles.read(found) for found in articles.find([shared_seeds])]
    passages = [passage for one in held for passage in cut(one)][:40]
    spans = reader.read(KAKAR, passages)
    by_id = {one.id: one for one in held}
    assert len(held) == 5
    assert all(by_id[p.article_id].text[p.start : p.end] == p.text for p in passages)
    assert all(p.start <= span.start < span.end <= p.end for p, span in zip(passages, spans, strict=True))


def test_the_reader_gets_titles_and_where_sentences_begin_and_how_like_the_question_they_are(
    seeds_index, reader, monkeypatch
):
    told = []

    def read(question, passages, *, titles, sentences, cosines):
        told.extend(zip(passages, titles, sentences, cosines, strict=True))
        return Reader.read(reader, question, passages, titles=titles, sentences=sentences, cosines=cosines)

    monkeypatch.setattr(reader, "read", read)
    with Engine(seeds_index, reader=reader) as engine:
        engine.ask(KAKAR, passages=20)
        asked = engine._encoder.embed_question(KAKAR)
        for passage, title, begins, likeness in told:
            assert title == engine.source(passage.article_id).title
            bounds = [start for start, _ in sentences(engine.article(passage.article_id).text)]
            assert (begins + passage.start).tolist() == [b for b in bounds if passage.start <= b < passage.end]
            assert len(likeness) == len(begins)
        assert {p.text.startswith(title) for p, title, _, _ in told} == {True, False}
        passage, _, begins, likeness = told[0]
        assert likeness[-1] == pytest.approx(
            float(engine._encoder.embed_question(passage.text[begins[-1] :]) @ asked), abs=2e-3
        )


def test_an_index_whose_parts_count_differently_is_corrupt(seeds_copy, reader, monkeypatch):
    (file,) = (seeds_copy / "snapshots").glob("*/vectors.faiss")
    one_less = engines.Vectors(file).rows()[:-1]
    monkeypatch.setattr(engines, "Vectors", lambda _file: one_less)
    with pytest.raises(IndexCorrupt, match=r"holds \d+ passages, \d+ vectors and \d+ keyword documents; rebuild it"):
        Engine(seeds_copy, reader=reader).search("Who signed?")


def test_an_index_without_a_vector_for_each_sentence_is_corrupt(seeds_copy, reader, monkeypatch):
    monkeypatch.setattr(engines, "SentenceVectors", lambda _file: [])
    with pytest.raises(IndexCorrupt, match=r"holds \d+ sentences and 0 vectors of them; rebuild it"):
        Engine(seeds_copy, reader=reader).search("Who signed?")


def test_the_dense_score_is_the_mean_of_the_passages_cosine_and_its_best_sentences(engine):
    question = "What did the ministers agree on in Beijing?"
    encoder, titles = engine._encoder, {source.id: source.title for source, _ in engine.articles()}
    asked = encoder.embed_question(question)
    hits = engine.search(question, limit=100)
    assert len(hits) == engine.manifest["counts"]["passages"]
    for hit in hits:
        passage, article = hit.passage, engine.article(hit.passage.article_id)
        title = titles[article.id]
        head = "" if passage.text.startswith(title) else f"{title}. "
        within = [b for b in sentences(article.text) if passage.start <= b[0] and b[1] <= passage.end]
        best = max(encoder.embed_question(article.text[start:end]) @ asked for start, end in within)
        expected = (encoder.embed_question(head + passage.text) @ asked + best) / 2
        assert hit.dense.score == pytest.approx(expected, abs=2e-3)  # rows of half precision, two runtimes
    ranked = sorted(hits, key=lambda hit: hit.dense.rank)
    assert [hit.dense.rank for hit in ranked] == list(range(1, len(hits) + 1))
    assert [hit.dense.score for hit in ranked] == sorted((hit.dense.score for hit in hits), reverse=True)


def test_no_index_names_the_command_that_builds_one(tmp_path, reader):
    with pytest.raises(IndexMissing, match=r"there is no index in .*; build one with `askpkcn index PATH"):
        Engine(tmp_path, reader=reader)


def test_an_explicit_calibration_decides(seeds_index, reader):
    with Engine(seeds_index, calibration=ALWAYS, reader=reader) as always:
        assert always.ask("Who won the cricket world cup in 1992?").answered
    with Engine(seeds_index, calibration=replace(ALWAYS, threshold=1.0), reader=reader) as never:
        answer = never.ask(KAKAR)
    assert (answer.answered, answer.reason, len(answer.nearest)) == (False, Reason.BELOW_THRESHOLD, 3)


def test_an_engine_knows_that_it_is_outdated_and_opens_what_is_live(seeds_copy, tmp_path, encoder, reader):
    with Engine(seeds_copy, reader=reader) as old:
        assert not old.outdated()
        (tmp_path / "one.txt").write_text("A bridge.", encoding="utf-8")
        index.build([tmp_path / "one.txt"], seeds_copy, lambda: encoder)
        assert old.outdated()
        with old.reopen() as new:
            assert not new.outdated()
            assert [source.id for source, _ in new.articles()] == ["one.txt"]
            assert new.list_articles(Filters(), "", 5)[1] == 1
        (seeds_copy / "CURRENT").unlink()
        assert not old.outdated()  # there is nothing to change to
        assert old.outlets == ("The Diplomat",)


@pytest.mark.slow
def test_questions_asked_side_by_side_get_to_the_bit_what_each_gets_alone(engine):
    asked = [KAKAR, "Who won the cricket world cup in 1992?", "When did Khan visit China?"]
    alone = [engine.trace(question).candidates for question in asked]
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda question: engine.trace(question).candidates, 4 * asked))
    assert together == 4 * alone
