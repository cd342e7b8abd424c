"""SQuAD's exact match and F1 (Rajpurkar et al. 2016), and the joint start/end search the product uses too."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable

import numpy as np

MAX_ANSWER_TOKENS = 30


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


def best_span(start: np.ndarray, end: np.ndarray, first: int, last: int) -> tuple[int, int, float, float]:
    """Return (start, inclusive end, span score, null score) of the best pair with first <= start <= end < last."""
    scores = start[first:last, None] + end[None, first:last]
    allowed = np.triu(np.ones(scores.shape, dtype=bool)) & ~np.triu(
        np.ones(scores.shape, dtype=bool), MAX_ANSWER_TOKENS
    )
    scores = np.where(allowed, scores, -np.inf)
    flat = int(scores.argmax())
    s, e = divmod(flat, scores.shape[1])
    return first + s, first + e, float(scores[s, e]), float(start[0] + end[0])


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
