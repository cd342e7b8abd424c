"""Wires the parts: an opened index, the reader and the calibration, answering questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

from askpkcn.answerer import Answerer, Candidate
from askpkcn.calibration import Calibration
from askpkcn.catalogue import Catalogue
from askpkcn.encoder import QuestionEncoder, Rows
from askpkcn.errors import IndexCorrupt, QuestionError
from askpkcn.keywords import Keywords
from askpkcn.reader import Reader
from askpkcn.retriever import FusionSettings, Retriever, without_copies
from askpkcn.sentence_vectors import SentenceVectors
from askpkcn.snapshot import held, live_name, remedy
from askpkcn.text import normalise
from askpkcn.types import (
    MAX_GROUPS,
    PASSAGES_READ,
    Answer,
    Article,
    Extent,
    Filters,
    Hit,
    Passage,
    Ranked,
    Reason,
    Source,
    Span,
    Timings,
)
from askpkcn.unknown import title_of
from askpkcn.vectors import Vectors

MAX_QUESTION_CHARACTERS = 1_000
NO_FILTERS = Filters()
OUTLETS = 100


@dataclass(frozen=True, slots=True)
class Trace:
    """An answer with what it was made from.

    hits are in order of retrieval, ranked the same in the order of what was read in them, candidates the most probable
    first.
    """

    answer: Answer
    hits: tuple[Hit, ...]
    candidates: tuple[Candidate, ...]
    ranked: tuple[Hit, ...]


class StoredRankings:
    """The two rankings of one snapshot."""

    def __init__(self, catalogue: Catalogue, vectors: Vectors, sentences: SentenceVectors, keywords: Keywords) -> None:
        self._catalogue = catalogue
        self._vectors = vectors
        self._sentences = sentences
        self._keywords = keywords

    def dense(self, vector: Rows, filters: Filters, limit: int) -> list[Ranked]:
        """Rank by the passages' cosine similarity to the question's unit vector."""
        among = None if filters.empty else self._catalogue.numbers(filters)
        return self._vectors.nearest(vector, limit, among)

    def keyword(self, question: str, filters: Filters, limit: int) -> list[Ranked]:
        """Rank by BM25 for the question's words."""
        return self._keywords.best(question, limit, filters)

    def cosines(self, vector: Rows, passages: Sequence[int]) -> Rows:
        """Return the cosine of each passage and that of its best sentence, float32, shape (n, 2)."""
        whole = self._vectors.rows_at(np.asarray(passages, dtype=np.int64)) @ vector
        best = self._sentences.best(vector, self._catalogue.sentence_rows(passages))
        return np.stack([whole, best], axis=1)

    def sentence_cosines(self, vector: Rows, passages: Sequence[int]) -> list[Rows]:
        """Return the cosine of each sentence of each passage, float32, shape (n_sentences,)."""
        ranges = self._catalogue.sentence_rows(passages)
        return [self._sentences.rows_at(np.arange(low, high)) @ vector for low, high in ranges]


class Engine:
    """Answers questions from the live snapshot of an index; it keeps that snapshot until it is closed."""

    def __init__(
        self,
        index: Path,
        *,
        fusion: FusionSettings | None = None,
        calibration: Calibration | None = None,
        reader: Reader | None = None,
    ) -> None:
        """Open the live snapshot of an index. Raises IndexMissing, IndexMismatch, IndexCorrupt or ModelError.

        The models are loaded when they are first needed, or by `load`.
        """
        with ExitStack() as stack:
            snapshot = stack.enter_context(held(index))  # nobody drops it while it is asked
            self._catalogue = stack.enter_context(closing(Catalogue(snapshot.catalogue)))
            self._stack = stack.pop_all()
        self.snapshot = snapshot.name
        self.manifest = snapshot.manifest
        self._folder = index
        self._stored = snapshot
        self._fusion = fusion
        self._calibration = calibration or Calibration.load()
        self._given_reader = reader
        self._answerer = Answerer(self._calibration, self._catalogue)

    @cached_property
    def _reader(self) -> Reader:
        return self._given_reader or Reader()

    @cached_property
    def _encoder(self) -> QuestionEncoder:
        return QuestionEncoder(self._stored.encoder_folder)

    @cached_property
    def _rankings(self) -> StoredRankings:
        vectors, keywords = Vectors(self._stored.vectors), Keywords(self._stored.keywords)
        sentences, n_sentences = SentenceVectors(self._stored.sentences), self._catalogue.count_sentences()
        n_passages = self._catalogue.counts()[1]
        if not n_passages == len(vectors) == len(keywords):
            raise IndexCorrupt(
                f"{self._folder} holds {n_passages} passages, {len(vectors)} vectors and {len(keywords)} keyword "
                f"documents; {remedy(self._folder)}"
            )
        if n_sentences != len(sentences):
            raise IndexCorrupt(
                f"{self._folder} holds {n_sentences} sentences and {len(sentences)} vectors of them; "
                f"{remedy(self._folder)}"
            )
        return StoredRankings(self._catalogue, vectors, sentences, keywords)

    @cached_property
    def _retriever(self) -> Retriever:
        return Retriever(self._rankings, self._catalogue.passages, self._fusion)

    def load(self) -> None:
        """Load all models and rankings now, side by side, rather than with the first question."""
        if {"_reader", "_encoder", "_retriever"} <= self.__dict__.keys():
            return
        with ThreadPoolExecutor(2) as pool:
            reader = pool.submit(lambda: self._reader)
            encoder = pool.submit(lambda: self._encoder)
            _ = self._retriever
            reader.result(), encoder.result()

    def outdated(self) -> bool:
        """Tell whether another snapshot has gone live since this one was opened."""
        try:
            return live_name(self._folder) != self.snapshot
        except OSError:
            return False  # nothing that could take its place

    def reopen(self) -> Engine:
        """Open the snapshot that is live now, with the same reader, fusion and calibration. Raises as opening does."""
        return Engine(self._folder, fusion=self._fusion, calibration=self._calibration, reader=self._reader)

    @property
    def threshold(self) -> float:
        """The probability under which the answer is "not in these articles"."""
        return self._answerer.threshold

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the snapshot's files."""
        self._stack.close()

    def ask(
        self,
        question: str,
        filters: Filters = NO_FILTERS,
        *,
        max_groups: int = MAX_GROUPS,
        passages: int = PASSAGES_READ,
    ) -> Answer:
        """Answer a question from the best `passages` passages inside the filters. Raises QuestionError."""
        return self.trace(question, filters, max_groups=max_groups, passages=passages).answer

    def trace(
        self,
        question: str,
        filters: Filters = NO_FILTERS,
        *,
        max_groups: int = MAX_GROUPS,
        passages: int = PASSAGES_READ,
    ) -> Trace:
        """Answer a question as `ask` does, and keep what the answer was made from. Raises QuestionError."""
        asked = check_question(question)
        self.load()
        times = [perf_counter()]
        vector = self._encoder.embed_question(asked)
        times.append(perf_counter())
        hits = self._hits(asked, vector, filters, passages)
        times.append(perf_counter())
        spans = self._read(asked, vector, [hit.passage for hit in hits])
        times.append(perf_counter())
        decision = self._answerer.decide(asked, hits, spans, max_groups, lambda: self._nothing(filters))
        times.append(perf_counter())
        encode, retrieve, read, decide = (1000 * (after - before) for before, after in pairwise(times))
        answer = Answer(
            asked,
            decision.groups,
            decision.probability,
            decision.reason,
            decision.nearest,
            Timings(encode, retrieve, read, decide, 1000 * (times[-1] - times[0])),
            self.snapshot,
        )
        return Trace(answer, tuple(hits), decision.candidates, decision.ranked)

    def _hits(self, asked: str, vector: Rows, filters: Filters, passages: int) -> list[Hit]:
        """Return the best passages; what copies repeat gives its place to others."""
        if not self._has_stories:
            return self._retriever.retrieve(asked, vector, filters, passages)
        hits = self._retriever.retrieve(asked, vector, filters, max(self._retriever.depth, passages))
        return without_copies(hits, self._catalogue.story)[:passages]

    def _read(self, asked: str, vector: Rows, passages: Sequence[Passage]) -> list[Span | None]:
        sources = {name: self.source(name) for name in {passage.article_id for passage in passages}}
        return self._reader.read(
            asked,
            passages,
            titles=[title_of(source) if (source := sources[passage.article_id]) else "" for passage in passages],
            sentences=self._catalogue.sentences_within(passages),
            cosines=self._rankings.sentence_cosines(vector, [passage.number for passage in passages]),
        )

    @cached_property
    def _has_stories(self) -> bool:
        return self._catalogue.has_stories()

    def candidates(
        self, question: str, filters: Filters = NO_FILTERS, passages: int = PASSAGES_READ
    ) -> list[Candidate]:
        """Return all that the decision is made from, most probable first: what calibration is fitted to."""
        return list(self.trace(question, filters, passages=passages).candidates)

    def search(self, question: str, filters: Filters = NO_FILTERS, limit: int = 10) -> list[Hit]:
        """Return the best `limit` passages with their ranks, unread. Raises QuestionError."""
        asked = check_question(question)
        return self._retriever.retrieve(asked, self._encoder.embed_question(asked), filters, limit)

    def articles(self) -> Iterator[tuple[Source, int]]:
        """Yield every article with its number of passages, in order of id."""
        return self._catalogue.sources()

    def stories(self) -> Iterator[tuple[Source, ...]]:
        """Yield the articles of every story that has copies, earliest first."""
        return self._catalogue.stories()

    def undated(self, filters: Filters) -> int:
        """Return how many articles of the filters' outlets have no date, so that no range of dates holds them."""
        return self._catalogue.undated(filters.outlets)

    def list_articles(self, filters: Filters, after: str, limit: int) -> tuple[list[tuple[Source, int]], int]:
        """Return a page of the articles inside the filters, those after an id, and how many there are in all."""
        return self._catalogue.list_sources(filters, after, limit)

    @cached_property
    def outlets(self) -> tuple[str, ...]:
        """The outlets that people may choose from: those with most articles, in order of name."""
        return tuple(self._catalogue.outlets(OUTLETS))

    def article(self, article_id: str) -> Article | None:
        """Return a whole article, or None if there is no such article."""
        return self._catalogue.article(article_id)

    def sentence(self, article: Article, start: int, end: int) -> Extent:
        """Return the sentence or sentences of an article that hold [start, end)."""
        return self._catalogue.sentence_around(article, start, end)

    def source(self, article_id: str) -> Source | None:
        """Return what a citation needs of an article, or None if there is no such article."""
        return self._catalogue.source(article_id)

    def _nothing(self, filters: Filters) -> Reason:
        """Return why there are no hits, if there are none."""
        if filters.empty or self._catalogue.numbers(filters):
            return Reason.NOTHING_RETRIEVED
        return Reason.FILTERED_OUT


def check_question(question: str) -> str:
    """Return the question with its white space made plain. Raises QuestionError if it cannot be asked."""
    asked = " ".join(normalise(question).split())
    if not asked or not any(c.isalnum() for c in asked):
        raise QuestionError('the question is empty; ask one, such as "How many agreements did Kakar sign in China?"')
    if len(asked) > MAX_QUESTION_CHARACTERS:
        raise QuestionError(
            f"the question has {len(asked):,} characters, over the limit of {MAX_QUESTION_CHARACTERS:,}; shorten it"
        )
    return asked
