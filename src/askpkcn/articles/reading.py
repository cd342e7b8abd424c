"""One file to its Articles: its kind, its extractor, what articles.toml sets, and the one normalisation."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from askpkcn.articles import decoding, jsonl, sidecar, texts
from askpkcn.articles.extracted import Extracted, with_head
from askpkcn.articles.finding import Found, Skipped
from askpkcn.articles.kinds import kind_of
from askpkcn.articles.limits import Extractor, PassingError
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

    def __init__(self, extractor: Extractor, sidecars: sidecar.Sidecars | None = None) -> None:
        self._extractor = extractor
        self._sidecars = sidecars or sidecar.Sidecars()

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
            return Contents((), (Skipped(found.file, str(error), passing=isinstance(error, PassingError)),))

    def is_lines(self, found: Found) -> bool:
        """Tell whether a file may hold more articles than memory does: then `records` reads it."""
        try:
            return self._kind(found.file) == "jsonl"
        except ArticleError:
            return False

    def records(self, found: Found) -> Iterator[Article | Skipped | str]:
        """Read JSON Lines, a record at a time; a str is a note. Raises ArticleError as `contents` does."""
        names: set[str] = set()
        nothing = True
        try:
            for record, each in jsonl.read(found.file):
                nothing = False
                if isinstance(each, ArticleError):
                    yield Skipped(found.file, str(each), hides=not isinstance(each, jsonl.TextlessError))
                elif record in names:
                    why = f"{found.file} has two records with the id {record!r}; rename one"
                    yield Skipped(found.file, why, hides=False)
                else:
                    names.add(record)
                    yield self._article(each, found, "jsonl", record)
                    yield from each.notes
        except OSError as error:
            yield Skipped(found.file, f"{found.file} cannot be read ({error.strerror}); check its disk", passing=True)
            return
        if nothing:
            yield Skipped(found.file, f"{found.file} holds no text; remove it or fill it")

    def digest(self, found: Found) -> str | None:
        """Return what a file's articles depend on, as one digest, or None if it cannot be told."""
        try:
            told = hashlib.sha256(f"{code_digest()}\n{found.id}\n".encode() + os.fsencode(found.file.suffix) + b"\n")
            told.update(self._sidecars.digest(found))
            if not found.file.is_file():
                return None
            with found.file.open("rb") as stream:
                told.update(hashlib.file_digest(stream, "sha256").digest())
        except (OSError, ArticleError):
            return None
        return told.hexdigest()

    def known(self, found: Found, ids: Iterable[str]) -> None:
        """Take note that articles of a file are known from before, so that what articles.toml sets has its use."""
        self._sidecars.told(found)
        for id in ids:
            if id != found.id:
                self._sidecars.told(found, id.removeprefix(f"{found.id}#"))

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
            raise PassingError(f"{file} cannot be read ({why}); check its permissions") from error
        if kind is None:
            raise ArticleError(f"{file} is a binary file, not text; remove it or convert it to .txt or .md")
        return kind

    def _extract(self, kind: str, file: Path) -> Extracted:
        here = {"markdown": texts.read_markdown, "text": texts.read_plain}.get(kind)
        if here is None or MAX_HERE < file.stat().st_size <= decoding.MAX_BYTES:
            return self._extractor.extract(kind, file)
        return here(file)

    def _records(self, found: Found) -> Contents:
        pieces = list(self.records(found))
        made = tuple(piece for piece in pieces if isinstance(piece, Article))
        skipped = tuple(piece for piece in pieces if isinstance(piece, Skipped))
        return Contents(made, skipped, tuple(piece for piece in pieces if isinstance(piece, str)))

    def _article(self, made: Extracted, found: Found, kind: str, record: str | None = None) -> Article:
        made, changed = sidecar.apply(made, self._sidecars.told(found, record))
        id = found.id if record is None else f"{found.id}#{record}"
        title = made.title if kind in _HEADED or "title" in changed else None
        author = made.author if kind in _HEADED or "author" in changed else None
        text = with_head(made.text, title, author)
        source = Source(id, made.title or title_from(id), made.outlet, made.author, made.published, made.url)
        added = len(normalise(text)) - len(made.text)  # above all but the first page's beginning
        return make(source, text, (0, *(start + added for start in made.pages[1:])) if made.pages else ())


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


def make(source: Source, text: str, pages: tuple[int, ...] = ()) -> Article:
    """Return an Article of normalised text with its digest."""
    text = normalise(text)
    return Article(source, text, hashlib.sha256(text.encode()).hexdigest(), pages)


@cache
def code_digest() -> str:
    """Return a digest of what reads files: where it has changed, files that have not are read anew."""
    here = Path(__file__).parent
    told = hashlib.sha256()
    for file in (*sorted(here.glob("*.py")), here.parent / "text.py", here.parent / "unknown.py"):
        told.update(file.read_bytes())
    for library in ("charset-normalizer", "lxml", "markdown-it-py", "pypdf", "python-docx", "pyyaml", "trafilatura"):
        told.update(f"{library} {version(library)}".encode())
    return told.hexdigest()
