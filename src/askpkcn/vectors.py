"""Dense search: unit vectors in FAISS, exact while they are few, a navigable graph past that.

The graph is HNSW (Malkov and Yashunin 2018, "Efficient and robust approximate nearest neighbor search using
Hierarchical Navigable Small World graphs").
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.types import Ranked

FAISS: Any = faiss  # its annotations lack HNSW and the search parameters

Rows = NDArray[np.float32]

EXACT_UP_TO = 50_000
HNSW_LINKS = 32
HNSW_BUILD_WIDTH = 128
HNSW_SEARCH_WIDTH = 384
BLOCK = 16_384
"""Rows that are handed to FAISS at a time: the rest may stay on disk."""


def write(rows: Rows, file: Path, exact_up_to: int = EXACT_UP_TO) -> None:
    """Write unit rows, float32, shape (n, dimension), as an index whose ids are the row numbers.

    Raises OSError if the file cannot be written in full.
    """
    if len(rows) <= exact_up_to:
        index = FAISS.IndexFlatIP(rows.shape[1])
    else:
        index = FAISS.IndexHNSWFlat(rows.shape[1], HNSW_LINKS, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = HNSW_BUILD_WIDTH
    for at in range(0, len(rows), BLOCK):
        index.add(np.ascontiguousarray(rows[at : at + BLOCK], dtype=np.float32))
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:  # FAISS says no more of a full disk
        raise OSError(f"FAISS cannot write {file.name} in full") from error


class Vectors:
    """An index on disk, opened for search."""

    def __init__(self, file: Path) -> None:
        """Open a file of `write`. Raises IndexCorrupt if FAISS cannot."""
        try:
            # Mapped, so that processes share its pages; snapshots never change.
            self._index = faiss.read_index(str(file), FAISS.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise IndexCorrupt(f"{file} is no FAISS index; {REBUILD}") from error

    def __len__(self) -> int:
        """Return the number of vectors."""
        return int(self._index.ntotal)

    def rows(self) -> Rows:
        """Return all vectors, float32, shape (n, dimension)."""
        rows: Rows = self._index.reconstruct_n(0, len(self))
        return rows

    def rows_at(self, numbers: NDArray[np.int64]) -> Rows:
        """Return the vectors of some passages, float32, shape (n, dimension)."""
        rows: Rows = self._index.reconstruct_batch(numbers)
        return rows

    def nearest(self, vector: Rows, limit: int, among: Sequence[int] | None = None) -> list[Ranked]:
        """Return up to `limit` passages by cosine similarity to a unit vector, best first.

        With `among`, only those passage numbers compete, and up to `limit` of them come back.
        """
        limit = min(limit, len(self) if among is None else len(among))
        if limit == 0:
            return []
        selector = None if among is None else faiss.IDSelectorBatch(np.asarray(among, dtype=np.int64))
        scan = FAISS.SearchParameters(sel=selector)
        if not isinstance(self._index, faiss.IndexHNSW):
            return _search(self._index, vector, limit, scan)
        rows = faiss.downcast_index(self._index.storage)
        # A walk of the graph ends near the question, and misses a selection that lies far from it.
        if among is not None and len(among) <= EXACT_UP_TO:
            return _search(rows, vector, limit, scan)
        walk = FAISS.SearchParametersHNSW(sel=selector, efSearch=max(HNSW_SEARCH_WIDTH, 2 * limit))
        found = _search(self._index, vector, limit, walk)
        return found if among is None or len(found) == limit else _search(rows, vector, limit, scan)


def _search(index: Any, vector: Rows, limit: int, parameters: Any) -> list[Ranked]:
    similarities, numbers = index.search(vector[None, :], limit, params=parameters)
    return [
        Ranked(int(number), float(similarity))
        for number, similarity in zip(numbers[0], similarities[0], strict=True)
        if number >= 0
    ]
