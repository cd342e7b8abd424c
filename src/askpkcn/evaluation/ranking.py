"""Ranking measures by ir-measures, with gold spans as the documents to be found.

A passage is relevant if it overlaps a gold span of its article. The ranked documents are therefore not passages but
the gold spans that each new passage brings, and, for a passage that brings none, the passage: so the same golds count
whatever the size of the passages, and a gold whose article is not indexed counts as not found.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

CUTOFFS = (1, 3, 5, 10)

Judged = Mapping[str, tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]]
"""By question id: golds and hits, each with article, start and end; hits best first."""


def values(judged: Judged) -> dict[str, dict[str, float]]:
    """Return, by question id, success_at_k, recall_at_k, mrr_at_10 and ndcg_at_10."""
    import ir_measures
    from ir_measures import RR, R, Success, nDCG

    names = {Success @ k: f"success_at_{k}" for k in CUTOFFS} | {R @ k: f"recall_at_{k}" for k in CUTOFFS}
    names |= {RR @ 10: "mrr_at_10", nDCG @ 10: "ndcg_at_10"}
    made = {question: dict.fromkeys(names.values(), 0.0) for question in judged}
    if judged:
        for metric in ir_measures.iter_calc(list(names), qrels(judged), run(judged)):
            made[metric.query_id][names[metric.measure]] = float(metric.value)
    return made


def qrels(judged: Judged) -> dict[str, dict[str, int]]:
    """Return {question id: {gold: 1}}."""
    return {question: {_name(gold): 1 for gold in golds} for question, (golds, _) in judged.items()}


def run(judged: Judged) -> dict[str, dict[str, float]]:
    """Return {question id: {document: score}}; the score is the negative place, so that ties cannot arise."""
    return {
        question: {name: -float(place) for place, name in enumerate(_documents(golds, hits), 1)}
        for question, (golds, hits) in judged.items()
    }


def _documents(golds: Sequence[Mapping[str, Any]], hits: Sequence[Mapping[str, Any]]) -> list[str]:
    found: dict[str, None] = {}
    for hit in hits:
        brought = [_name(gold) for gold in golds if overlap(gold, hit) and _name(gold) not in found]
        found.update(dict.fromkeys(brought or [_name(hit)]))
    return list(found)


def found(golds: Sequence[Mapping[str, Any]], hits: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether any hit, at whatever place, overlaps a gold."""
    return any(overlap(gold, hit) for gold in golds for hit in hits)


def overlap(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two places of articles share a character."""
    return bool(one["article"] == other["article"] and one["start"] < other["end"] and other["start"] < one["end"])


def _name(place: Mapping[str, Any]) -> str:
    return f"{_column(str(place['article']))}[{place['start']}:{place['end']}]"


def _column(text: str) -> str:
    """Return a text as one of TREC's columns, which are split at white space."""
    return "_".join(text.split())


def write(judged: Judged, folder: Path, tag: str) -> None:
    """Write run.trec and qrels.trec."""
    _lines(
        folder / "qrels.trec",
        (f"{_column(question)} 0 {gold} 1" for question, golds in qrels(judged).items() for gold in golds),
    )
    _lines(
        folder / "run.trec",
        (
            f"{_column(question)} Q0 {name} {place} {score:g} {tag}"
            for question, documents in run(judged).items()
            for place, (name, score) in enumerate(documents.items(), 1)
        ),
    )


def _lines(file: Path, lines: Iterable[str]) -> None:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", errors="backslashreplace")
