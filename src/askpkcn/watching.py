"""Keeping an index live: a build whenever files change, until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import NoReturn

import watchfiles

from askpkcn.errors import AskpkcnError

QUIET_MS = 1_000
"""Changes that follow one another within this time are one build."""
LONGEST_MS = 10_000
"""A build waits no longer than this for quiet."""
AGAIN = 15.0
"""Seconds after a build that failed until the next try, even if nothing has changed: what stood in its way may go."""


def watch(paths: list[Path], index: Path, build: Callable[[], None], complain: Callable[[str], None]) -> None:
    """Build, and then again whenever something under the paths has changed; SIGTERM ends it, and SIGINT as ever.

    A build that fails after the first is told, and tried again; the index answers as before. The first one's errors are
    raised.
    """
    if not all(path.exists() for path in paths):
        build()  # which says what is missing: nothing could be watched
        return
    before = signal.signal(signal.SIGTERM, _stop)
    changed, stop = Event(), Event()
    # Watched from before the first build on, so that nothing that changes meanwhile is missed.
    watching = Thread(target=_notice, args=(paths, index, changed, stop), daemon=True)
    try:
        watching.start()
        build()
        failed = ""
        while True:
            if not changed.wait(AGAIN) and not failed:
                continue
            changed.clear()
            try:
                build()
                failed = ""
            except AskpkcnError as error:
                if str(error) != failed:
                    complain(f"error: {error}")
                failed = str(error)
    finally:
        stop.set()
        watching.join()
        signal.signal(signal.SIGTERM, before)


def _notice(paths: list[Path], index: Path, changed: Event, stop: Event) -> None:
    """Set `changed` for whatever changes under the paths until `stop` is set."""
    filter = _outside(index)
    for _ in watchfiles.watch(
        *paths, watch_filter=filter, debounce=LONGEST_MS, step=QUIET_MS, stop_event=stop, rust_timeout=200
    ):
        changed.set()


def _outside(index: Path) -> Callable[[watchfiles.Change, str], bool]:
    """Return a filter that leaves out the index itself, and what is no article: hidden files and folders."""
    own = str(index.absolute())

    def matters(_change: watchfiles.Change, path: str) -> bool:
        inside = path == own or path.startswith(own + os.sep)
        return not inside and not Path(path).name.startswith(".")

    return matters


def _stop(*_: object) -> NoReturn:
    """End cleanly: whatever runs is left by its own way out, and the vectors that it made are kept."""
    raise SystemExit(0)
