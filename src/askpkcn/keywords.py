"""Keyword search: BM25 over stemmed English words, in tantivy.

BM25 as in Robertson and Zaragoza 2009, "The Probabilistic Relevance Framework: BM25 and Beyond".
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import tantivy

from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.types import Filters, Passage, Ranked, Source

HEAP_BYTES = 50_000_000
UNDATED = 0
COMMON = 0.1
"""A word in a larger share of all passages tells little, and takes long where they are many."""
MANY = 20_000
"""In fewer passages than this no word is common."""
WORD = re.compile(r"\w+")


def write(rows: Iterable[tuple[Passage, Source]], folder: Path) -> None:
    """Write a tantivy index of passages to a new folder. Raises OSError if it cannot be written in full."""
    folder.mkdir(parents=True)
    schema = _schema()
    try:
        _write(rows, tantivy.Index(schema, path=str(folder)), schema)
    except ValueError as error:  # tantivy says no more of a full disk
        raise OSError(f"tantivy cannot write {folder.name} in full") from error


def _write(rows: Iterable[tuple[Passage, Source]], index: Any, schema: Any) -> None:
    writer = index.writer(heap_size=HEAP_BYTES, num_threads=1)  # one thread: the same input gives the same segments
    for passage, source in rows:
        fields = {
            "text": passage.text,
            "number": passage.number,
            "outlet": [source.outlet.casefold()] if source.outlet else [],
            "published": _day(source.published),
        }
        writer.add_document(tantivy.Document.from_dict(fields, schema))
    writer.commit()
    writer.wait_merging_threads()


class Keywords:
    """An index on disk, opened for search."""

    def __init__(self, folder: Path) -> None:
        """Open a folder of `write`. Raises IndexCorrupt if tantivy cannot."""
        try:
            self._index = tantivy.Index.open(str(folder))
        except ValueError as error:
            if not os.access(folder, os.W_OK):  # tantivy takes a lock file even to read
                raise IndexCorrupt(f"{folder} is read-only, and tantivy must lock it; copy the index") from error
            raise IndexCorrupt(f"{folder} is no tantivy index ({error}); {REBUILD}") from error
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    def __len__(self) -> int:
        """Return the number of passages."""
        return int(self._searcher.num_docs)

    def best(self, question: str, limit: int, filters: Filters) -> list[Ranked]:
        """Return up to `limit` passages by BM25 for any of the question's words, inside the filters, best first.

        Over many passages words that stand in a tenth of them are left out, if others find something.
        """
        words = WORD.findall(question.lower())
        if not words or limit < 1 or not len(self):
            return []
        # What is common among all may be what tells inside the filters.
        return self._search(self._telling(words), limit, filters) or self._search(words, limit, filters)

    def _search(self, words: list[str], limit: int, filters: Filters) -> list[Ranked]:
        query, _ = self._index.parse_query_lenient(" ".join(words), ["text"])
        conditions = self._conditions(filters)
        if conditions:
            must = [(tantivy.Occur.Must, tantivy.Query.const_score_query(c, 0.0)) for c in conditions]
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), *must])
        hits = self._searcher.search(query, limit).hits
        found = [Ranked(int(self._searcher.doc(address)["number"][0]), float(score)) for score, address in hits]
        return sorted(found, key=lambda r: (-r.score, r.passage))

    def _telling(self, words: list[str]) -> list[str]:
        """Return words without those that are common, or all if every other one is unknown."""
        most = max(MANY, COMMON * len(self))
        return [word for word in words if 0 < self._passages_with(word) <= most] or words

    def _passages_with(self, word: str) -> int:
        return max((int(self._searcher.doc_freq("text", stem)) for stem in _stems().analyze(word)), default=0)

    def _conditions(self, filters: Filters) -> list[tantivy.Query]:
        made = []
        if filters.outlets:
            names = [outlet.casefold() for outlet in filters.outlets]
            made.append(tantivy.Query.term_set_query(self._schema, "outlet", names))
        if filters.first is not None or filters.last is not None:
            made.append(
                tantivy.Query.range_query(
                    self._schema,
                    "published",
                    tantivy.FieldType.Unsigned,
                    _day(filters.first or date.min),
                    _day(filters.last or date.max),
                )
            )
        return made


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("text", tokenizer_name="en_stem")
    builder.add_unsigned_field("number", stored=True)
    builder.add_text_field("outlet", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("published", indexed=True, fast=True)
    return builder.build()


@cache
def _stems() -> Any:
    """Return what en_stem makes of a text."""
    words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.lowercase())
    return words.filter(tantivy.Filter.stemmer("english")).build()


def _day(published: date | None) -> int:
    """Return 20220207 for 7 February 2022: ordered, and 0 for no date, which is outside every range."""
    return UNDATED if published is None else published.year * 10_000 + published.month * 100 + published.day
