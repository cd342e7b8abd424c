"""The values that pass between the stages, one frozen type a stage.

All offsets are half-open ranges of Unicode code points into `Article.text`, which is normalised once,
before any offset exists.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

PASSAGES_READ = 10
"""How many of the best passages are looked at for a question, unless told otherwise: those worth it are read."""
MAX_GROUPS = 5
"""How many differing answers are shown, unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a citation needs of an article."""

    id: str
    title: str
    outlet: str | None
    author: str | None
    published: date | None
    url: str | None


@dataclass(frozen=True, slots=True)
class Article:
    """An article: its source and its whole text, title and byline included; sha256 is that of the text in UTF-8.

    `pages` tells where each page of the file begins in the text, if it has pages: the first begins at 0.
    """

    source: Source
    text: str
    sha256: str
    pages: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """The path within the folder that was indexed, stable across rebuilds."""
        return self.source.id

    def page(self, start: int) -> int | None:
        """Return the number, from 1, of the page that an offset stands on, or None if there are no pages."""
        return bisect_right(self.pages, start) or None


@dataclass(frozen=True, slots=True)
class Extent:
    """A piece of text with its place in its article."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Whole sentences of one article; `text` is `article.text[start:end]`. `number` counts from 0 in the index."""

    number: int
    article_id: str
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Ranked:
    """One row of a ranking: a passage's number and its score there, the higher the better."""

    passage: int
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ranking put a passage: rank counts from 1; the score's unit is the ranking's own."""

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A retrieved passage: its fused score and its place in each ranking that has it.

    The dense score is the mean of two cosines, the passage's and its best sentence's; the keyword score is BM25.
    """

    passage: Passage
    score: float
    dense: Place | None
    keyword: Place | None


@dataclass(frozen=True, slots=True)
class Span:
    """The reader's best span of a passage, in article offsets; scores are sums of two logits, or means of two such."""

    passage: Passage
    start: int
    end: int
    score: float
    null_score: float

    @property
    def margin(self) -> float:
        """How much the reader prefers the span to "no answer here"."""
        return self.score - self.null_score


@dataclass(frozen=True, slots=True)
class Quote:
    """A verbatim piece of an article, with the sentence it stands in.

    `page` counts from 1 in a file that has pages. `copies` are the articles that tell the same story in nearly the
    same words, earliest first: they are no second source.
    """

    source: Source
    text: str
    start: int
    end: int
    sentence: Extent
    probability: float
    page: int | None = None
    copies: tuple[Source, ...] = ()

    def check(self, article: Article) -> None:
        """Raise ValueError unless quote and sentence stand in the article exactly at their offsets."""
        if article.id != self.source.id:
            raise ValueError(f"quote of {self.source.id!r} checked against article {article.id!r}")
        for piece in (Extent(self.text, self.start, self.end), self.sentence):
            found = article.text[piece.start : piece.end]
            if found != piece.text or not piece.text or piece.start < 0:
                raise ValueError(
                    f"{article.id}[{piece.start}:{piece.end}] holds {found!r}, but the quote says {piece.text!r}"
                )
        if not self.sentence.start <= self.start < self.end <= self.sentence.end:
            raise ValueError(f"{article.id}: quote [{self.start}:{self.end}] is outside its sentence")


def earliest(source: Source) -> tuple[date, str]:
    """Order articles by publication, those without a date last."""
    return source.published or date.max, source.id


def other_outlets(quote: Quote) -> set[str]:
    """Return the outlets of a quote's copies that are not its own, in small letters."""
    named = {each.outlet.casefold() for each in quote.copies if each.outlet}
    return named - {(quote.source.outlet or "").casefold()}


@dataclass(frozen=True, slots=True)
class Group:
    """Quotes that say the same; `text` is the best one's, `probability` that of the group."""

    text: str
    probability: float
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """A passage that came close to a question; it is not an answer."""

    source: Source
    text: str
    start: int
    end: int


class Reason(StrEnum):
    """Why there is no answer."""

    NOTHING_RETRIEVED = "nothing_retrieved"
    FILTERED_OUT = "filtered_out"
    BELOW_THRESHOLD = "below_threshold"


@dataclass(frozen=True, slots=True)
class Timings:
    """Wall time of the stages of one question, in milliseconds; decide is from the spans to the answer."""

    encode: float
    retrieve: float
    read: float
    decide: float
    total: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Groups of agreeing quotes, best first; or none, and the reason. `probability` is the best candidate's."""

    question: str
    groups: tuple[Group, ...]
    probability: float
    reason: Reason | None
    nearest: tuple[Near, ...]
    timings: Timings
    snapshot: str

    @property
    def answered(self) -> bool:
        """Whether the articles tell."""
        return self.reason is None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which articles may answer: all conditions hold at once; an undated article is outside any date range."""

    outlets: tuple[str, ...] = ()
    first: date | None = None
    last: date | None = None

    @property
    def empty(self) -> bool:
        """Whether every article passes."""
        return not self.outlets and self.first is None and self.last is None
