"""The page's labelling, where the service was started with `--label FILE`."""

from __future__ import annotations

from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from askpkcn.engine import check_question
from askpkcn.errors import QuestionError
from askpkcn.server import page, problems
from askpkcn.server.api import service_of
from askpkcn.server.labels import Labels
from askpkcn.server.problems import Problem
from askpkcn.text import normalise
from askpkcn.types import Article

router = APIRouter(include_in_schema=False)


@router.post("/label")
async def label(request: Request) -> Response:
    """Keep what a person marked, and show the question again."""
    labels: Labels | None = request.app.state.labels
    if labels is None:
        raise Problem(problems.NOT_FOUND, "labelling is off; start the service with --label FILE")
    body = (await request.body()).decode("utf-8", "replace")
    form = {name: values[0] for name, values in parse_qs(body, max_num_fields=20).items()}
    question = check_question(form.get("q", ""))
    within = page.within(form)
    right = None if form.get("none") else _right(request, form)
    try:
        await run_in_threadpool(labels.add, question, within, right)
    except OSError as error:
        raise Problem(problems.NOT_KEPT, f"nothing was changed ({error.strerror or type(error).__name__})") from error
    back = {name: form[name] for name in ("q", "outlet", "from", "to") if form.get(name)}
    return RedirectResponse(f"/?{urlencode({**back, 'labelled': 'yes'})}", status_code=303)


def _right(request: Request, form: dict[str, str]) -> tuple[Article, int, int]:
    """Return the marked piece; a browser counts in UTF-16 units. Raises Problem or QuestionError if it is none."""
    with service_of(request).live.use() as engine:
        article = engine.article(normalise(form.get("article", "")))
    if article is None:
        raise Problem(problems.NO_ARTICLE, "It may have been renamed or taken out since.")
    if "start_utf16" in form:
        units = article.text.encode("utf-16-le")
        low, high = (page.number(form.get(name)) or 0 for name in ("start_utf16", "end_utf16"))
        start, end = (len(units[: 2 * place].decode("utf-16-le", "ignore")) for place in (low, high))
    else:
        start, end = (page.number(form.get(name)) or 0 for name in ("start", "end"))
    if normalise(article.text[start:end]) != normalise(form.get("text", "")):
        raise QuestionError("the article was indexed anew since; mark the answer again")
    marked = article.text[start:end]
    return article, start + len(marked) - len(marked.lstrip()), end - len(marked) + len(marked.rstrip())
