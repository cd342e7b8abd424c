"""One file to its Articles: its kind, its extractor, what articles.toml sets, and the one normalisation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from askpkcn.articles import decoding, jsonl, sidecar, texts
from askpkcn.articles.extracted import Extracted, with_head
from askpkcn.articles.finding import Found, Skipped
from askpkcn.articles.kinds import kind_of
from askpkcn.articles.limits import Extractor
from askpkcn.errors import ArticleError
from askpkcn.text import normalise
from askpkcn.types import Article, Source
from askpkcn.unknown import title_from

MAX_HERE = 1_000_000
"""Texts of more bytes are read by the worker, too: no text is known to hang its reader, but one may."""
_HEADED = {"markdown", "html", "jsonl"}
"""Kinds whose title and byline stand beside the text; in the others they stand in it, if anywhere."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file gave: articles, what of it was skipped and why, and notes for the report."""

    articles: tuple[Article, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


class Reading:
    """Reads files one after another, with one worker and each articles.toml read once; see `open_reading`."""

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor
        self._sidecars = sidecar.Sidecars()

    def contents(self, found: Found) -> Contents:
        """Read one file; what cannot be read is skipped, with the reason.

        Raises ArticleError for an articles.toml that is wrong: it would be wrong for all its files.
        """
        self._sidecars.told(found)
        try:
            kind = self._kind(found.file)
            if kind == "jsonl":
                return self._records(found)
            made = self._extract(kind, found.file)
            return Contents((self._article(made, found, kind),), (), made.notes)
        except ArticleError as error:
            return Contents((), (Skipped(found.file, str(error)),))

    def notes(self) -> list[str]:
        """Return what is to be told once everything has been read."""
        return self._sidecars.notes()

    def _kind(self, file: Path) -> str:
        try:
            if not file.is_file():
                raise ArticleError(f"{file} is not a regular file; remove it or name another folder")
            if file.stat().st_size == 0:
                raise ArticleError(f"{file} holds no text; remove it or fill it")
            kind = kind_of(file)
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise ArticleError(f"{file} cannot be read ({why}); check its permissions") from error
        if kind is None:
            raise ArticleError(f"{file} is a binary file, not text; remove it or convert it to .txt or .md")
        return kind

    def _extract(self, kind: str, file: Path) -> Extracted:
        here = {"markdown": texts.read_markdown, "text": texts.read_plain}.get(kind)
        if here is None or MAX_HERE < file.stat().st_size <= decoding.MAX_BYTES:
            return self._extractor.extract(kind, file)
        return here(file)

    def _records(self, found: Found) -> Contents:
        made: dict[str, Article] = {}
        skipped: list[Skipped] = []
        notes: list[str] = []
        for record, each in jsonl.read(found.file):
            id = f"{found.id}#{record}"
            if isinstance(each, ArticleError):
                skipped.append(Skipped(found.file, str(each)))
            elif id in made:
                skipped.append(Skipped(found.file, f"{found.file} has two records with the id {record!r}; rename one"))
            else:
                made[id] = self._article(each, found, "jsonl", record)
                notes += each.notes
        if not made and not skipped:
            raise ArticleError(f"{found.file} holds no text; remove it or fill it")
        return Contents(tuple(made.values()), tuple(skipped), tuple(notes))

    def _article(self, made: Extracted, found: Found, kind: str, record: str | None = None) -> Article:
        made, changed = sidecar.apply(made, self._sidecars.told(found, record))
        id = found.id if record is None else f"{found.id}#{record}"
        title = made.title if kind in _HEADED or "title" in changed else None
        author = made.author if kind in _HEADED or "author" in changed else None
        text = with_head(made.text, title, author)
        source = Source(id, made.title or title_from(id), made.outlet, made.author, made.published, made.url)
        return make(source, text)


@contextmanager
def open_reading(extractor: Extractor | None = None) -> Iterator[Reading]:
    """Yield a Reading; its worker, if one was needed, ends with it."""
    extractor = extractor or Extractor()
    try:
        yield Reading(extractor)
    finally:
        extractor.close()


def read(found: Found) -> Article:
    """Read a file that holds one article. Raises ArticleError, naming the file, what is wrong and the remedy."""
    with open_reading() as reading:
        contents = reading.contents(found)
    if contents.skipped:
        raise ArticleError(contents.skipped[0].why)
    if len(contents.articles) != 1:
        raise ArticleError(f"{found.file} holds {len(contents.articles)} articles; index it to ask all of them")
    return contents.articles[0]


def make(source: Source, text: str) -> Article:
    """Return an Article of normalised text with its digest."""
    text = normalise(text)
    return Article(source, text, hashlib.sha256(text.encode()).hexdigest())
