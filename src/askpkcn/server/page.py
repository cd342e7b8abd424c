"""The page for people: rendered here, readable without scripts; everything from an article is text, never markup."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from askpkcn import schema
from askpkcn.engine import MAX_QUESTION_CHARACTERS
from askpkcn.errors import QuestionError
from askpkcn.server import api, problems
from askpkcn.server.api import service_of
from askpkcn.server.models import filters
from askpkcn.server.problems import Problem
from askpkcn.text import normalise
from askpkcn.types import MAX_GROUPS, PASSAGES_READ, Filters

Json = dict[str, Any]
EXAMPLES = (
    "How many agreements did Kakar sign in China?",
    "In what year did Pakistan and China establish relations?",
    "Who won the cricket world cup in 1992?",
)
WORDS = ((0.9, "very likely"), (0.7, "likely"), (0.5, "more likely than not"), (0.0, "uncertain"))
REASONS = {
    "nothing_retrieved": "No passage shares a word or a meaning with the question.",
    "filtered_out": "The filters leave no article.",
    "below_threshold": "The best candidate is too unlikely to be the answer.",
}
FRAGMENT_WORDS = 5

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request) -> Response:
    """Show the question box, and the answer if there is a question."""
    asked = _asked(request)
    answer = None
    if asked["q"]:
        (answer,) = await service_of(request).ask(request, [asked["q"]], within(asked), MAX_GROUPS, PASSAGES_READ)
    labelled = "labelled" in request.query_params
    return _render(
        "home.html",
        request,
        asked=asked,
        answer=answer,
        examples=EXAMPLES,
        outlets=_outlets(request),
        labelled=labelled,
    )


@router.api_route("/articles/{id:path}", methods=["GET", "HEAD"])
def article(request: Request, id: str) -> Response:
    """Show an article, with a quote marked if its offsets are given."""
    given = request.query_params
    with service_of(request).live.use() as engine:
        found = engine.article(normalise(id))
        snapshot = engine.snapshot
    if found is None:
        raise Problem(problems.NO_ARTICLE, "It may have been renamed or taken out since.")
    place = api.piece(number(given.get("start")), number(given.get("end")), len(found.text))
    low, high = place or (0, 0)
    return _render(
        "article.html",
        request,
        source=schema.source(found.source),
        before=found.text[:low],
        marked=found.text[low:high],
        after=found.text[high:],
        place=place,
        changed=given.get("snapshot", snapshot) != snapshot,
        original=_web(found.source.url),
        asked=_asked(request),
    )


@router.api_route("/docs", methods=["GET", "HEAD"])
def docs(request: Request) -> Response:
    """Show what the API takes and gives."""
    document = request.app.openapi()
    return _render("docs.html", request, document=document, kinds=[*problems.OF_ERRORS.values(), *problems.OTHERS])


def wanted(request: Request) -> bool:
    """Tell whether a request came from the page rather than from a program."""
    path = request.url.path
    programs = path.startswith(("/v1/", "/static/")) or path in ("/healthz", "/readyz", "/metrics", "/openapi.json")
    return not programs and "text/html" in request.headers.get("accept", "")


def problem(request: Request, found: Problem) -> Response:
    """Show what went wrong, with the question kept in the box."""
    response = _render("problem.html", request, asked=_asked(request), problem=found, outlets=())
    response.status_code = found.kind.status
    response.headers.update(found.headers)
    return response


def likely(probability: float) -> str:
    """Return a probability in words."""
    return next(word for least, word in WORDS if probability >= least)


def original_link(url: str | None, sentence: str) -> str | None:
    """Return a link to an article's own page that scrolls to a sentence, where the article has such a page."""
    web = _web(url)
    if web is None:
        return None
    words = sentence.split()
    ends = [words] if len(words) <= 2 * FRAGMENT_WORDS else [words[:FRAGMENT_WORDS], words[-FRAGMENT_WORDS:]]
    directive = ",".join(quote(" ".join(end), safe="").replace("-", "%2D") for end in ends)
    return f"{web}{'' if '#' in web else '#'}:~:text={directive}"


def article_link(quoted: Json, snapshot: str, asked: dict[str, str]) -> str:
    """Return a link to the article view that scrolls to a quote or a passage; `asked` goes with it, for labelling."""
    place = urlencode({"start": quoted["start"], "end": quoted["end"], "snapshot": snapshot, **asked})
    return f"/articles/{quote(quoted['article']['id'])}?{place}#quote"


def citation(quoted: Json) -> str:
    """Return a quote with its source, as it is copied."""
    source = quoted["article"]
    author = f"by {source['author']}" if source["author"] else None
    facts = (source["title"], author, source["outlet"], source["published"] or "date unknown", source["url"])
    told = ", ".join(fact for fact in facts if fact)
    page = f" page {quoted['page']}" if quoted["page"] else ""
    place = f"{source['id']}{page} [{quoted['start']}:{quoted['end']}]"
    return normalise(f"“{quoted['sentence']['text']}” — {told} ({place})")


def cut(quoted: Json) -> tuple[str, str, str]:
    """Return a quote's sentence in three: before the quote, the quote, after it."""
    sentence = quoted["sentence"]
    low, high = quoted["start"] - sentence["start"], quoted["end"] - sentence["start"]
    return sentence["text"][:low], sentence["text"][low:high], sentence["text"][high:]


def _asked(request: Request) -> dict[str, str]:
    """Return what stands in the form; a blank field is none."""
    return {name: request.query_params.get(name, "").strip() for name in ("q", "outlet", "from", "to")}


def _outlets(request: Request) -> tuple[str, ...]:
    with service_of(request).live.use() as engine:
        return engine.outlets


def within(asked: dict[str, str]) -> Filters:
    """Return the filters that stand in a form. Raises QuestionError if a date is none."""
    days = []
    for name in ("from", "to"):
        try:
            days.append(date.fromisoformat(asked[name]) if asked.get(name) else None)
        except ValueError as error:
            raise QuestionError(f"{name} is no date; write YYYY-MM-DD") from error
    outlet = asked.get("outlet")
    return filters([outlet] if outlet else [], *days)


def number(text: str | None) -> int | None:
    """Return a whole number that stands in a link or a form. Raises QuestionError if it is none."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise QuestionError("start and end are numbers of characters")
    return int(text)


def _web(url: str | None) -> str | None:
    """Return an address that a browser may open, or None: an article may say `javascript:` is its address."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.netloc else None


@cache
def _templates() -> Environment:
    folder = FileSystemLoader(Path(__file__).parent / "templates")
    made = Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters["plain"] = normalise
    made.globals.update(
        likely=likely,
        original_link=original_link,
        article_link=article_link,
        citation=citation,
        cut=cut,
        reasons=REASONS,
        longest=MAX_QUESTION_CHARACTERS,
    )
    return made


def _render(template: str, request: Request, **values: object) -> Response:
    html = _templates().get_template(template).render(labelling=request.app.state.labels is not None, **values)
    return Response(html, media_type="text/html; charset=utf-8")
