"""Vectors that a build has made so far, on disk, so that a killed build loses only its last few.

The file begins with a head that names the encoder; blocks follow, each of a count, the texts' digests, the vectors,
and a checksum of all three. What is torn at the end, or damaged, is cut off with all that follows it.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numpy as np

from askpkcn.vectors import Rows

MAGIC = b"askpkcn vectors 1\n"
CHECK = 16
KEY = 32


def key_of(text: str) -> bytes:
    """Return what a passage's vector is found by."""
    return hashlib.sha256(text.encode()).digest()


class Journal:
    """The journal of one encoder, opened to read and to append; use it as a context manager."""

    def __init__(self, file: Path, encoder: str, dimension: int) -> None:
        """Open a journal, or begin one where there is none or another encoder's. Raises OSError."""
        self._dimension = dimension
        self._places: dict[bytes, int] = {}
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

    def __len__(self) -> int:
        """Return how many vectors are kept."""
        return len(self._places)

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def row(self, key: bytes) -> Rows:
        """Return the vector of a text, float32, shape (dimension,)."""
        self._stream.seek(self._places[key])
        return np.frombuffer(self._stream.read(4 * self._dimension), dtype="<f4")

    def append(self, keys: list[bytes], rows: Rows) -> None:
        """Keep the vectors of some texts, float32, shape (n, dimension). Raises OSError if the disk is full."""
        data = len(keys).to_bytes(4, "little") + b"".join(keys) + rows.astype("<f4").tobytes()
        self._stream.seek(self._end)
        self._stream.write(data + _check(data))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._remember(keys, self._end)
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
        n = int.from_bytes(count, "little")
        self._remember([body[KEY * i : KEY * (i + 1)] for i in range(n)], self._end)
        return 4 + size + CHECK

    def _remember(self, keys: list[bytes], begin: int) -> None:
        first = begin + 4 + KEY * len(keys)
        for i, key in enumerate(keys):
            self._places[key] = first + 4 * self._dimension * i


def _begun(file: Path) -> Path:
    file.touch()
    return file


def _check(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=CHECK).digest()
