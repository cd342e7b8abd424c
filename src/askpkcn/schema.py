"""The one JSON schema: what `--json` prints, HTTP returns and evaluation reads. docs/schema.md describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from askpkcn.types import Answer, Extent, Group, Hit, Near, Place, Quote, Source

if TYPE_CHECKING:
    from askpkcn.index import Built


def answer(value: Answer) -> dict[str, Any]:
    """Return an Answer as JSON-ready values; probabilities to four places, times in ms to two."""
    timings = value.timings
    return {
        "question": value.question,
        "answered": value.answered,
        "probability": round(value.probability, 4),
        "reason": value.reason.value if value.reason else None,
        "groups": [_group(group) for group in value.groups],
        "nearest": [_near(near) for near in value.nearest],
        "timings_ms": {
            "encode": round(timings.encode, 2),
            "retrieve": round(timings.retrieve, 2),
            "read": round(timings.read, 2),
            "decide": round(timings.decide, 2),
            "total": round(timings.total, 2),
        },
        "snapshot": value.snapshot,
    }


def source(value: Source) -> dict[str, Any]:
    """Return an article's citation."""
    return {
        "id": value.id,
        "title": value.title,
        "outlet": value.outlet,
        "author": value.author,
        "published": value.published.isoformat() if value.published else None,
        "url": value.url,
    }


def built(value: Built) -> dict[str, Any]:
    """Return what a build did."""
    return {
        "snapshot": value.snapshot,
        "articles": value.articles,
        "passages": value.passages,
        "reused": value.reused,
        "new": value.changes.new,
        "updated": value.changes.updated,
        "unchanged": value.changes.unchanged,
        "removed": value.changes.removed,
        "duplicates": [{"id": each.id, "same_as": each.same_as} for each in value.duplicates],
        "skipped": [{"file": _text(each.file), "why": _text(each.why)} for each in value.skipped],
        "passed_over": {_text(suffix): count for suffix, count in sorted(value.others.items())},
        "notes": [_text(note) for note in value.notes],
    }


def _text(value: object) -> str:
    """Return a file's name, or a line with one in it, as text that every reader of JSON takes."""
    return str(value).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def hit(value: Hit, article: Source) -> dict[str, Any]:
    """Return a retrieved passage with its place in both rankings."""
    return {
        "article": source(article),
        "text": value.passage.text,
        "start": value.passage.start,
        "end": value.passage.end,
        "score": round(value.score, 6),
        "dense": _place(value.dense),
        "keyword": _place(value.keyword),
    }


def _group(value: Group) -> dict[str, Any]:
    return {
        "text": value.text,
        "probability": round(value.probability, 4),
        "quotes": [_quote(quote) for quote in value.quotes],
    }


def _quote(value: Quote) -> dict[str, Any]:
    return {
        "article": source(value.source),
        "text": value.text,
        "start": value.start,
        "end": value.end,
        "probability": round(value.probability, 4),
        "sentence": _extent(value.sentence),
    }


def _near(value: Near) -> dict[str, Any]:
    return {"article": source(value.source), "text": value.text, "start": value.start, "end": value.end}


def _extent(value: Extent) -> dict[str, Any]:
    return {"text": value.text, "start": value.start, "end": value.end}


def _place(value: Place | None) -> dict[str, Any] | None:
    return None if value is None else {"rank": value.rank, "score": round(value.score, 4)}
