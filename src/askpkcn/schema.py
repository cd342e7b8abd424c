"""The one JSON schema: what `--json` prints, HTTP returns and evaluation reads. docs/schema.md describes it.

Every place in an article is given twice: `start` and `end` in code points, as Python counts, `start_utf16` and
`end_utf16` in UTF-16 units, as browsers count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.types import Answer, Article, Extent, Group, Hit, Near, Place, Quote, Source, earliest, other_outlets

Library = Callable[[str], Article | None]
"""The whole article with an id: its text tells where the places are in UTF-16 units."""

if TYPE_CHECKING:
    from askpkcn.index import Built
    from askpkcn.store import Stored


def answer(value: Answer, library: Library) -> dict[str, Any]:
    """Return an Answer as JSON-ready values; probabilities to four places, times in ms to two."""
    timings = value.timings
    texts = _Texts(library)
    return {
        "question": value.question,
        "answered": value.answered,
        "probability": round(value.probability, 4),
        "reason": value.reason.value if value.reason else None,
        "groups": [_group(group, texts) for group in value.groups],
        "nearest": [_near(near, texts) for near in value.nearest],
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


def stories(found: Iterable[tuple[Source, ...]]) -> list[dict[str, Any]]:
    """Return stories that stand in several articles, each earliest first."""
    return [{"articles": [source(each) for each in members]} for members in found]


def snapshot(value: Stored) -> dict[str, Any]:
    """Return a snapshot's row."""
    return asdict(value)


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


def hits(found: list[tuple[Hit, Source]], library: Library) -> list[dict[str, Any]]:
    """Return retrieved passages with their places in both rankings."""
    texts = _Texts(library)
    return [
        {
            "article": source(article),
            "text": hit.passage.text,
            **texts.place(article.id, hit.passage.start, hit.passage.end),
            "score": round(hit.score, 6),
            "dense": _rank(hit.dense),
            "keyword": _rank(hit.keyword),
        }
        for hit, article in found
    ]


def article(value: Article, quote: tuple[int, int] | None = None) -> dict[str, Any]:
    """Return a whole article, and the piece of it at `quote`, if given."""
    piece = Extent(value.text[quote[0] : quote[1]], *quote) if quote else None
    texts = _Texts({value.id: value}.get)
    return {
        "article": source(value.source),
        "text": value.text,
        "sha256": value.sha256,
        "quote": _extent(piece, value.id, texts) if piece else None,
    }


class _Texts:
    """Counts places in articles, each fetched once."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._wide: dict[str, list[int]] = {}

    def place(self, article_id: str, start: int, end: int) -> dict[str, int]:
        """Return a place in code points and in UTF-16 units."""
        if article_id not in self._wide:
            found = self._library(article_id)
            if found is None:
                raise IndexCorrupt(f"an answer names article {article_id!r}, which the catalogue lacks; {REBUILD}")
            text = found.text
            self._wide[article_id] = [] if text.isascii() else [i for i, c in enumerate(text) if c > "\uffff"]
        wide = self._wide[article_id]
        return {
            "start": start,
            "end": end,
            "start_utf16": start + bisect_left(wide, start),
            "end_utf16": end + bisect_left(wide, end),
        }


def _group(value: Group, texts: _Texts) -> dict[str, Any]:
    return {
        "text": value.text,
        "probability": round(value.probability, 4),
        "quotes": [_quote(quote, texts) for quote in value.quotes],
    }


def _quote(value: Quote, texts: _Texts) -> dict[str, Any]:
    return {
        "article": source(value.source),
        "text": value.text,
        **texts.place(value.source.id, value.start, value.end),
        "page": value.page,
        "probability": round(value.probability, 4),
        "sentence": _extent(value.sentence, value.source.id, texts),
        "story": _story(value),
    }


def _story(value: Quote) -> dict[str, Any] | None:
    """Return where else the story of a quote stands, or None if nowhere."""
    if not value.copies:
        return None
    first = min((value.source, *value.copies), key=earliest)
    return {
        "outlets": len(other_outlets(value)),
        "earliest": source(first),
        "articles": [source(each) for each in value.copies],
    }


def _near(value: Near, texts: _Texts) -> dict[str, Any]:
    return {
        "article": source(value.source),
        "text": value.text,
        **texts.place(value.source.id, value.start, value.end),
    }


def _extent(value: Extent, article_id: str, texts: _Texts) -> dict[str, Any]:
    return {"text": value.text, **texts.place(article_id, value.start, value.end)}


def _rank(value: Place | None) -> dict[str, Any] | None:
    return None if value is None else {"rank": value.rank, "score": round(value.score, 4)}
