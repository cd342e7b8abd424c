"""SQuAD's exact match and F1 (Rajpurkar et al. 2016), and the area under the ROC curve."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

import numpy as np


def normalise(text: str) -> str:
    """Lower-case, without punctuation, articles and extra space: SQuAD's official rule."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def exact(given: str, golds: Iterable[str]) -> float:
    """Return 1.0 if the answer equals any gold answer, normalised."""
    return float(any(normalise(given) == normalise(gold) for gold in golds))


def f1(given: str, golds: Iterable[str]) -> float:
    """Return the best token F1 of the answer over all gold answers."""
    return max(_f1(normalise(given).split(), normalise(gold).split()) for gold in golds)


def _f1(given: list[str], gold: list[str]) -> float:
    same = sum((Counter(given) & Counter(gold)).values())
    if not same:
        return float(given == gold)
    return 2 * same / (len(given) + len(gold))


def auroc(positive: np.ndarray, negative: np.ndarray) -> float:
    """Return the probability that a positive outscores a negative, ties counting half."""
    joined = np.concatenate([positive, negative])
    order = joined.argsort(kind="stable")
    ranks = np.empty(len(joined))
    ranks[order] = np.arange(1, len(joined) + 1)
    for value in np.unique(joined):
        ranks[joined == value] = ranks[joined == value].mean()
    wins = ranks[: len(positive)].sum() - len(positive) * (len(positive) + 1) / 2
    return float(wins / (len(positive) * len(negative)))


def calibration_error(p: np.ndarray, right: np.ndarray, bins: int = 10) -> float:
    """Return the expected calibration error (Guo et al. 2017) over equally wide bins."""
    which = np.minimum((p * bins).astype(int), bins - 1)
    return float(sum(abs(p[which == b].mean() - right[which == b].mean()) * (which == b).mean() for b in set(which)))
