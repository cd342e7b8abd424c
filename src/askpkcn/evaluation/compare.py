"""Two runs side by side: the difference of each measure, a paired test, and the questions that changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from askpkcn.errors import EvaluationError
from askpkcn.evaluation.measures import Floats
from askpkcn.evaluation.rows import Row, read
from askpkcn.evaluation.summary import LEVEL, MEASURES, RESAMPLES, SEED, Places, Table

SWAPS = 2000


@dataclass(frozen=True, slots=True)
class Difference:
    """A measure in both runs; p is the chance of so large a difference if the runs were exchangeable."""

    measure: str
    a: float
    b: float
    difference: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Change:
    """A question that one run got right and the other lost, or that they lost at different stages."""

    id: str
    question: str
    before: str
    after: str
    given_before: str
    given_after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What compare found, over the questions of one split that both runs asked."""

    split: str
    n: int
    differences: tuple[Difference, ...]
    changes: tuple[Change, ...]
    only_one: int


def compare(a: Path, b: Path, split: str) -> Comparison:
    """Compare two runs' folders on one split. Raises EvaluationError if they share no question of it."""
    ours = {row["id"]: row for row in read(a) if row["split"] == split}
    theirs = {row["id"]: row for row in read(b) if row["split"] == split}
    both = [name for name in ours if name in theirs and _same(ours[name], theirs[name])]
    if not both:
        raise EvaluationError(f"{a} and {b} share no question of the split {split!r}; choose another --split")
    one, other = [ours[name] for name in both], [theirs[name] for name in both]
    only = len(set(ours) | set(theirs)) - len(both)
    return Comparison(split, len(both), tuple(_differences(one, other)), tuple(_changes(one, other)), only)


def _same(one: Row, other: Row) -> bool:
    return bool(one["question"] == other["question"] and one["answers"] == other["answers"])


def _differences(one: Sequence[Row], other: Sequence[Row]) -> list[Difference]:
    """Test each measure by swapping the runs question by question at random.

    The paired approximate randomisation test (Noreen 1989; Smucker, Allan and Carterette 2007 for retrieval); the
    interval is a bootstrap over questions, both runs resampled together.
    """
    n = len(one)
    random = np.random.default_rng(SEED)
    pair = Table([*one, *other])
    first, second = np.arange(n), np.arange(n, 2 * n)
    swaps = random.random((SWAPS, n)) < 0.5
    samples = random.integers(n, size=(RESAMPLES, n))
    made = []
    for name in MEASURES:
        a, b = MEASURES[name](pair, first), MEASURES[name](pair, second)
        if np.isnan(a) or np.isnan(b):
            continue
        drawn = _deltas(name, pair, samples, samples + n)
        low, high = np.percentile(drawn[~np.isnan(drawn)], [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
        if np.array_equal(_ingredients(pair, first), _ingredients(pair, second), equal_nan=True) and "_ms_" not in name:
            p = 1.0
        else:
            swapped = _deltas(name, pair, np.where(swaps, second, first), np.where(swaps, first, second))
            swapped = swapped[~np.isnan(swapped)]
            # The runs as they are count as one of the arrangements, so p is never 0.
            p = (1 + int((np.abs(swapped) >= abs(b - a) - 1e-12).sum())) / (len(swapped) + 1)
        made.append(Difference(name, a, b, b - a, float(low), float(high), p))
    return made


def _deltas(name: str, pair: Table, first: Places, second: Places) -> Floats:
    measure = MEASURES[name]
    return np.array([measure(pair, y) - measure(pair, x) for x, y in zip(first, second, strict=True)])


def _ingredients(pair: Table, places: Places) -> Floats:
    return np.stack([column[places] for name, column in pair.columns.items() if not name.endswith("_ms")])


def _changes(one: Sequence[Row], other: Sequence[Row]) -> list[Change]:
    return [
        Change(a["id"], a["question"], a["stage"], b["stage"], _given(a), _given(b))
        for a, b in zip(one, other, strict=True)
        if a["stage"] != b["stage"]
    ]


def _given(row: dict[str, Any]) -> str:
    return str(row["answer"]["groups"][0]["text"]) if row["answer"]["groups"] else ""
