"""Keeping an index live: a build whenever files change, until SIGINT or SIGTERM."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import watchfiles

from askpkcn.errors import AskpkcnError

QUIET_MS = 1_000
"""Changes that follow one another within this time are one build."""
LONGEST_MS = 10_000
"""A build waits no longer than this for quiet."""
AGAIN_MS = 15_000
"""After a build that failed, the next try, even if nothing has changed: what stood in its way may be gone."""


def watch(paths: list[Path], index: Path, build: Callable[[], None], complain: Callable[[str], None]) -> None:
    """Build, and then again whenever something under the paths has changed; SIGTERM ends it, and SIGINT as ever.

    A build that fails after the first is told, and tried again; the index answers as before.
    """
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        # Watched from before the first build on, so that nothing that changes meanwhile is missed.
        changes = watchfiles.watch(
            *paths,
            watch_filter=_outside(index),
            debounce=LONGEST_MS,
            step=QUIET_MS,
            rust_timeout=AGAIN_MS,
            yield_on_timeout=True,
            raise_interrupt=True,
        )
        build()
        failed = False
        for changed in changes:
            if not changed and not failed:
                continue
            try:
                build()
                failed = False
            except AskpkcnError as error:
                failed = True
                complain(f"error: {error}")
    finally:
        signal.signal(signal.SIGTERM, before)


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
