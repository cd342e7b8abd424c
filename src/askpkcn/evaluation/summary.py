"""Rows to metrics: each measure with its bootstrap interval, overall and by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from askpkcn.evaluation import measures
from askpkcn.evaluation.measures import Floats
from askpkcn.evaluation.ranking import CUTOFFS
from askpkcn.evaluation.rows import FIRST_STAGE, Row

RESAMPLES = 1000
SEED = 20260101
LEVEL = 0.95
MOST_ARTICLES = 50

MEANS = (
    *(f"success_at_{k}" for k in CUTOFFS),
    *(f"recall_at_{k}" for k in CUTOFFS),
    "mrr_at_10",
    "ndcg_at_10",
    *FIRST_STAGE,
    "answer_em",
    "answer_f1",
    "quote_holds_gold",
    "article_right",
    "all_sides_shown",
    "span_f1",
    "span_right",
    "quote_exactness",
)
"""Means over the questions that each counts."""

STAGES_TIMED = ("encode", "retrieve", "read", "decide", "total")


class Table:
    """The rows of one split or slice as columns; float64 of shape (n,), NaN where a measure does not count a row."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.n = len(rows)
        self.answerable = np.array([row["answerable"] for row in rows], dtype=bool)
        self.columns: dict[str, Floats] = {
            name: np.array([_number(row["values"].get(name)) for row in rows])
            for name in (*MEANS, "probability", "right", "abstained")
        }
        for name in STAGES_TIMED:
            self.columns[f"{name}_ms"] = np.array([float(row["answer"]["timings_ms"][name]) for row in rows])

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name]


Places = NDArray[np.intp]
Measure = Callable[[Table, Places], float]


def _mean(name: str) -> Measure:
    def measure(table: Table, places: Places) -> float:
        values = table[name][places]
        return measures.mean(values[~np.isnan(values)])

    return measure


def _auroc(table: Table, places: Places) -> float:
    return measures.auroc(table["probability"][places], table.answerable[places])


def _aurc(table: Table, places: Places) -> float:
    return measures.area_under_risk_coverage(table["probability"][places], 1 - table["right"][places])


def _abstain_precision(table: Table, places: Places) -> float:
    return measures.mean(1.0 - table.answerable[places][table["abstained"][places] > 0])


def _abstain_recall(table: Table, places: Places) -> float:
    return measures.mean(table["abstained"][places][~table.answerable[places]])


def _ece(table: Table, places: Places) -> float:
    return measures.calibration_error(table["probability"][places], table["right"][places])


def _percentile(name: str, q: float) -> Measure:
    return lambda table, places: measures.percentile(table[name][places], q)


MEASURES: Mapping[str, Measure] = {
    **{name: _mean(name) for name in MEANS},
    "answerable_auroc": _auroc,
    "aurc": _aurc,
    "abstain_precision": _abstain_precision,
    "abstain_recall": _abstain_recall,
    "ece": _ece,
    **{f"latency_ms_p{q}": _percentile("total_ms", q) for q in (50, 95, 99)},
    **{f"{stage}_ms_p{q}": _percentile(f"{stage}_ms", q) for stage in STAGES_TIMED[:-1] for q in (50, 95, 99)},
}
LOWER_IS_BETTER = frozenset(n for n in MEASURES if n in ("aurc", "ece") or "_ms_p" in n)
IN_SLICES = (
    "success_at_1",
    "success_at_5",
    "recall_at_5",
    "mrr_at_10",
    "answer_em",
    "answer_f1",
    "quote_holds_gold",
    "article_right",
    "span_f1",
    "span_right",
    "answerable_auroc",
    "abstain_recall",
    "ece",
)


def summarise(rows: Sequence[Row], names: Sequence[str] = tuple(MEASURES)) -> dict[str, dict[str, Any]]:
    """Return {measure: {value, low, high, n}}; low and high bound the 95 % bootstrap interval over questions.

    The interval is the percentile one (Efron and Tibshirani 1993, chapter 13); n counts the questions that the measure
    counts. Where there are none, or one class only, all but n are None.
    """
    table = Table(rows)
    random = np.random.default_rng(SEED)
    samples = random.integers(table.n, size=(RESAMPLES, table.n)) if table.n else np.empty((0, 0), dtype=np.intp)
    everyone = np.arange(table.n)
    made = {}
    for name in names:
        n, value = counted(name, table), MEASURES[name](table, everyone)
        low = high = float("nan")
        if not np.isnan(value):
            drawn = _resampled(name, table, samples)
            low, high = np.percentile(drawn[~np.isnan(drawn)], [50 * (1 - LEVEL), 50 * (1 + LEVEL)])
        made[name] = {"value": _rounded(value), "low": _rounded(low), "high": _rounded(high), "n": n}
    return made


def _resampled(name: str, table: Table, samples: Places) -> Floats:
    if name in MEANS:  # all resamples at once
        drawn = table[name][samples]
        there = ~np.isnan(drawn)
        with np.errstate(invalid="ignore"):
            means: Floats = np.where(there, drawn, 0.0).sum(axis=1) / there.sum(axis=1)
        return means
    return np.array([MEASURES[name](table, places) for places in samples])


def counted(name: str, table: Table) -> int:
    """Return how many questions a measure counts."""
    if name in MEANS:
        return int((~np.isnan(table[name])).sum())
    if name == "abstain_precision":
        return int(table["abstained"].sum())
    return int((~table.answerable).sum()) if name == "abstain_recall" else table.n


def slices(rows: Sequence[Row]) -> dict[str, dict[str, list[Row]]]:
    """Return rows by kind, wording, category and gold article; a question with golds in two articles is in both.

    Of a collection with many articles the slices by article are left out: they would hold a handful of questions each.
    """
    made: dict[str, dict[str, list[Row]]] = {"kind": {}, "wording": {}, "category": {}, "article": {}}
    for row in rows:
        for name in ("kind", "wording", "category"):
            if row[name]:
                made[name].setdefault(row[name], []).append(row)
        for article in sorted({gold["article"] for gold in row["gold"]}):
            made["article"].setdefault(article, []).append(row)
    if len(made["article"]) > MOST_ARTICLES:
        made["article"] = {}
    return {name: dict(sorted(found.items())) for name, found in made.items()}


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def _rounded(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 5)
