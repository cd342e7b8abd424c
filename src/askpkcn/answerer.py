"""Spans to an Answer: a probability for each, a decision, and groups of quotes that agree."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from askpkcn import agreement, evidence, expected
from askpkcn.calibration import Calibration, features
from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.stories import retells
from askpkcn.types import Article, Extent, Group, Hit, Near, Quote, Reason, Source, Span

NEAREST = 3


class Library(Protocol):
    """What the answerer asks of the catalogue."""

    def article(self, article_id: str) -> Article | None:
        """Return a whole article."""

    def sentence_around(self, article: Article, start: int, end: int) -> Extent:
        """Return the sentence or sentences that hold [start, end)."""

    def story(self, article_id: str) -> str | None:
        """Return the name of an article's story, or None if it has no edited copy."""

    def copies(self, article_id: str) -> tuple[Source, ...]:
        """Return the articles that tell the same story in nearly the same words, earliest first."""

    def teller(self, article_id: str) -> Article | None:
        """Return a whole article, or that with the same text if it is kept as the repetition of one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span with all that its probability was made of."""

    hit: Hit
    span: Span
    article: Article
    sentence: Extent
    values: dict[str, float]
    probability: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What the articles say: groups, or the reason for none, the best probability, and near passages.

    candidates is all that was decided from, most probable first; ranked is the hits in the order of what was read in
    them, those last that mark a place which another marks, too, or none.
    """

    groups: tuple[Group, ...]
    probability: float
    reason: Reason | None
    nearest: tuple[Near, ...]
    candidates: tuple[Candidate, ...]
    ranked: tuple[Hit, ...]


class Answerer:
    """Decides and groups, by a calibration."""

    def __init__(self, calibration: Calibration, library: Library) -> None:
        self._calibration = calibration
        self._library = library

    @property
    def threshold(self) -> float:
        """The probability under which a candidate is no answer."""
        return self._calibration.threshold

    def _candidates(self, question: str, hits: Sequence[Hit], spans: Sequence[Span | None]) -> list[Candidate]:
        """Return one candidate for each span, most probable first."""
        terms = evidence.question_terms(question)
        best = max((span.margin for span in spans if span), default=0.0)
        articles: dict[str, Article] = {}
        made = []
        for hit, span in zip(hits, spans, strict=True):
            if span is None:
                continue
            article = articles.get(hit.passage.article_id) or self._article(hit.passage.article_id)
            articles[article.id] = article
            sentence = self._library.sentence_around(article, span.start, span.end)
            near = self._neighbourhood(article, sentence)
            form = expected.fits(question, article.text[span.start : span.end])
            weighed = evidence.weigh(terms, near, hit.passage.text, article.text)
            values = features(hit, span, best, form, weighed)
            made.append(Candidate(hit, span, article, sentence, values, self._calibration.probability(values)))
        made.sort(key=lambda c: (-c.probability, -c.span.margin, c.article.id, c.span.start))
        return made

    def decide(
        self,
        question: str,
        hits: Sequence[Hit],
        spans: Sequence[Span | None],
        max_groups: int,
        nothing: Callable[[], Reason],
    ) -> Decision:
        """Return the answer; `nothing` tells the reason where there are no hits. Every quote is checked."""
        if not hits:
            return Decision((), 0.0, nothing(), (), (), ())
        marked = self._candidates(question, hits, spans)
        found = _without_overlaps(marked)
        order = tuple({hit.passage.number: hit for hit in (*(c.hit for c in (*found, *marked)), *hits)}.values())
        probability = found[0].probability if found else 0.0
        sure = [c for c in found if c.probability >= self._calibration.threshold]
        if not sure:
            return Decision((), probability, Reason.BELOW_THRESHOLD, self._nearest(order), tuple(found), order)
        return Decision(tuple(self._groups(sure, max_groups)), probability, None, (), tuple(found), order)

    def _groups(self, candidates: Sequence[Candidate], most: int) -> list[Group]:
        """Return groups of candidates that agree, each with one quote a story: a copy is no second source."""
        made = []
        for members in agreement.group([c.article.text[c.span.start : c.span.end] for c in candidates])[:most]:
            speaks: dict[str, str] = {}  # for a story, the article whose quotes are shown
            quotes = []
            for one in (candidates[i] for i in members):
                story = self._library.story(one.article.id) or one.article.id
                if speaks.setdefault(story, one.article.id) == one.article.id:
                    copies = self._library.copies(one.article.id)
                    quotes.append(_quote(one, tuple(copy for copy in copies if self._tells(copy, one))))
            made.append(Group(quotes[0].text, quotes[0].probability, tuple(quotes)))
        return made

    def _tells(self, copy: Source, candidate: Candidate) -> bool:
        """Tell whether a copy has the candidate's span in the same sentence: a copy with another figure disagrees."""
        article = self._library.teller(copy.id)
        if article is None:
            return False
        quote = re.escape(candidate.article.text[candidate.span.start : candidate.span.end])
        return any(
            retells(candidate.sentence.text, self._library.sentence_around(article, *found.span()).text)
            for found in re.finditer(rf"(?<!\w){quote}(?!\w)", article.text)
        )

    def _article(self, article_id: str) -> Article:
        article = self._library.article(article_id)
        if article is None:
            raise IndexCorrupt(f"a passage names article {article_id!r}, which the catalogue lacks; {REBUILD}")
        return article

    def _neighbourhood(self, article: Article, sentence: Extent) -> str:
        """Return the sentence with the one before and the one after it."""
        low, high = sentence.start, sentence.end
        before = article.text[:low].rstrip()
        after = len(article.text) - len(article.text[high:].lstrip())
        if before:
            low = self._library.sentence_around(article, len(before) - 1, len(before)).start
        if after < len(article.text):
            high = self._library.sentence_around(article, after, after + 1).end
        return article.text[low:high]

    def _nearest(self, ranked: Sequence[Hit]) -> tuple[Near, ...]:
        """Return the first passages: not answers, but where to read on."""
        passages = [hit.passage for hit in ranked[:NEAREST]]
        return tuple(Near(self._article(p.article_id).source, p.text, p.start, p.end) for p in passages)


def _without_overlaps(candidates: Sequence[Candidate]) -> list[Candidate]:
    """Keep the most probable of candidates that overlap in an article; passages share sentences."""
    kept: list[Candidate] = []
    for one in candidates:
        if not any(
            one.article.id == other.article.id and one.span.start < other.span.end and other.span.start < one.span.end
            for other in kept
        ):
            kept.append(one)
    return kept


def _quote(candidate: Candidate, copies: tuple[Source, ...]) -> Quote:
    article, (start, end) = candidate.article, (candidate.span.start, candidate.span.end)
    text, page = article.text[start:end], article.page(start)
    quote = Quote(article.source, text, start, end, candidate.sentence, candidate.probability, page, copies)
    quote.check(article)
    return quote
