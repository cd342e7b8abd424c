"""Vectors that a build has made so far, on disk, so that a killed build loses only its last few.

The file begins with a head that names the encoder; blocks follow, each of a count, the texts' digests, the vectors,
and a checksum of all three. What is torn at the end, or damaged, is cut off with all that follows it.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askpkcn.vectors import Rows

MAGIC = b"askpkcn vectors 2\n"
CHECK = 16
KEY = 16
KEYS = np.dtype(f"S{KEY}")

Keys = NDArray[np.bytes_]
"""What vectors are found by, KEY bytes each, shape (n,): an array of millions is small and can be searched."""


def key_of(text: str) -> bytes:
    """Return what a vector is found by: a digest of all that was embedded."""
    return hashlib.blake2b(text.encode(), digest_size=KEY).digest()


class Journal:
    """The journal of one encoder, opened to read and to append; use it as a context manager."""

    def __init__(self, file: Path, encoder: str, dimension: int) -> None:
        """Open a journal, or begin one where there is none or another encoder's. Raises OSError."""
        self._dimension = dimension
        self._keys = bytearray()
        self._places = array("q")
        self._stream = (file if file.exists() else _begun(file)).open("r+b")
        head = MAGIC + hashlib.sha256(f"{encoder} {dimension}".encode()).digest()
        if self._stream.read(len(head)) != head:
            self._stream.seek(0)
            self._stream.truncate()
            self._stream.write(head)
        self._end = self._stream.tell()
        while size := self._block():
            self._end += size
        self._stream.seek(self._end)
        self._stream.truncate()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def keys(self) -> Keys:
        """Return what was embedded, in the order in which it was."""
        return np.frombuffer(bytes(self._keys), dtype=KEYS)

    def rows_at(self, numbers: NDArray[np.int64]) -> Rows:
        """Return the vectors of some keys by their place in `keys`, float32, shape (n, dimension)."""
        rows = np.empty((len(numbers), self._dimension), dtype="<f4")
        for row, number in zip(rows, numbers, strict=True):
            self._stream.seek(self._places[number])
            row[:] = np.frombuffer(self._stream.read(4 * self._dimension), dtype="<f4")
        return rows

    def append(self, keys: Keys, rows: Rows) -> None:
        """Keep the vectors of some texts, float32, shape (n, dimension). Raises OSError if the disk is full."""
        told = keys.tobytes()
        data = len(keys).to_bytes(4, "little") + told + rows.astype("<f4").tobytes()
        self._stream.seek(self._end)
        self._stream.write(data + _check(data))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._remember(told, self._end)
        self._end += len(data) + CHECK

    def _block(self) -> int:
        """Take in the block that begins where the file stands, and return its size, or 0 if none is whole."""
        count = self._stream.read(4)
        if len(count) < 4:
            return 0
        size = int.from_bytes(count, "little") * (KEY + 4 * self._dimension)
        left = os.fstat(self._stream.fileno()).st_size - self._stream.tell()
        if not 0 < size <= left - CHECK:
            return 0
        body = self._stream.read(size)
        if self._stream.read(CHECK) != _check(count + body):
            return 0
        self._remember(body[: KEY * int.from_bytes(count, "little")], self._end)
        return 4 + size + CHECK

    def _remember(self, told: bytes, begin: int) -> None:
        first = begin + 4 + len(told)
        self._keys += told
        self._places.extend(first + 4 * self._dimension * i for i in range(len(told) // KEY))


def _begun(file: Path) -> Path:
    file.touch()
    return file


def _check(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=CHECK).digest()
