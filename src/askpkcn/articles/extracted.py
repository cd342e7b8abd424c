"""What an extractor makes of a file, before it becomes an Article."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

WEB_ADDRESS = re.compile(r"https?://[^\s<>\"]{4,2000}")
"""What files may tell as their address; a page may show it as a link."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """The text of one article and what its file tells of it.

    Notes are for the person who indexes it; `own` names the fields that the file's front matter sets, which
    articles.toml does not change; `pages` tells where each page begins in the text, if there are pages.
    """

    text: str
    title: str | None = None
    outlet: str | None = None
    author: str | None = None
    published: date | None = None
    url: str | None = None
    notes: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    pages: tuple[int, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return values that JSON can carry."""
        told = {field.name: getattr(self, field.name) for field in fields(self)}
        return told | {"published": self.published.isoformat() if self.published else None}

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> Extracted:
        """Return what `to_json` gave."""
        day = date.fromisoformat(told["published"]) if told["published"] else None
        lists = {name: tuple(told[name]) for name in ("notes", "own", "pages")}
        return cls(**{**told, **lists, "published": day})


def with_head(text: str, title: str | None, author: str | None) -> str:
    """Return text with title and byline put above it, unless it has them already; the byline under the title."""
    top = [line.strip() for line in text[:2000].split("\n") if line.strip()][:12]
    byline = [f"By {author}"] if author and not any(_names(line, author) for line in top) else []
    if title and title not in top:
        return "\n\n".join([title, *byline, text])
    first, _, rest = text.partition("\n")
    if byline and first.strip() == title:
        return "\n\n".join([first, *byline, rest.lstrip("\n")])
    return "\n\n".join([*byline, text])


def _names(line: str, author: str) -> bool:
    """Tell whether a line of the head is a byline of the author."""
    at = line.casefold().find(f"by {author}".casefold())
    after = line[at + len(author) + 3 :]
    return at >= 0 and not line[max(0, at - 1) : at].isalnum() and not after[:1].isalnum()


def joined(names: Sequence[str]) -> str | None:
    """Return several authors as one line, each once."""
    return ", ".join(dict.fromkeys(name for name in (" ".join(each.split()) for each in names) if name)) or None
