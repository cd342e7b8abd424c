"""Markdown with optional front matter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from html import unescape
from pathlib import Path
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from askpkcn.articles.dates import read_date
from askpkcn.articles.extracted import Extracted
from askpkcn.errors import ArticleError
from askpkcn.text import normalise

FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
UNKNOWN = {"", "unknown", "none", "null", "n/a"}


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases: a few lines of them can stand for gigabytes; dates stay as they are written."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as its base class has it
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(problem="aliases are not read", problem_mark=event.start_mark)
        return super().compose_node(parent, index)


def read(text: str, file: Path) -> Extracted:
    """Read a Markdown text. Raises ArticleError for broken front matter, or where there is no text under it."""
    match = FRONT_MATTER.match(text)
    if match is None and re.match(r"---[ \t]*\n", text):
        raise ArticleError(f"{file} opens a front matter with --- that no second --- closes; add it")
    told = front_matter(match.group(1), file) if match else {}
    body = plain_text(text[match.end() :] if match else text)
    if not body:
        raise ArticleError(f"{file} has no text besides its front matter; add the article's text or remove it")
    first_line = body.split("\n", 1)[0]
    day, notes = dated(told, ("published", "date"), str(file))
    texts = {name: field(told, name) for name in ("title", "outlet", "author", "url")}
    return Extracted(
        body,
        title=texts["title"] or (first_line if is_headline(first_line) else None),
        outlet=texts["outlet"],
        author=(texts["author"] or "").removeprefix("By ") or None,
        published=day,
        url=texts["url"],
        notes=notes,
        own=tuple(name for name, value in (texts | {"published": day}).items() if value is not None),
    )


def is_headline(line: str) -> bool:
    """Tell a headline from a sentence or from site furniture: four to thirty words and no full stop."""
    return 4 <= len(line.split()) <= 30 and line[0].isalnum() and not line.endswith((".", ":", ";", ","))


def front_matter(block: str, file: Path) -> Mapping[str, object]:
    """Return the fields of a YAML block, their names in lower case."""
    try:
        told = yaml.load(block, _Loader)  # noqa: S506 - it is a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 2}" if mark else ""
        problem = str(getattr(error, "problem", None) or error).split("\n", 1)[0]
        raise ArticleError(f"{file} has broken front matter{where} ({problem}); mend its YAML") from error
    if told is None:
        return {}
    if not isinstance(told, dict):
        raise ArticleError(f"{file} has front matter that is no list of `name: value` lines; mend its YAML")
    return {str(name).lower(): value for name, value in told.items()}


def field(told: Mapping[str, object], name: str) -> str | None:
    """Return a field as one line of text, or None where it is unknown."""
    value = told.get(name)
    if value is None or isinstance(value, dict):
        return None
    try:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    except ValueError:  # Python writes no number of over 4,300 digits
        return None
    text = " ".join(normalise(text).split())
    return None if text.lower() in UNKNOWN else text


def published(told: Mapping[str, object], names: tuple[str, ...], where: str) -> date | None:
    """Return the first of the named fields that is known as a date. Raises ArticleError if it is none."""
    values = (told.get(name) for name in names)
    value = next((v for v in values if not (v is None or (isinstance(v, str) and v.strip().lower() in UNKNOWN))), None)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = field({"published": value}, "published")
    if text is None:
        return None
    try:
        # Python would also read milliseconds since 1970 as a day of the year 1612.
        if not re.fullmatch(r"\d{8}|\d{4}-\d{2}-\d{2}(?:[T ].*)?", text):
            raise ValueError(text)
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise ArticleError(f"{where} says published: {text!r}; write YYYY-MM-DD or unknown") from error


def dated(told: Mapping[str, object], names: tuple[str, ...], where: str) -> tuple[date | None, tuple[str, ...]]:
    """Return the publication date as a file's author wrote it; what cannot be read as one is left out, and told."""
    try:
        return published(told, names, where), ()
    except ArticleError as error:
        days = (read_date(value) for name in names if isinstance(value := told.get(name), str))
        day = next((day for day in days if day), None)
        return day, () if day else (f"{error}; its date is taken as unknown",)


def plain_text(markdown: str) -> str:
    """Return what a reader of the rendered Markdown sees: a paragraph or a table row a line, blank lines between."""
    blocks: list[str] = []
    row: list[str] | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        text = None
        if token.type == "inline":
            text = _inline(token.children or [])
        elif token.type in ("fence", "code_block"):
            text = token.content.rstrip("\n")
        elif token.type == "html_block":
            text = _untagged(token.content)
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            text, row = " | ".join(row), None
        if text and text.strip():
            (blocks if row is None else row).append(text)
    return "\n\n".join(blocks)


def _inline(tokens: list[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline", "image"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n" if token.type == "hardbreak" else " ")
    return "".join(parts).strip()


def _untagged(html: str) -> str:
    """Return the text of an HTML block; whole HTML pages are not Markdown and are not read here."""
    html = re.sub(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", "", html, flags=re.DOTALL | re.IGNORECASE)
    return unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", html)).strip()
