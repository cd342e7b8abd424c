"""Which sentences of a passage are read first: those likest the question."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SHARE = 0.35
"""Of a passage's tokens, at least so many are kept."""
LEAST_SENTENCES = 2


def likest(cosines: NDArray[np.float32], sizes: NDArray[np.int64], headline: int) -> NDArray[np.bool_]:
    """Return which sentences of a passage are kept, bool, shape (n_sentences,).

    They are taken by their cosine to the question, highest first, until they hold SHARE of the tokens and are
    LEAST_SENTENCES. `sizes` holds the tokens of each; the first `headline` of them are their article's title,
    which stays, as it stands beside the other passages.
    """
    order = np.argsort(-cosines, kind="stable")
    before = np.cumsum(sizes[order]) - sizes[order]
    enough = (before >= SHARE * sizes.sum()) & (np.arange(len(order)) >= LEAST_SENTENCES)
    kept = np.zeros(len(order), dtype=np.bool_)
    kept[order[~enough]] = True
    kept[:headline] = True
    return kept
