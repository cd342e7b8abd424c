"""One row a question: what was asked, what the engine found and gave, and how each measure scores it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from askpkcn import schema
from askpkcn.engine import Engine, Trace
from askpkcn.errors import EvaluationError
from askpkcn.evaluation import ranking
from askpkcn.evaluation.measures import exact_match, f1, hold_one_another, sides
from askpkcn.evaluation.questions import Gold, Question, rows
from askpkcn.types import PASSAGES_READ, Article

Row = dict[str, Any]
ArticleOf = Callable[[str], Article | None]
Report = Callable[[int], None]
"""Called with the number of questions done."""

RIGHT, NOT_RETRIEVED, MISREAD, ABSTAINED, ANSWERED_ANYWAY = STAGES = (
    "right",
    "not retrieved",
    "misread",
    "abstained",
    "should have abstained",
)
WARM_UP = 3
FIRST_STAGE = (*(f"first_stage_success_at_{k}" for k in ranking.CUTOFFS), "first_stage_mrr_at_10")
NEEDED = {"id", "question", "split", "answerable", "answers", "answer", "stage", "values"}
"""What comparing needs of a row."""


def ask(
    engine: Engine, questions: Sequence[Question], *, passages: int = PASSAGES_READ, report: Report = lambda _: None
) -> list[Row]:
    """Ask every question and return its row, in order; the first few are asked once before, to warm up."""
    for question in questions[:WARM_UP]:
        engine.trace(question.text, question.filters, passages=passages)
    articles: dict[str, Article | None] = {}

    def article(article_id: str) -> Article | None:
        if article_id not in articles:
            articles[article_id] = engine.article(article_id)
        return articles[article_id]

    made = []
    for number, question in enumerate(questions, 1):
        trace = engine.trace(question.text, question.filters, passages=passages)
        made.append(_row(question, trace, engine, article))
        report(number)
    found = ranking.values({row["id"]: (row["gold"], row["hits"]) for row in made if row["gold"]})
    unread = ranking.values({row["id"]: (row["gold"], _retrieved(row)) for row in made if row["gold"]})
    for row in made:
        row["values"].update(found.get(row["id"], {}))
        first = {f"first_stage_{name}": value for name, value in unread.get(row["id"], {}).items()}
        row["values"].update({name: value for name, value in first.items() if name in FIRST_STAGE})
        row["stage"] = stage(row)
    return made


def _row(question: Question, trace: Trace, engine: Engine, article: ArticleOf) -> Row:
    answer = schema.answer(trace.answer, article)
    first = trace.candidates[0] if trace.candidates else None
    best = None
    if first:
        text = first.article.text[first.span.start : first.span.end]
        best = {
            "article": first.article.id,
            "text": text,
            "start": first.span.start,
            "end": first.span.end,
            "probability": round(first.probability, 6),
            "sentence": {"text": first.sentence.text, "start": first.sentence.start, "end": first.sentence.end},
        }
    places = {hit.passage.number: place for place, hit in enumerate(trace.hits, 1)}
    return {
        "id": question.id,
        "question": question.text,
        "split": question.split,
        "kind": question.kind,
        "wording": question.wording,
        "category": question.category,
        "filters": {
            "outlet": list(question.filters.outlets),
            "from": question.filters.first.isoformat() if question.filters.first else None,
            "to": question.filters.last.isoformat() if question.filters.last else None,
        },
        "answerable": question.answerable,
        "answers": list(question.answers),
        "gold": [_gold(gold, article(gold.article), engine) for gold in question.golds],
        "answer": answer,
        "best": best,
        "hits": [
            {
                "article": h.passage.article_id,
                "start": h.passage.start,
                "end": h.passage.end,
                "score": h.score,
                "retrieved": places[h.passage.number],
            }
            for h in trace.ranked
        ],
        "stage": "",
        "values": _values(question, answer, best, article),
    }


def _retrieved(row: Row) -> list[dict[str, Any]]:
    """Return the hits of a row as they were retrieved, before any was read."""
    return sorted(row["hits"], key=lambda hit: hit["retrieved"])


def _gold(gold: Gold, article: Article | None, engine: Engine) -> dict[str, Any]:
    sentence = engine.sentence(article, gold.start, gold.end) if article else None
    return {
        "article": gold.article,
        "quote": gold.quote,
        "start": gold.start,
        "end": gold.end,
        "sentence": {"text": sentence.text, "start": sentence.start, "end": sentence.end} if sentence else None,
    }


def _values(
    question: Question,
    answer: dict[str, Any],
    best: dict[str, Any] | None,
    article: ArticleOf,
) -> dict[str, float | None]:
    """Score one answer; a measure that does not count this question is None."""
    quotes = _quotes(answer)
    values: dict[str, float | None] = {
        "probability": best["probability"] if best else 0.0,
        "right": float(best is not None and _right(best["article"], best["text"], question)),
        "abstained": float(not answer["answered"]),
        "quote_exactness": quote_exactness(answer, article),
    }
    if not question.golds:
        return values
    given = answer["groups"][0]["text"] if answer["groups"] else ""
    shown = answer["groups"][0]["quotes"] if answer["groups"] else []
    parts = sides([gold.quote for gold in question.golds])
    seen = [any(hold_one_another(q["text"], text) for q in quotes for text in part) for part in parts]
    return values | {
        "answer_em": exact_match(given, question.answers),
        "answer_f1": f1(given, question.answers),
        "quote_holds_gold": float(any(_right(q["article"]["id"], q["text"], question) for q in shown)),
        "article_right": float(bool(shown) and shown[0]["article"]["id"] in {gold.article for gold in question.golds}),
        "all_sides_shown": sum(seen) / len(seen) if len(seen) > 1 else None,
        "span_f1": f1(best["text"] if best else "", question.answers),
        "span_right": values["right"],
    }


def quote_exactness(answer: dict[str, Any], article: ArticleOf) -> float | None:
    """Return the share of an answer's quotes that stand in their articles exactly, as do their sentences."""
    exact = [_exact(quote, article(quote["article"]["id"])) for quote in _quotes(answer)]
    return sum(exact) / len(exact) if exact else None


def _quotes(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [quote for group in answer["groups"] for quote in group["quotes"]]


def _exact(quote: dict[str, Any], article: Article | None) -> bool:
    pieces = (quote, quote["sentence"])
    return article is not None and all(article.text[p["start"] : p["end"]] == p["text"] for p in pieces)


def _right(article_id: str, text: str, question: Question) -> bool:
    """Tell whether a span lies in a gold article, and it and an acceptable answer hold one another in whole words."""
    return article_id in {gold.article for gold in question.golds} and any(
        hold_one_another(text, answer) for answer in question.answers
    )


def stage(row: Row) -> str:
    """Return the stage that lost a question, or "right"."""
    if not row["answerable"]:
        return ANSWERED_ANYWAY if row["answer"]["answered"] else RIGHT
    if row["answer"]["answered"] and row["values"].get("quote_holds_gold", 0.0):
        return RIGHT
    if row["gold"] and not ranking.found(row["gold"], row["hits"]):
        return NOT_RETRIEVED
    return ABSTAINED if row["values"]["right"] and not row["answer"]["answered"] else MISREAD


def write(made: Iterable[Row], file: Path) -> None:
    """Write rows as JSON Lines; a lone surrogate, which a question may hold, becomes its JSON escape."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in made)
    file.write_text("".join(lines), encoding="utf-8", errors="backslashreplace")


def read(folder: Path) -> list[Row]:
    """Read the rows of a run. Raises EvaluationError if the folder holds none."""
    file = folder / "predictions.jsonl"
    if not file.is_file():
        raise EvaluationError(f"{folder} is no run: it has no predictions.jsonl; `askpkcn eval` writes runs")
    found = [row for _, row in rows(file)]
    for row in found:
        if not row.keys() >= NEEDED or not isinstance(row["values"], dict):
            raise EvaluationError(f"{file} holds a line that is no prediction; run `askpkcn eval` again")
        if any("retrieved" not in hit for hit in row.get("hits", ())):
            raise EvaluationError(f"{file} ranks passages as earlier versions did; run `askpkcn eval` again")
    return found
