"""Articles, sentences, passages, stories, and the files that all of it came from, in one sqlite file."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Container, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.types import Article, Extent, Filters, Passage, Source, earliest

SCHEMA = """
CREATE TABLE articles (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, outlet TEXT, author TEXT, published TEXT, url TEXT,
  outlet_folded TEXT, text TEXT NOT NULL, sha256 TEXT NOT NULL, sentences BLOB NOT NULL, pages BLOB NOT NULL,
  bands BLOB NOT NULL, story TEXT
) WITHOUT ROWID;
CREATE INDEX articles_of_story ON articles (story) WHERE story IS NOT NULL;
CREATE TABLE repeats (
  id TEXT PRIMARY KEY, title TEXT NOT NULL, outlet TEXT, author TEXT, published TEXT, url TEXT,
  article_id TEXT NOT NULL REFERENCES articles (id)
) WITHOUT ROWID;
CREATE INDEX repeats_of ON repeats (article_id);
CREATE TABLE files (id TEXT PRIMARY KEY, digest TEXT NOT NULL, told TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE passages (
  number INTEGER PRIMARY KEY, article_id TEXT NOT NULL REFERENCES articles (id), start INTEGER NOT NULL,
  end INTEGER NOT NULL, text TEXT NOT NULL, first_row INTEGER NOT NULL, end_row INTEGER NOT NULL
);
CREATE INDEX passages_of ON passages (article_id);
"""
SOURCE = "a.id, a.title, a.outlet, a.author, a.published, a.url"
PASSAGE = "p.number, p.article_id, p.start, p.end, p.text"


@dataclass(frozen=True, slots=True)
class Entry:
    """An article with all that is made of it: the ranges of its sentences, its passages, and its stories' bands."""

    article: Article
    sentences: Sequence[tuple[int, int]]
    passages: Sequence[Passage]
    bands: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, dtype=np.uint32))


class Writer:
    """Writes a new catalogue file; use it as a context manager, which commits on success."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file)
        self._connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + SCHEMA)
        self._sentences = 0

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with closing(self._connection):
            if kind is None:
                self._connection.commit()

    def add(self, entry: Entry) -> None:
        """Add an article with its sentences and passages, each of which has the rows of the sentences it is made of."""
        article, source = entry.article, entry.article.source
        folded = source.outlet.casefold() if source.outlet else None
        bounds = np.asarray(entry.sentences, dtype="<i4").reshape(-1, 2).tobytes()
        pages = np.asarray(article.pages, dtype="<i4").tobytes()
        bands = entry.bands.astype("<u4").tobytes()
        told = (*_cells(source), folded, article.text, article.sha256, bounds, pages, bands, None)
        self._connection.execute(f"INSERT INTO articles VALUES ({','.join('?' * len(told))})", told)
        row_of_start = {start: row for row, (start, _) in enumerate(entry.sentences, self._sentences)}
        row_of_end = {end: row for row, (_, end) in enumerate(entry.sentences, self._sentences)}
        self._connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (p.number, p.article_id, p.start, p.end, p.text, row_of_start[p.start], row_of_end[p.end] + 1)
                for p in entry.passages
            ],
        )
        self._sentences += len(entry.sentences)

    def repeat(self, source: Source, article_id: str) -> None:
        """Add an article that has the same text as one that was added."""
        self._connection.execute("INSERT INTO repeats VALUES (?, ?, ?, ?, ?, ?, ?)", (*_cells(source), article_id))

    def file(self, id: str, digest: str, told: str) -> None:
        """Add what a file gave, so that it need not be read again."""
        self._connection.execute("INSERT INTO files VALUES (?, ?, ?)", (id, digest, told))

    def text(self, article_id: str) -> str:
        """Return the text of an article that was added."""
        row = self._connection.execute("SELECT text FROM articles WHERE id = ?", [article_id]).fetchone()
        return str(row[0])

    def story(self, article_ids: Sequence[str]) -> None:
        """Make one story of articles; it is called as the first of them."""
        rows = [(article_ids[0], id) for id in article_ids]
        self._connection.executemany("UPDATE articles SET story = ? WHERE id = ?", rows)


class Catalogue:
    """A catalogue file, opened for reading; no lock is taken and nothing is ever written."""

    def __init__(self, file: Path) -> None:
        """Open a file of `Writer`. Raises IndexCorrupt if sqlite cannot."""
        try:
            uri = file.resolve().as_uri() + "?mode=ro&immutable=1"
            self._connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            self._connection.execute("SELECT 1 FROM passages LIMIT 1").fetchone()
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

    def count_sentences(self) -> int:
        """Return the number of sentences of all articles."""
        # Every sentence is in some passage, the last one in the last.
        row = self._row("SELECT end_row FROM passages ORDER BY number DESC LIMIT 1")
        return int(row[0]) if row else 0

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
        """Return a whole article, or None if there is no such article.

        Raises IndexCorrupt if its text is not the one that was indexed: large files are not read whole when they are
        opened, and nothing else may be quoted.
        """
        row = self._row(f"SELECT {SOURCE}, a.text, a.sha256, a.pages FROM articles a WHERE id = ?", article_id)
        if row is None:
            return None
        text, digest = str(row[6]), str(row[7])
        if hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() != digest:
            raise IndexCorrupt(f"the text of {article_id} is not the one that was indexed; {REBUILD}")
        return Article(_source(row), text, digest, _pages(row[8]))

    def teller(self, article_id: str) -> Article | None:
        """Return a whole article, or that with the same text if it is kept as the repetition of one."""
        row = self._row("SELECT article_id FROM repeats WHERE id = ?", article_id)
        return self.article(str(row[0]) if row else article_id)

    def entry(self, article_id: str) -> Entry | None:
        """Return a whole article with all that was made of it, or None if there is no such article."""
        article = self.article(article_id)
        row = self._row("SELECT bands FROM articles WHERE id = ?", article_id)
        if article is None or row is None:
            return None
        bounds = [(int(start), int(end)) for start, end in self.sentence_bounds(article_id)]
        with self._cursor() as cursor:
            query = f"SELECT {PASSAGE} FROM passages p WHERE article_id = ? ORDER BY number"
            made = [Passage(*cells) for cells in cursor.execute(query, [article_id])]
        return Entry(article, bounds, made, np.frombuffer(row[0], dtype="<u4"))

    def told(self, article_id: str) -> tuple[Source, str] | None:
        """Return an article's source and the sha256 of its text, or None if there is no such article."""
        row = self._row(f"SELECT {SOURCE}, a.sha256 FROM articles a WHERE id = ?", article_id)
        return (_source(row), str(row[6])) if row else None

    def file(self, id: str, digest: str | None = None) -> str | None:
        """Return what a file gave, if it was read when it had this digest, or whenever it was read."""
        row = self._row("SELECT told FROM files WHERE id = ?1 AND digest = ifnull(?2, digest)", id, digest)
        return str(row[0]) if row else None

    def files(self) -> int:
        """Return how many files all of it came from."""
        row = self._row("SELECT count(*) FROM files")
        return int(row[0]) if row else 0

    def stays(self) -> list[str]:
        """Return the files of which articles are kept though they could not be read any more."""
        with self._cursor() as cursor:
            return [str(row[0]) for row in cursor.execute("""SELECT id FROM files WHERE told LIKE '%{"stays": %'""")]

    def files_under(self, id: str) -> list[str]:
        """Return the ids of the file of this id, or of those in the folder of that name."""
        query = "SELECT id FROM files WHERE id = ?1 OR (id > ?1 || '/' AND id < ?1 || '0')"  # "0" comes after "/"
        with self._cursor() as cursor:
            return [str(row[0]) for row in cursor.execute(query, [id])]

    def story(self, article_id: str) -> str | None:
        """Return the name of an article's story, or None if it has no edited copy."""
        row = self._row("SELECT story FROM articles WHERE id = ?", article_id)
        return str(row[0]) if row and row[0] is not None else None

    def copies(self, article_id: str) -> tuple[Source, ...]:
        """Return the other articles of an article's story, those with the same text too, earliest first."""
        query = f"""
            WITH members (id) AS (SELECT m.id FROM articles a JOIN articles m ON m.story = a.story WHERE a.id = ?1
                                  UNION SELECT ?1)
            SELECT {SOURCE} FROM members JOIN articles a ON a.id = members.id WHERE a.id != ?1
            UNION ALL SELECT {SOURCE} FROM members JOIN repeats a ON a.article_id = members.id"""
        with self._cursor() as cursor:
            return tuple(sorted(map(_source, cursor.execute(query, [article_id])), key=earliest))

    def stories(self) -> Iterator[tuple[Source, ...]]:
        """Yield the articles of every story of several, earliest first; stories in order of an article's id."""
        query = """
            SELECT min(id) FROM articles WHERE story IS NOT NULL GROUP BY story
            UNION SELECT a.id FROM articles a JOIN repeats r ON r.article_id = a.id WHERE a.story IS NULL ORDER BY 1"""
        with self._cursor() as cursor:
            for (id,) in cursor.execute(query):
                one = self.source(id)
                yield tuple(sorted((*self.copies(id), *([one] if one else [])), key=earliest))

    def has_stories(self) -> bool:
        """Tell whether some article has an edited copy."""
        return self._row("SELECT 1 FROM articles WHERE story IS NOT NULL LIMIT 1") is not None

    def sentence_bounds(self, article_id: str) -> NDArray[np.int32]:
        """Return the sentences of an article, int32, shape (n, 2), half-open ranges in order."""
        row = self._row("SELECT sentences FROM articles WHERE id = ?", article_id)
        if row is None:
            raise IndexCorrupt(f"the catalogue has passages of {article_id!r} but not the article; {REBUILD}")
        bounds: NDArray[np.int32] = np.frombuffer(row[0], dtype="<i4").reshape(-1, 2)
        return bounds

    def sentences_within(self, passages: Sequence[Passage]) -> list[NDArray[np.int32]]:
        """Return where the sentences of each passage begin, in code points of its text, ascending."""
        begins = {name: self.sentence_bounds(name)[:, 0] for name in {passage.article_id for passage in passages}}
        found = []
        for passage in passages:
            starts = begins[passage.article_id]
            low, high = np.searchsorted(starts, (passage.start, passage.end))
            found.append(starts[low:high] - passage.start)
        return found

    def passages(self, numbers: Sequence[int]) -> list[Passage]:
        """Return passages by number, in the order asked. Raises IndexCorrupt if one is not there."""
        marks = ",".join("?" * len(numbers))
        with self._cursor() as cursor:
            query = f"SELECT {PASSAGE} FROM passages p WHERE number IN ({marks})"
            found = {row[0]: Passage(*row) for row in cursor.execute(query, list(numbers))}
        _check_found(numbers, found)
        return [found[number] for number in numbers]

    def all_passages(self) -> Iterator[Passage]:
        """Yield every passage, in order of number."""
        with self._cursor() as cursor:
            for row in cursor.execute(f"SELECT {PASSAGE} FROM passages p ORDER BY number"):
                yield Passage(*row)

    def all_sentences(self) -> Iterator[str]:
        """Yield every sentence, in order of its row."""
        with self._cursor() as cursor:
            for (id,) in cursor.execute("SELECT article_id FROM passages GROUP BY article_id ORDER BY min(number)"):
                (text,) = self._row("SELECT text FROM articles WHERE id = ?", id) or ("",)
                for start, end in self.sentence_bounds(id).tolist():
                    yield text[start:end]

    def sentence_rows(self, numbers: Sequence[int]) -> NDArray[np.int64]:
        """Return the rows of some passages' sentences, half-open ranges, int64, shape (n, 2), in the order asked.

        Raises IndexCorrupt if a passage is not there.
        """
        marks = ",".join("?" * len(numbers))
        with self._cursor() as cursor:
            query = f"SELECT number, first_row, end_row FROM passages WHERE number IN ({marks})"
            found = {number: rows for number, *rows in cursor.execute(query, list(numbers))}
        _check_found(numbers, found)
        return np.array([found[number] for number in numbers], dtype=np.int64).reshape(-1, 2)

    def contents(self) -> Generator[tuple[object, ...]]:
        """Yield every row of it, but for what is kept for the next build: what kind of row, its name, and the rest."""
        with self._cursor() as cursor:
            for query in (
                "SELECT 'article', * FROM articles ORDER BY id",
                "SELECT 'repeat', * FROM repeats ORDER BY id",
                "SELECT 'passage', p.article_id, p.* FROM passages p ORDER BY number",
            ):
                yield from cursor.execute(query)

    def passages_with_sources(self) -> Iterator[tuple[Passage, Source]]:
        """Yield every passage with its article's source, in order of number."""
        query = f"SELECT {PASSAGE}, {SOURCE} FROM passages p JOIN articles a ON a.id = p.article_id ORDER BY p.number"
        with self._cursor() as cursor:
            for row in cursor.execute(query):
                yield Passage(*row[:5]), _source(row[5:])

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

    def _row(self, query: str, *values: str | None) -> tuple[Any, ...] | None:
        with self._cursor() as cursor:
            row: tuple[Any, ...] | None = cursor.execute(query, values).fetchone()
            return row


def _check_found(numbers: Sequence[int], found: Container[int]) -> None:
    missing = next((number for number in numbers if number not in found), None)
    if missing is not None:
        raise IndexCorrupt(f"the rankings name passage {missing}, which the catalogue lacks; {REBUILD}")


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


def _cells(source: Source) -> tuple[str | None, ...]:
    published = source.published.isoformat() if source.published else None
    return source.id, source.title, source.outlet, source.author, published, source.url


def _pages(data: bytes) -> tuple[int, ...]:
    return tuple(np.frombuffer(data, dtype="<i4").tolist())
