"""Dense search: unit vectors in FAISS, exact while they are few, an inverted file past that.

The inverted file (Jégou, Douze and Schmid 2011, "Product Quantization for Nearest Neighbor Search", section 4) puts
each vector, a byte a component, in the list of its nearest centroid; a search scans the lists nearest to the question,
and ranks what they give again by the vectors themselves.
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

FAISS: Any = faiss  # its annotations lack the inverted file and the search parameters

Rows = NDArray[np.float32]

EXACT_UP_TO = 50_000
PROBES = 128
"""Lists that are scanned."""
AGAIN = 2
"""So many times what is asked for is ranked again by the vectors themselves."""
TAUGHT_BY = 64
"""Vectors a list that its centroid is found from."""
BLOCK = 16_384
"""Rows that are handed to FAISS at a time: the rest may stay on disk."""


def write(rows: Rows, file: Path, exact_up_to: int = EXACT_UP_TO) -> None:
    """Write unit rows, float32, shape (n, dimension), as an index whose ids are the row numbers.

    Raises OSError if the file cannot be written in full.
    """
    index = FAISS.IndexFlatIP(rows.shape[1]) if len(rows) <= exact_up_to else _inverted(rows)
    for at in range(0, len(rows), BLOCK):
        index.add(np.ascontiguousarray(rows[at : at + BLOCK], dtype=np.float32))
    try:
        faiss.write_index(index, str(file))
    except RuntimeError as error:  # FAISS says no more of a full disk
        raise OSError(f"FAISS cannot write {file.name} in full") from error


def lists(count: int) -> int:
    """Return how many lists hold so many vectors: a power of two near four square roots of them."""
    return int(2 ** np.round(np.log2(4 * np.sqrt(count))))


def _inverted(rows: Rows) -> Any:
    """Return an index that has learnt its lists and holds nothing yet."""
    dimension, count = rows.shape[1], min(lists(len(rows)), len(rows))
    index = FAISS.IndexIVFScalarQuantizer(
        FAISS.IndexFlatIP(dimension), dimension, count, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT, False
    )
    index.cp.max_points_per_centroid = TAUGHT_BY
    index.cp.min_points_per_centroid = 1  # FAISS warns of fewer than 39 on stderr
    some = np.linspace(0, len(rows) - 1, min(len(rows), TAUGHT_BY * count), dtype=np.int64)
    index.train(np.ascontiguousarray(rows[some], dtype=np.float32))
    return FAISS.IndexRefineFlat(index)


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
        exact = FAISS.SearchParameters(sel=selector)
        if not isinstance(self._index, faiss.IndexRefine):
            return _search(self._index, vector, limit, exact)
        rows = faiss.downcast_index(self._index.refine_index)
        # The lists nearest to the question may hold little of a selection that lies far from it.
        if among is not None and len(among) <= EXACT_UP_TO:
            return _search(rows, vector, limit, exact)
        probing = FAISS.SearchParametersIVF(nprobe=PROBES, sel=selector)
        twice = FAISS.IndexRefineSearchParameters(k_factor=AGAIN, base_index_params=probing)
        found = _search(self._index, vector, limit, twice)
        return found if len(found) == limit else _search(rows, vector, limit, exact)


def _search(index: Any, vector: Rows, limit: int, parameters: Any) -> list[Ranked]:
    similarities, numbers = index.search(vector[None, :], limit, params=parameters)
    return [
        Ranked(int(number), float(similarity))
        for number, similarity in zip(numbers[0], similarities[0], strict=True)
        if number >= 0
    ]
