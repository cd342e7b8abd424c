"""What is not known of an article, for the person who can set it."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from askpkcn.types import Passage, Source

FIELDS = ("title", "outlet", "author", "published", "url")
"""What can be told of an article besides its text: by the file, by its front matter, or by articles.toml."""
_RECORD = re.compile(r"(?P<file>.*\.(?:jsonl|ndjson))#(?P<record>.+)", re.IGNORECASE | re.DOTALL)


def title_from(id: str) -> str:
    """Return the title that stands in where none is known: the file's name, and the record's."""
    found = _RECORD.fullmatch(id)
    name = PurePosixPath(found["file"] if found else id).stem
    return f"{name} {found['record']}" if found else name


def unknown_of(source: Source) -> list[str]:
    """Return the names of the fields that are not known."""
    return [
        name
        for name in FIELDS
        if (source.title == title_from(source.id) if name == "title" else getattr(source, name) is None)
    ]


def title_of(source: Source) -> str:
    """Return the title of an article, or nothing where the name of a file stands in for one that is not known."""
    return "" if source.title == title_from(source.id) else source.title


def title_beside(passage: Passage, source: Source) -> str:
    """Return the title of a passage's article, or nothing if the passage begins with it, or it is not known."""
    return "" if passage.text.startswith(source.title) else title_of(source)
