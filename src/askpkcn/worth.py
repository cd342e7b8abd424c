"""Which passages are worth reading, told by what was read before: reading is nearly all of a question's time.

How the figures were chosen stands in docs/quality.md.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

from askpkcn.types import PASSAGES_READ

FIRST = 2
"""The best passages, which are read in any case: their number does not depend on the machine, nor do answers."""
SURE = 1.0
"""A margin, in logits, from which a span is taken for the answer while it is decided what else to read."""
ALIKE = 0.15
"""With an answer found, a passage is read if it holds its words, or if its likest sentence is at most so much less like
the question than that of the passage that tells it: it may tell the same, or otherwise."""
FAR, NEAR = 0.3, 0.1
"""With none found, one is read if its likest sentence is at most so much less like the question than the likest of
all: FAR for the best passage, and evenly less down to NEAR past the last."""
WHOLE = 4
"""Abridged passages that are read a second time, whole, at most."""
CLOSE = 2.0
"""So much less than the best span's a margin may be for its passage to be read whole; an answer with none so close is
not read again."""


def answer(margins: Mapping[int, float]) -> int | None:
    """Return the passage with the best margin if that is an answer's. `margins` are those of the passages read."""
    best = max(margins, key=lambda row: (margins[row], -row), default=None)
    return best if best is not None and margins[best] >= SURE else None


def reading(likeness: Sequence[float], margins: Mapping[int, float], alike: Container[int] = ()) -> list[int]:
    """Return which passages are read beside those that were, ascending.

    `likeness` holds the cosine of each passage's likest sentence, `margins` the margins of the passages read, and
    `alike` the passages that hold the words of the answer that was found in them, if one was.
    """
    found, count = answer(margins), len(likeness)
    if found is not None:
        least = [likeness[found] - ALIKE] * count
    else:
        places = max(count, PASSAGES_READ)  # few passages are no worse for being few
        least = [max(likeness) - FAR + (FAR - NEAR) * rank / places for rank in range(count)]
    return [row for row in range(count) if row not in margins and (likeness[row] >= least[row] or row in alike)]


def reading_whole(margins: Mapping[int, float], abridged: Sequence[int]) -> list[int]:
    """Return which of the abridged passages are read again, whole, the most promising first."""
    least = max(margins.values(), default=0.0) - CLOSE
    close = [row for row, margin in margins.items() if margin >= least]
    if len(close) == 1 and answer(margins) is not None:
        return []
    return sorted(set(close) & set(abridged), key=lambda row: (-margins[row], row))[:WHOLE]
