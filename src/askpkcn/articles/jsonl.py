"""JSON Lines: an article a line, its fields by the names that exports give them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from askpkcn.articles.extracted import WEB_ADDRESS, Extracted, joined
from askpkcn.articles.finding import clean_id
from askpkcn.articles.fragments import fragment
from askpkcn.articles.markdown import UNKNOWN, dated, field
from askpkcn.errors import ArticleError
from askpkcn.text import normalise

NAMES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "article_id", "uuid", "guid"),
    "text": ("text", "body", "content", "article", "full_text"),
    "title": ("title", "headline"),
    "outlet": ("outlet", "source", "publisher", "site_name", "sitename", "publication"),
    "author": ("author", "authors", "byline", "creator"),
    "published": ("published", "date", "date_published", "datePublished", "published_at", "publish_date", "pubdate"),
    "url": ("url", "link", "canonical_url"),
}
"""The names of fields that are read, the first that is there first. The documentation lists them."""
MAX_LINE = 20_000_000
_TAGS = re.compile(
    r"</(?:p|div|span|a|b|i|em|strong|h[1-6]|ul|ol|li|blockquote|figure|section|td|tr|table)\s*>|<(?:br|p|img)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
"""What tells that a record's text is HTML: a bare "<" does not."""


class TextlessError(ArticleError):
    """A record that can be read, and is no article."""


def read(file: Path) -> Iterator[tuple[str, Extracted | ArticleError]]:
    """Yield for each line that is not blank its record's name and the article, or why there is none."""
    with file.open("rb") as stream:
        number = 0
        while line := stream.readline(MAX_LINE + 1):
            number += 1
            where = f"{file} line {number}"
            if len(line) > MAX_LINE:
                while line and not line.endswith(b"\n"):
                    line = stream.readline(MAX_LINE)
                yield str(number), ArticleError(f"{where} is over the limit of {MAX_LINE / 1e6:.0f} MB; split it")
                continue
            if line.strip(b" \t\r\n\xef\xbb\xbf"):
                try:
                    yield _record(line, number, where)
                except ArticleError as error:
                    yield str(number), error


def _record(line: bytes, number: int, where: str) -> tuple[str, Extracted]:
    try:
        told = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ArticleError(f"{where} is not UTF-8; write the file anew in UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise ArticleError(f"{where} is no JSON ({str(error)[:80]}); mend or remove it") from error
    if not isinstance(told, dict):
        raise ArticleError(f'{where} is no JSON object; write {{"title": "…", "text": "…"}}, one a line')
    text = next((value for name in NAMES["text"] if isinstance(value := told.get(name), str) and value.strip()), None)
    if text is None:
        raise TextlessError(f"{where} has no text; put the article's text in a field {' or '.join(NAMES['text'][:3])}")
    author = _author(told)
    day, notes = dated(told, NAMES["published"], where)
    made = Extracted(
        normalise(fragment(normalise(text)) if _TAGS.search(text) else text).strip(),
        title=_first(told, "title"),
        outlet=_first(told, "outlet"),
        author=author.removeprefix("By ") if author else None,
        published=day,
        url=url if (url := _first(told, "url")) and WEB_ADDRESS.fullmatch(url) else None,
        notes=notes,
    )
    if not made.text:
        raise TextlessError(f"{where} has no text but characters that cannot be shown; mend or remove it")
    name = _first(told, "id")
    return (clean_id(name)[:200] if name else str(number)), made


def _first(told: Mapping[str, object], what: str) -> str | None:
    for name in NAMES[what]:
        value = told.get(name)
        if isinstance(value, dict):  # {"name": "Dawn"}, as linked data has it
            value = value.get("name")
        if isinstance(value, (str, int)) and not isinstance(value, bool) and (text := field({name: value}, name)):
            return text
    return None


def _author(told: Mapping[str, object]) -> str | None:
    for name in NAMES["author"]:
        value = told.get(name)
        if isinstance(value, list):
            each = [v.get("name") if isinstance(v, dict) else v for v in value]
            text = joined([normalise(v) for v in each if isinstance(v, str) and v.strip().lower() not in UNKNOWN])
            if text:
                return text
    return _first(told, "author")
