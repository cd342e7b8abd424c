"""Measures of one answer, and of many: pure functions of numbers and texts, each with its source.

docs/evaluation.md defines them; a test holds exact match and F1 to torchmetrics, and ranking comes from ir-measures.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
BINS = 10


def normalise(text: str) -> str:
    """Lower-case, without punctuation, articles and extra space (Rajpurkar et al. 2016, the official script)."""
    text = "".join(c for c in text.lower() if c not in string.punctuation)
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text).split())


def exact_match(given: str, golds: Iterable[str]) -> float:
    """Return 1.0 if the answer equals any gold answer, normalised (Rajpurkar et al. 2016)."""
    return float(any(normalise(given) == normalise(gold) for gold in golds))


def f1(given: str, golds: Iterable[str]) -> float:
    """Return the best token F1 of the answer over all gold answers (Rajpurkar et al. 2016)."""
    return max((_f1(normalise(given).split(), normalise(gold).split()) for gold in golds), default=0.0)


def _f1(given: list[str], gold: list[str]) -> float:
    same = sum((Counter(given) & Counter(gold)).values())
    if not same:
        return float(given == gold)
    return 2 * same / (len(given) + len(gold))


def hold_one_another(one: str, other: str) -> bool:
    """Tell whether one text holds the other in whole words, both normalised and not empty."""
    a, b = f" {normalise(one)} ", f" {normalise(other)} "
    return bool(a.strip() and b.strip()) and (a in b or b in a)


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Return the probability that a positive outscores a negative, ties counting half (Fawcett 2006).

    scores and positive have shape (n,); NaN where either class is empty.
    """
    n_positive = int(positive.sum())
    n_negative = len(positive) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[inverse]
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def risk_coverage(scores: Floats, wrong: Floats) -> tuple[Floats, Floats]:
    """Return coverage and risk, shape (n,): the share answered and the share of it that is wrong, surest first.

    Equal scores are answered together, so that the order of the questions does not count (El-Yaniv and Wiener 2010).
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    answered = np.arange(1, len(scores) + 1, dtype=np.float64)
    errors = wrong[order].cumsum()
    last = np.searchsorted(-ranked, -ranked, side="right") - 1
    return answered / len(scores), errors[last] / answered[last]


def area_under_risk_coverage(scores: Floats, wrong: Floats) -> float:
    """Return the mean risk over all coverages, lower is better (Geifman et al. 2019); NaN of nothing."""
    return float(risk_coverage(scores, wrong)[1].mean()) if len(scores) else float("nan")


def reliability(p: Floats, right: Floats) -> list[tuple[float, float, int]]:
    """Return (mean probability, share right, count) of each filled bin of BINS equally wide ones (Guo et al. 2017)."""
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    return [
        (float(p[which == b].mean()), float(right[which == b].mean()), int((which == b).sum()))
        for b in range(BINS)
        if (which == b).any()
    ]


def calibration_error(p: Floats, right: Floats) -> float:
    """Return the expected calibration error (Guo et al. 2017); NaN of nothing."""
    if not len(p):
        return float("nan")
    which = np.minimum((p * BINS).astype(int), BINS - 1)
    gaps = np.bincount(which, weights=p - right, minlength=BINS)
    return float(np.abs(gaps).sum() / len(p))


def mean(values: Floats) -> float:
    """Return the mean; NaN of nothing."""
    return float(values.mean()) if len(values) else float("nan")


def percentile(values: Floats, q: float) -> float:
    """Return the q-th percentile, q in 0..100, linear between neighbours; NaN of nothing."""
    return float(np.percentile(values, q)) if len(values) else float("nan")


def sides(quotes: Sequence[str]) -> list[list[str]]:
    """Return the quotes in groups of those that hold one another, in order: what a full answer must show."""
    found: list[list[str]] = []
    for quote in quotes:
        for side in found:
            if any(hold_one_another(quote, other) for other in side):
                side.append(quote)
                break
        else:
            found.append([quote])
    return found
