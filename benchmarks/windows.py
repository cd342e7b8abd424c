"""What the shipped reader is fed for a question, as it is fed when a user asks."""

from __future__ import annotations

from typing import Any

import numpy as np

from askpkcn.engine import Engine
from askpkcn.reader import Reader

Feed = dict[str, np.ndarray]


def fed(engine: Engine, reader: Reader, question: str) -> list[Feed]:
    """Ask an engine that has this reader, and return what each of its runs got."""
    feeds: list[Feed] = []
    session = reader._session

    class Listening:
        def run(self, names: list[str], feed: Feed) -> Any:
            feeds.append(feed)
            return session.run(names, feed)

    reader._session = Listening()
    try:
        engine.ask(question)
    finally:
        reader._session = session
    return feeds
