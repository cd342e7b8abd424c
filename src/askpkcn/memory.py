"""What the live snapshot remembers, so that a build does again only what changed: files read, passages cut."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from askpkcn.articles import Skipped
from askpkcn.catalogue import Catalogue, Entry
from askpkcn.errors import AskpkcnError
from askpkcn.snapshot import Snapshot, open_snapshot
from askpkcn.types import Article, Source


@dataclass(frozen=True, slots=True)
class Told:
    """An article as a file gave it once: all but its text."""

    source: Source
    sha256: str


class Stays(str):
    """A note that what a file told before stays, as it cannot be read now."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a file gave, in order; a str is a note."""

    pieces: tuple[Told | Skipped | str, ...]


class Memory:
    """The live snapshot, if there is one that can be used, as it was when the build began."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self.snapshot = snapshot
        self._catalogue = Catalogue(snapshot.catalogue) if snapshot else None

    def close(self) -> None:
        """Close the snapshot's files."""
        if self._catalogue:
            self._catalogue.close()

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The snapshot's manifest, or nothing."""
        return self.snapshot.manifest if self.snapshot else {}

    def counts(self) -> tuple[int, int]:
        """Return the numbers of articles and of passages."""
        return self._catalogue.counts() if self._catalogue else (0, 0)

    def files(self) -> int:
        """Return how many files are remembered."""
        return self._catalogue.files() if self._catalogue else 0

    def file(self, file: Path, id: str, digest: str | None) -> Remembered | None:
        """Return what a file gave when it had this digest, or None."""
        told = self._catalogue.file(id, digest) if self._catalogue and digest else None
        return None if told is None else Remembered(tuple(_piece(row, file) for row in json.loads(told)))

    def last(self, id: str) -> tuple[Told, ...]:
        """Return the articles that a file gave when it last gave some."""
        told = self._catalogue.file(id) if self._catalogue else None
        pieces = (_piece(row, Path(id)) for row in json.loads(told or "[]"))
        return tuple(piece for piece in pieces if isinstance(piece, Told))

    def under(self, id: str) -> list[str]:
        """Return the files that are remembered by this id, or in the folder of that name."""
        return self._catalogue.files_under(id) if self._catalogue and id else []

    def stays(self) -> list[str]:
        """Return the files of which articles are kept though they could not be read any more."""
        return self._catalogue.stays() if self._catalogue else []

    def text(self, told: Told) -> Article | None:
        """Return an article whose text is indexed, if only as another's; None if it is not indexed with this text."""
        article = self._catalogue.teller(told.source.id) if self._catalogue else None
        return replace(article, source=told.source) if article and article.sha256 == told.sha256 else None

    def article(self, id: str) -> tuple[Source, str] | None:
        """Return an article's source and the sha256 of its text, or None if it is not indexed."""
        return self._catalogue.told(id) if self._catalogue else None

    def entry(self, told: Told) -> Entry | None:
        """Return an article with all that was made of it, or None if it is not indexed with this text."""
        entry = self._catalogue.entry(told.source.id) if self._catalogue else None
        return entry if entry and entry.article.sha256 == told.sha256 else None


def written(pieces: Iterable[Told | Skipped | str]) -> str:
    """Return what a file gave as `Memory.file` reads it."""
    return json.dumps([_row(piece) for piece in pieces], ensure_ascii=False, default=date.isoformat)


def _row(piece: Told | Skipped | str) -> Any:
    if isinstance(piece, Told):
        return [*astuple(piece.source), piece.sha256]
    if isinstance(piece, Stays):
        return {"stays": _plain(piece)}
    return {"skipped": _plain(piece.why)} if isinstance(piece, Skipped) else _plain(piece)


def _plain(text: str) -> str:
    """Return a line with a file's name in it as text that sqlite takes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _piece(row: Any, file: Path) -> Told | Skipped | str:
    if isinstance(row, str):
        return row
    if isinstance(row, dict):
        return Stays(row["stays"]) if "stays" in row else Skipped(file, row["skipped"])
    id, title, outlet, author, published, url, sha256 = row
    return Told(Source(id, title, outlet, author, date.fromisoformat(published) if published else None, url), sha256)


@contextmanager
def remembering(folder: Path) -> Iterator[Memory]:
    """Open what the live snapshot remembers; nothing, if there is none or none that can be read."""
    try:
        memory = Memory(open_snapshot(folder))
    except (AskpkcnError, KeyError, TypeError):
        memory = Memory(None)
    try:
        yield memory
    finally:
        memory.close()
