"""The live snapshot, as the service sees it: a request keeps the engine that it began with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from askpkcn.engine import Engine


class Live:
    """Lends the engine of the live snapshot; the one before it is closed when its last user is done."""

    def __init__(self, engine: Engine) -> None:
        self._lock = Lock()
        self._engine = engine
        self._users = {engine: 0}

    @property
    def snapshot(self) -> str:
        """The name of the snapshot that new requests get."""
        return self._engine.snapshot

    @contextmanager
    def use(self, engine: Engine | None = None) -> Iterator[Engine]:
        """Lend the live engine, or one that is lent already once more. Raises KeyError if that was closed since."""
        with self._lock:
            lent = engine or self._engine
            self._users[lent] += 1
        try:
            yield lent
        finally:
            with self._lock:
                self._users[lent] -= 1
            self._close_unused()

    def refresh(self) -> bool:
        """Take the new snapshot, if there is one, and tell whether there was. Raises as opening an engine does.

        It is opened and loaded before the first request sees it; where that fails, the old one stays.
        """
        if not self._engine.outdated():
            return False
        fresh = self._engine.reopen()
        try:
            fresh.load()
        except BaseException:
            fresh.close()
            raise
        with self._lock:
            self._engine = fresh
            self._users[fresh] = 0
        self._close_unused()
        return True

    def close(self) -> None:
        """Close every engine; nobody may use one any more."""
        with self._lock:
            for engine in self._users:
                engine.close()

    def _close_unused(self) -> None:
        with self._lock:
            unused = [engine for engine, users in self._users.items() if not users and engine is not self._engine]
            for engine in unused:
                del self._users[engine]
                engine.close()
