"""The API under /v1: what `askpkcn ask`, `search`, `articles` and `show` give, over HTTP."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from askpkcn import schema
from askpkcn.errors import QuestionError
from askpkcn.server import models, problems
from askpkcn.server.models import Day, Groups, Limit, OutletName, Passages, QuestionText
from askpkcn.server.problems import Kind, Problem
from askpkcn.server.service import Service
from askpkcn.text import normalise
from askpkcn.types import MAX_GROUPS, PASSAGES_READ

Json = dict[str, Any]
Outlets = Annotated[list[OutletName], Query(max_length=50, description="Only these outlets, in any case; repeatable.")]
From = Annotated[Day | None, Query(alias="from", description="Published on or after (YYYY-MM-DD).")]
To = Annotated[Day | None, Query(alias="to", description="Published on or before (YYYY-MM-DD).")]
Offset = Annotated[int | None, Query(ge=0, description="In Unicode code points.")]


ANYWHERE = (problems.UNAUTHORIZED, problems.CROSS_SITE, problems.WRONG_HOST, problems.INTERNAL)


def responses(*kinds: Kind) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI tells of the problems that a route may end with."""
    told: dict[int | str, dict[str, Any]] = {}
    for kind in (*kinds, *ANYWHERE):
        before = f"{told[kind.status]['description']}; or: " if kind.status in told else ""
        told[kind.status] = {"model": models.ProblemBody, "description": before + kind.title}
    return told


ASKING = responses(
    problems.MALFORMED,
    problems.INVALID,
    problems.TOO_SLOW,
    problems.TOO_LARGE,
    problems.RATE,
    problems.QUEUE_FULL,
    problems.OF_ERRORS[QuestionError],
    problems.DEADLINE,
)
READING = responses(problems.INVALID, problems.OF_ERRORS[QuestionError])

router = APIRouter(prefix="/v1")


def service_of(request: Request) -> Service:
    """Return the service behind the app that was asked."""
    found: Service = request.app.state.service
    return found


@router.post("/ask", response_model=models.Answer, responses=ASKING, tags=["questions"])
async def ask(request: Request, body: models.AskRequest) -> Json:
    """Answer a question with verbatim quotes, or say that the articles don't tell."""
    (answer,) = await service_of(request).ask(
        request, [body.question], body.filters.domain(), body.max_groups, body.passages
    )
    return answer


@router.get("/ask", response_model=models.Answer, responses=ASKING, tags=["questions"])
async def ask_by_link(
    request: Request,
    q: Annotated[QuestionText, Query()],
    outlet: Outlets = [],  # noqa: B006 - FastAPI copies it
    first: From = None,
    last: To = None,
    max_groups: Annotated[Groups, Query()] = MAX_GROUPS,
    passages: Annotated[Passages, Query()] = PASSAGES_READ,
) -> Json:
    """Answer a question that stands in the address."""
    within = models.filters(outlet, first, last)
    (answer,) = await service_of(request).ask(request, [q], within, max_groups, passages)
    return answer


@router.post("/ask/batch", response_model=models.BatchAnswer, responses=ASKING, tags=["questions"])
async def ask_batch(request: Request, body: models.BatchRequest) -> Json:
    """Answer several questions from one snapshot; each has a deadline of its own."""
    answers = await service_of(request).ask(
        request, body.questions, body.filters.domain(), body.max_groups, body.passages
    )
    return {"answers": answers, "snapshot": answers[0]["snapshot"]}


@router.post("/search", response_model=models.SearchAnswer, responses=ASKING, tags=["questions"])
async def search(request: Request, body: models.SearchRequest) -> Json:
    """Find passages, with their rank in both rankings."""
    return await service_of(request).search(request, body.question, body.filters.domain(), body.limit)


@router.get("/articles", response_model=models.ArticleList, responses=READING, tags=["articles"])
def articles(
    request: Request,
    outlet: Outlets = [],  # noqa: B006
    first: From = None,
    last: To = None,
    after: Annotated[str, Query(max_length=4096, description="The `next` of the page before.")] = "",
    limit: Annotated[Limit, Query()] = 50,
) -> Json:
    """List the articles, by id, a page at a time."""
    within = models.filters(outlet, first, last)
    with service_of(request).live.use() as engine:
        rows, total = engine.list_articles(within, after, limit + 1)
        shown = rows[:limit]
        return {
            "articles": [{**schema.source(source), "passages": count} for source, count in shown],
            "total": total,
            "next": shown[-1][0].id if len(rows) > limit else None,
            "snapshot": engine.snapshot,
        }


@router.get(
    "/articles/{id:path}",
    response_model=models.ArticleText,
    responses={**READING, **responses(problems.NO_ARTICLE)},
    tags=["articles"],
)
def article(request: Request, id: str, start: Offset = None, end: Offset = None) -> Json:
    """Give a whole article, and with `start` and `end` the piece of it that stands there."""
    with service_of(request).live.use() as engine:
        found = engine.article(normalise(id))
        if found is None:
            raise Problem(problems.NO_ARTICLE, "GET /v1/articles lists those there are")
        return {**schema.article(found, piece(start, end, len(found.text))), "snapshot": engine.snapshot}


def piece(start: int | None, end: int | None, length: int) -> tuple[int, int] | None:
    """Return a range of an article, if one was asked for. Raises QuestionError if it is none."""
    if start is None and end is None:
        return None
    if start is None or end is None or not start < end <= length:
        raise QuestionError(f"start and end are no range of the article, which has {length:,} characters")
    return start, end
