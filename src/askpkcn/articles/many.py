"""Many files: read side by side by several workers, given in order, only so many ahead."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue

from askpkcn.articles.finding import Found, Skipped
from askpkcn.articles.limits import Extractor
from askpkcn.articles.reading import Contents, Reading
from askpkcn.articles.sidecar import Sidecars
from askpkcn.types import Article

Piece = Article | Skipped | str
"""What files give, one by one; a str is a note."""
MOST_WORKERS = 4
"""A worker may need its 2 GB, so more of them are no gain on most machines."""
AHEAD = 8
"""Files a worker that may be read before their turn."""


class Readings:
    """Reads files side by side; use it as a context manager. Its workers, if any were needed, end with it.

    `plain` is a reading for the thread that owns this.
    """

    def __init__(self, workers: int | None = None) -> None:
        self._workers = workers or min(os.cpu_count() or 1, MOST_WORKERS)
        self._sidecars = Sidecars()
        self._free: SimpleQueue[Reading] = SimpleQueue()
        self._pool = ThreadPoolExecutor(self._workers)
        self._extractors = [Extractor() for _ in range(self._workers + 1)]
        self.plain, *others = (Reading(each, self._sidecars) for each in self._extractors)
        for reading in others:
            self._free.put(reading)

    def __enter__(self) -> Readings:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for _again in range(2):  # what is being read is given up; a worker that was just starting ends after it
            for extractor in self._extractors:
                extractor.close()
            self._pool.shutdown()

    def digests(self, found: Sequence[Found], done: Callable[[int], None]) -> list[str | None]:
        """Return what each file's articles depend on, as one digest, or None where it cannot be told."""
        made = []
        for digest in self._pool.map(self.plain.digest, found):
            made.append(digest)
            done(len(made))
        return made

    def read(self, found: Sequence[Found]) -> Iterator[tuple[Found, Iterator[Piece]]]:
        """Yield each file, in order, with what it gives. Raises ArticleError for an articles.toml that is wrong."""
        waiting: deque[tuple[Found, Future[Contents | None]]] = deque()
        for each in found:
            waiting.append((each, self._pool.submit(self._contents, each)))
            if len(waiting) > AHEAD * self._workers:
                yield self._first(waiting)
        while waiting:
            yield self._first(waiting)

    def _first(self, waiting: deque[tuple[Found, Future[Contents | None]]]) -> tuple[Found, Iterator[Piece]]:
        each, future = waiting.popleft()
        contents = future.result()
        if contents is None:
            return each, self.plain.records(each)
        return each, iter([*contents.articles, *contents.skipped, *contents.notes])

    def _contents(self, found: Found) -> Contents | None:
        """Read a file in a pool's thread, or leave it to its turn if it may hold more than fits into memory."""
        reading = self._free.get()
        try:
            return None if reading.is_lines(found) else reading.contents(found)
        finally:
            self._free.put(reading)
