"""The vector of every sentence of an index: rows of half precision in a numpy file, in order of the articles.

The sentences of a passage are a contiguous range of rows, which the catalogue tells; passages that share a sentence
share its row.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askpkcn.errors import REBUILD, IndexCorrupt
from askpkcn.vectors import Rows

Halves = NDArray[np.float16]


def create(file: Path, count: int, dimension: int) -> Halves:
    """Return the rows of a new file to be filled, float16, shape (count, dimension), mapped. Raises OSError."""
    rows: Halves = np.lib.format.open_memmap(file, mode="w+", dtype=np.float16, shape=(count, dimension))
    return rows


class SentenceVectors:
    """The rows of a file, mapped, so that processes share its pages; snapshots never change."""

    def __init__(self, file: Path) -> None:
        """Open a file of `create`. Raises IndexCorrupt if it is none."""
        try:
            self._rows: Halves = np.asarray(np.load(file, mmap_mode="r", allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise IndexCorrupt(f"{file} holds no sentence vectors; {REBUILD}") from error
        if self._rows.ndim != 2 or self._rows.dtype != np.float16:
            raise IndexCorrupt(
                f"{file} holds {self._rows.dtype} of shape {self._rows.shape}, expected float16 rows; {REBUILD}"
            )

    def __len__(self) -> int:
        """Return the number of vectors."""
        return len(self._rows)

    def rows_at(self, numbers: NDArray[np.int64]) -> Rows:
        """Return the vectors of some sentences, float32, shape (n, dimension)."""
        rows: Rows = self._rows[numbers].astype(np.float32)
        return rows

    def best(self, vector: Rows, ranges: NDArray[np.int64]) -> Rows:
        """Return the highest cosine similarity to a unit vector within each range of rows, float32, shape (n,).

        `ranges` are half-open, shape (n, 2), and none is empty.
        """
        if not len(ranges):
            return np.empty(0, dtype=np.float32)
        lengths = ranges[:, 1] - ranges[:, 0]
        cosines = self.rows_at(np.concatenate([np.arange(low, high) for low, high in ranges])) @ vector
        highest: Rows = np.maximum.reduceat(cosines, np.cumsum(lengths) - lengths)
        return highest
