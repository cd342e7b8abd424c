"""The area under the ROC curve from two sets of scores; all other measures are the product's own."""

from __future__ import annotations

import numpy as np

from askpkcn.evaluation import measures


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return the probability that a positive outscores a negative, ties counting half."""
    scores = np.concatenate([positive, negative]).astype(float)
    return measures.auroc(scores, np.arange(len(scores)) < len(positive))
