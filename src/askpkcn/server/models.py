"""What requests must look like, and what responses look like: the schema's shapes, for OpenAPI."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from askpkcn.engine import MAX_QUESTION_CHARACTERS
from askpkcn.errors import QuestionError
from askpkcn.server.settings import MAX_BATCH
from askpkcn.text import normalise
from askpkcn.types import MAX_GROUPS, PASSAGES_READ
from askpkcn.types import Filters as EngineFilters

MAX_PASSAGES = 50
MAX_SHOWN = 50


def _only_iso(value: object) -> object:
    if value is None or (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return value
    raise ValueError("write a date as YYYY-MM-DD")


Day = Annotated[date, BeforeValidator(_only_iso)]
OutletName = Annotated[str, Field(min_length=1, max_length=200)]
QuestionText = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_QUESTION_CHARACTERS,
        description="A question; it must hold a letter or a digit.",
        examples=["How many agreements did Kakar sign in China?"],
    ),
]
Groups = Annotated[int, Field(ge=1, le=MAX_SHOWN, description="Show at most so many differing answers.")]
Passages = Annotated[int, Field(ge=1, le=MAX_PASSAGES, description="Look at so many of the best passages.")]
Limit = Annotated[int, Field(ge=1, le=200, description="Show so many.")]


class Request(BaseModel):
    """A body; what it does not know it refuses."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Filters(Request):
    """Which articles may answer; all conditions hold at once."""

    outlet: Annotated[list[OutletName], Field(max_length=50, description="Only these outlets, in any case.")] = []
    first: Annotated[Day | None, Field(alias="from", description="Published on or after.")] = None
    last: Annotated[Day | None, Field(alias="to", description="Published on or before.")] = None

    def domain(self) -> EngineFilters:
        """Return them as the engine takes them. Raises QuestionError if the dates are in the wrong order."""
        return filters(self.outlet, self.first, self.last)


def filters(outlet: list[str], first: date | None, last: date | None) -> EngineFilters:
    """Return filters as the engine takes them. Raises QuestionError if the dates are in the wrong order."""
    if first and last and first > last:
        raise QuestionError(f"from {first} is after to {last}; swap them")
    return EngineFilters(tuple(map(normalise, outlet)), first, last)


class AskRequest(Request):
    """One question."""

    question: QuestionText
    filters: Filters = Filters()
    max_groups: Annotated[Groups, Field(strict=True)] = MAX_GROUPS
    passages: Annotated[Passages, Field(strict=True)] = PASSAGES_READ


class BatchRequest(Request):
    """Several questions, with the same filters."""

    questions: Annotated[list[QuestionText], Field(min_length=1, max_length=MAX_BATCH)]
    filters: Filters = Filters()
    max_groups: Annotated[Groups, Field(strict=True)] = MAX_GROUPS
    passages: Annotated[Passages, Field(strict=True)] = PASSAGES_READ


class SearchRequest(Request):
    """Words or a question."""

    question: QuestionText
    filters: Filters = Filters()
    limit: Annotated[Limit, Field(strict=True)] = 10


class Place(BaseModel):
    """A half-open range of an article's text, counted twice."""

    start: Annotated[int, Field(ge=0, description="In Unicode code points.")]
    end: Annotated[int, Field(ge=0, description="In Unicode code points.")]
    start_utf16: Annotated[int, Field(ge=0, description="In UTF-16 units, as JavaScript and Java count.")]
    end_utf16: Annotated[int, Field(ge=0, description="In UTF-16 units, as JavaScript and Java count.")]


Probability = Annotated[float, Field(ge=0, le=1)]


class Source(BaseModel):
    """What a citation needs of an article; null is unknown."""

    id: str
    title: str
    outlet: str | None
    author: str | None
    published: date | None
    url: str | None


class Piece(Place):
    """A piece of an article."""

    text: str


class Story(BaseModel):
    """Where else a quote's story stands in nearly the same words; none of these is a second source."""

    outlets: Annotated[int, Field(ge=0, description="How many other outlets.")]
    earliest: Source
    articles: list[Source]


class Quote(Piece):
    """A verbatim piece of an article, with the sentence it stands in."""

    article: Source
    page: Annotated[int | None, Field(ge=1, description="In a file that has pages, from 1.")]
    probability: Probability
    sentence: Piece
    story: Story | None


class Group(BaseModel):
    """Quotes that agree, best first."""

    text: str
    probability: Probability
    quotes: list[Quote]


class Near(Piece):
    """A passage that came close; it is not an answer."""

    article: Source


class TimingsMs(BaseModel):
    """Wall time of the stages, in milliseconds."""

    encode: float
    retrieve: float
    read: float
    decide: float
    total: float


class Answer(BaseModel):
    """Groups of agreeing quotes, best first; or none, and the reason."""

    question: str
    answered: bool
    probability: Probability
    reason: Literal["nothing_retrieved", "filtered_out", "below_threshold"] | None
    groups: list[Group]
    nearest: list[Near]
    timings_ms: TimingsMs
    snapshot: str


class BatchAnswer(BaseModel):
    """The answers in the order of the questions, all from one snapshot."""

    answers: list[Answer]
    snapshot: str


class Rank(BaseModel):
    """Where a ranking put a passage; rank counts from 1."""

    rank: int
    score: float


class Hit(Piece):
    """A retrieved passage with its places in both rankings."""

    article: Source
    score: float
    dense: Rank | None
    keyword: Rank | None


class SearchAnswer(BaseModel):
    """Passages, best fused score first."""

    question: str
    hits: list[Hit]
    snapshot: str


class Listed(Source):
    """An article of the index."""

    passages: int


class ArticleList(BaseModel):
    """A page of the articles, by id; `next` is what `after` must be for the next page, null on the last."""

    articles: list[Listed]
    total: int
    next: str | None
    snapshot: str


class ArticleText(BaseModel):
    """A whole article, and the piece of it that was asked for."""

    article: Source
    text: str
    sha256: str
    quote: Piece | None
    snapshot: str


class Health(BaseModel):
    """Whether the service lives and can answer."""

    status: Literal["ok"]
    snapshot: str
    waiting: int


class Alive(BaseModel):
    """The process answers."""

    status: Literal["ok"]


class ProblemBody(BaseModel):
    """RFC 9457: `type` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[dict[str, str]] | None = None
