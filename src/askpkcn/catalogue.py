"""Articles, sentences and passages in one sqlite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.types import Article, Extent, Filters, Passage, Source

SCHEMA = """
CREATE TABLE articles (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, outlet TEXT, author TEXT, published TEXT, url TEXT,
  outlet_folded TEXT, text TEXT NOT NULL, sha256 TEXT NOT NULL, sentences BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE passages (
  number INTEGER PRIMARY KEY, article_id TEXT NOT NULL REFERENCES articles (id), start INTEGER NOT NULL,
  end INTEGER NOT NULL, text TEXT NOT NULL
);
CREATE INDEX passages_of ON passages (article_id);
"""
SOURCE = "a.id, a.title, a.outlet, a.author, a.published, a.url"
PASSAGE = "p.number, p.article_id, p.start, p.end, p.text"


class Writer:
    """Writes a new catalogue file; use it as a context manager, which commits on success."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file)
        self._connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with closing(self._connection):
            if kind is None:
                self._connection.commit()

    def add(self, article: Article, sentences: Sequence[tuple[int, int]], passages: Sequence[Passage]) -> None:
        """Add an article with the ranges of its sentences and its passages."""
        source = article.source
        published = source.published.isoformat() if source.published else None
        folded = source.outlet.casefold() if source.outlet else None
        bounds = np.asarray(sentences, dtype="<i4").reshape(-1, 2).tobytes()
        self._connection.execute(
            "INSERT INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                source.id,
                source.title,
                source.outlet,
                source.author,
                published,
                source.url,
                folded,
                article.text,
                article.sha256,
                bounds,
            ),
        )
        self._connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?)",
            [(p.number, p.article_id, p.start, p.end, p.text) for p in passages],
        )


class Catalogue:
    """A catalogue file, opened for reading; no lock is taken and nothing is ever written."""

    def __init__(self, file: Path) -> None:
        """Open a file of `Writer`. Raises IndexCorrupt if sqlite cannot."""
        try:
            uri = file.resolve().as_uri() + "?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._connection.execute("SELECT count(*) FROM passages").fetchone()
        except sqlite3.DatabaseError as error:
            raise IndexCorrupt(f"{file} is no catalogue ({error}); {REBUILD}") from error

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def counts(self) -> tuple[int, int]:
        """Return the numbers of articles and of passages."""
        row = self._row("SELECT (SELECT count(*) FROM articles), (SELECT count(*) FROM passages)")
        n_articles, n_passages = row or (0, 0)
        return n_articles, n_passages

    def source(self, article_id: str) -> Source | None:
        """Return what a citation needs of an article, or None if there is no such article."""
        row = self._row(f"SELECT {SOURCE} FROM articles a WHERE id = ?", article_id)
        return _source(row) if row else None

    def sources(self) -> Iterator[tuple[Source, int]]:
        """Yield every article's source with its number of passages, in order of id."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                f"SELECT {SOURCE}, (SELECT count(*) FROM passages p WHERE p.article_id = a.id) "
                "FROM articles a ORDER BY a.id"
            )
            for row in rows:
                yield _source(row), int(row[6])

    def digests(self) -> Iterator[tuple[Source, str]]:
        """Yield every article's source with the sha256 of its text, in order of id."""
        with self._cursor() as cursor:
            for row in cursor.execute(f"SELECT {SOURCE}, a.sha256 FROM articles a ORDER BY a.id"):
                yield _source(row), str(row[6])

    def undated(self, outlets: Sequence[str] = ()) -> int:
        """Return how many articles have no date, of these outlets or of all: what a range of dates leaves out."""
        among = f" AND outlet_folded IN ({','.join('?' * len(outlets))})" if outlets else ""
        row = self._row(
            f"SELECT count(*) FROM articles WHERE published IS NULL{among}", *(outlet.casefold() for outlet in outlets)
        )
        return int(row[0]) if row else 0

    def outlets(self, limit: int) -> list[str]:
        """Return the outlets with most articles, in order of name."""
        query = "SELECT outlet FROM articles WHERE outlet IS NOT NULL GROUP BY outlet ORDER BY count(*) DESC LIMIT ?"
        with self._cursor() as cursor:
            return sorted(str(row[0]) for row in cursor.execute(query, [limit]))

    def article(self, article_id: str) -> Article | None:
        """Return a whole article, or None if there is no such article."""
        row = self._row(f"SELECT {SOURCE}, a.text, a.sha256 FROM articles a WHERE id = ?", article_id)
        return Article(_source(row), str(row[6]), str(row[7])) if row else None

    def sentence_bounds(self, article_id: str) -> NDArray[np.int32]:
        """Return the sentences of an article, int32, shape (n, 2), half-open ranges in order."""
        row = self._row("SELECT sentences FROM articles WHERE id = ?", article_id)
        if row is None:
            raise IndexCorrupt(f"the catalogue has passages of {article_id!r} but not the article; {REBUILD}")
        bounds: NDArray[np.int32] = np.frombuffer(row[0], dtype="<i4").reshape(-1, 2)
        return bounds

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """Return passages by number, in the order asked. Raises IndexCorrupt if one is not there."""
        marks = ",".join("?" * len(numbers))
        with self._cursor() as cursor:
            query = f"SELECT {PASSAGE} FROM passages p WHERE number IN ({marks})"
            found = {row[0]: Passage(*row) for row in cursor.execute(query, list(numbers))}
        missing = [number for number in numbers if number not in found]
        if missing:
            raise IndexCorrupt(f"the rankings name passage {missing[0]}, which the catalogue lacks; {REBUILD}")
        return [found[number] for number in numbers]

    def all_passages(self) -> Iterator[Passage]:
        """Yield every passage, in order of number."""
        with self._cursor() as cursor:
            for row in cursor.execute(f"SELECT {PASSAGE} FROM passages p ORDER BY number"):
                yield Passage(*row)

    def numbers(self, filters: Filters) -> list[int]:
        """Return the numbers of the passages inside the filters, ascending."""
        condition, values = _condition(filters)
        query = (
            "SELECT p.number FROM articles a JOIN passages p ON p.article_id = a.id "
            f"WHERE {condition} ORDER BY p.number"
        )
        with self._cursor() as cursor:
            return [int(row[0]) for row in cursor.execute(query, values)]

    def list_sources(self, filters: Filters, after: str, limit: int) -> tuple[list[tuple[Source, int]], int]:
        """Return up to `limit` articles inside the filters whose id comes after `after`, and how many there are in all.

        Each comes with its number of passages, in order of id.
        """
        condition, values = _condition(filters)
        query = (
            f"SELECT {SOURCE}, (SELECT count(*) FROM passages p WHERE p.article_id = a.id) "
            f"FROM articles a WHERE {condition} AND a.id > ? ORDER BY a.id LIMIT ?"
        )
        with self._cursor() as cursor:
            rows = [(_source(row), int(row[6])) for row in cursor.execute(query, [*values, after, limit])]
        total = self._row(f"SELECT count(*) FROM articles a WHERE {condition}", *values)
        return rows, int(total[0]) if total else 0

    def sentence_around(self, article: Article, start: int, end: int) -> Extent:
        """Return the sentence, or the run of sentences, of an article that holds [start, end)."""
        bounds = self.sentence_bounds(article.id)
        touched = bounds[(bounds[:, 1] > start) & (bounds[:, 0] < end)]
        low, high = (min(start, int(touched[0, 0])), max(end, int(touched[-1, 1]))) if len(touched) else (start, end)
        return Extent(article.text[low:high], low, high)

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        """Yield a cursor. Raises IndexCorrupt if the file was overwritten since it was opened."""
        try:
            with closing(self._connection.cursor()) as cursor:
                yield cursor
        except sqlite3.ProgrammingError:
            raise  # closed; the file is no matter
        except sqlite3.DatabaseError as error:
            raise IndexCorrupt(f"the catalogue cannot be read any more ({error}); {REBUILD}") from error

    def _row(self, query: str, *values: str) -> tuple[Any, ...] | None:
        with self._cursor() as cursor:
            row: tuple[Any, ...] | None = cursor.execute(query, values).fetchone()
            return row


def _condition(filters: Filters) -> tuple[str, list[str]]:
    """Return filters as SQL over `articles a`, and its values."""
    conditions, values = ["1 = 1"], list[str]()
    if filters.outlets:
        conditions.append(f"a.outlet_folded IN ({','.join('?' * len(filters.outlets))})")
        values += [outlet.casefold() for outlet in filters.outlets]
    if filters.first is not None:
        conditions.append("a.published >= ?")
        values.append(filters.first.isoformat())
    if filters.last is not None:
        conditions.append("a.published <= ?")
        values.append(filters.last.isoformat())
    return " AND ".join(conditions), values


def _source(row: Sequence[object]) -> Source:
    id, title, outlet, author, published, url = (None if cell is None else str(cell) for cell in row[:6])
    day = date.fromisoformat(published) if published else None
    return Source(id or "", title or "", outlet, author, day, url)
