"""Files that are text: Markdown and plain text, decoded and normalised."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from askpkcn.articles import markdown, pasted
from askpkcn.articles.decoding import decode, read_bytes
from askpkcn.articles.extracted import Extracted
from askpkcn.errors import ArticleError
from askpkcn.text import normalise


def read_markdown(file: Path) -> Extracted:
    """Read a Markdown file. Raises ArticleError."""
    return _read(file, lambda text: markdown.read(text, file))


def read_plain(file: Path) -> Extracted:
    """Read a plain text. Raises ArticleError."""
    return _read(file, pasted.read)


def _read(file: Path, understand: Callable[[str], Extracted]) -> Extracted:
    text, notes = decode(read_bytes(file), file)
    text = normalise(text)
    if not text.strip():
        raise ArticleError(f"{file} holds no text; remove it or fill it")
    made = understand(text)
    return replace(made, notes=(*made.notes, *notes))
