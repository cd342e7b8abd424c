"""One scorer for all contestants: answers by the measures of `askpkcn eval`, times, and the table with its ratios.

A gold stands in a passage if they overlap (askpkcn.evaluation.ranking); success@5 is the share of the answerable
questions for which one of the first five passages holds a gold. F1 is that of the official SQuAD script over the
answerable questions: `best` scores the best answer whatever the contestant thinks of it, `own` scores an abstention
as a wrong answer. `silent` is the share of the unanswerable questions that a contestant abstains from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from askpkcn.evaluation.measures import f1, mean, percentile
from askpkcn.evaluation.ranking import found

Row = Mapping[str, Any]
SUCCESS_AT = 5
HEAD = (
    "contestant",
    "F1, best",
    "F1, own",
    "silent",
    "success@5",
    "p50 ms",
    "p95 ms",
    "questions/s",
    "times askpkcn's p50",
    "build s",
    "cold s",
    "peak MB",
    "installed MB",
)


@dataclass(frozen=True)
class Cost:
    """What a contestant needs besides its time for a question; the sizes are in megabytes."""

    build_seconds: float
    cold_seconds: float
    peak_mb: float
    installed_mb: float


@dataclass(frozen=True)
class Score:
    """How good and how fast a contestant was."""

    best_f1: float
    own_f1: float
    silent: float
    success_at_5: float
    p50: float
    p95: float
    per_second: float


def score(questions: Sequence[Row], passages: Sequence[Row], answers: Mapping[str, Sequence[Row]]) -> Score:
    """Score the answers to each question, by id; times are those of all of them, answers those of the first.

    questions are rows of a questions file; passages have article, start and end, at the place of their number.
    """
    best, own, silent, success, times = [], [], [], [], []
    for question in questions:
        given = answers[question["id"]]
        times += [answer["ms"] for answer in given]
        first = given[0]
        if not question["answers"]:
            silent.append(float(first["abstained"]))
            continue
        value = f1(first["best"] or "", question["answers"])
        best.append(value)
        own.append(0.0 if first["abstained"] else value)
        if question["gold"]:
            hits = [passages[number] for number in first["hits"][:SUCCESS_AT]]
            success.append(float(found(question["gold"], hits)))
    clock = np.array(times)
    return Score(
        mean(np.array(best)),
        mean(np.array(own)),
        mean(np.array(silent)),
        mean(np.array(success)),
        percentile(clock, 50),
        percentile(clock, 95),
        1000 * len(times) / float(clock.sum()),
    )


def table(scores: Mapping[str, tuple[Score, Cost]], unit: str) -> str:
    """Return a Markdown table; `unit` names the contestant that the ratios are to."""
    base = scores[unit][0].p50
    lines = [f"| {' | '.join(HEAD)} |", "|---" * len(HEAD) + "|"]
    for name, (got, cost) in scores.items():
        cells = [
            *(f"{value:.2f}" for value in (got.best_f1, got.own_f1, got.silent, got.success_at_5)),
            f"{got.p50:.0f}",
            f"{got.p95:.0f}",
            f"{got.per_second:.2f}",
            f"{got.p50 / base:.2f}",
            f"{cost.build_seconds:.1f}",
            f"{cost.cold_seconds:.2f}",
            f"{cost.peak_mb:.0f}",
            f"{cost.installed_mb:.0f}",
        ]
        lines.append(f"| {' | '.join([name, *cells])} |")
    return "\n".join(lines) + "\n"


def read(file: Path) -> list[dict[str, Any]]:
    """Read JSON Lines."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
