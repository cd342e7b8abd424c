"""One evaluation run: asks the questions, scores them, and writes everything into the run's folder."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import perf_counter
from typing import Any

from askpkcn.engine import Engine
from askpkcn.errors import EvaluationError
from askpkcn.evaluation import ranking, rows, squad
from askpkcn.evaluation.questions import Question
from askpkcn.evaluation.summary import IN_SLICES, MEASURES, slices, summarise
from askpkcn.types import PASSAGES_READ

FORMAT = 2


def evaluate(
    engine: Engine,
    questions: Sequence[Question],
    folder: Path,
    *,
    source: str,
    passages: int = PASSAGES_READ,
    report: rows.Report = lambda _: None,
) -> dict[str, Any]:
    """Ask and score the questions, write the run into folder, and return what metrics.json holds.

    Raises EvaluationError if the folder is a run already, or if no gold article is in the index.
    """
    from askpkcn.evaluation import report as page

    if (folder / "metrics.json").exists():
        raise EvaluationError(f"{folder} holds a run already; choose another --run or remove it")
    missing = missing_articles(engine, questions)
    golds = {gold.article for question in questions for gold in question.golds}
    if golds and len(missing) == len(golds):
        raise EvaluationError(
            f"the index holds none of the {len(golds)} articles that the questions are about, such as {min(golds)!r}; "
            "index them, or name their --index"
        )
    started = perf_counter()
    made = rows.ask(engine, questions, passages=passages, report=report)
    asked = perf_counter() - started
    metrics = {
        "format": FORMAT,
        "run": folder.name,
        "questions": {"source": source, "sha256": _digest(questions), "count": len(made)},
        "counted_out": _counted_out(made),
        "missing_articles": missing,
        "index": {"snapshot": engine.snapshot, **_index_facts(engine)},
        "settings": {"passages": passages, "threshold": engine.threshold},
        "machine": _machine(),
        "seconds": {"asking": round(asked, 2)},
    }
    for split in dict.fromkeys(row["split"] for row in made):
        metrics[split] = summarise([row for row in made if row["split"] == split])
    metrics["slices"] = {
        split: {
            name: {value: summarise(part, IN_SLICES) for value, part in parts.items()}
            for name, parts in slices([row for row in made if row["split"] == split]).items()
        }
        for split in splits(metrics)
    }
    _write(made, metrics, folder, page)
    return metrics


def splits(metrics: dict[str, Any]) -> list[str]:
    """Return the splits that metrics.json holds, in its order."""
    return [name for name, value in metrics.items() if isinstance(value, dict) and set(MEASURES) <= set(value)]


def _write(made: list[rows.Row], metrics: dict[str, Any], folder: Path, page: Any) -> None:
    """Write the run; metrics.json comes last, so that a folder that has it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    rows.write(made, folder / "predictions.jsonl")
    judged = {row["id"]: (row["gold"], row["hits"]) for row in made if row["gold"]}
    ranking.write(judged, folder, "askpkcn")
    squad.write_predictions(made, folder)
    (folder / "report.html").write_text(page.render(metrics, made), encoding="utf-8", errors="replace")
    partial = folder / ".metrics.json"
    text = json.dumps(metrics, ensure_ascii=False, indent=1) + "\n"
    partial.write_text(text, encoding="utf-8", errors="backslashreplace")
    partial.replace(folder / "metrics.json")


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read a run's metrics.json. Raises EvaluationError if the folder is no run of this format."""
    file = folder / "metrics.json"
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
        found = metrics["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EvaluationError(
            f"{folder} is no finished run ({file} cannot be read); `askpkcn eval` writes runs"
        ) from error
    if found != FORMAT:
        raise EvaluationError(f"{file} has format {found}, this askpkcn reads format {FORMAT}; run it again")
    return dict(metrics)


def missing_articles(engine: Engine, questions: Sequence[Question]) -> list[str]:
    """Return the gold articles that the index does not hold, sorted."""
    wanted = {gold.article for question in questions for gold in question.golds}
    return sorted(name for name in wanted if engine.source(name) is None)


def _counted_out(made: Sequence[rows.Row]) -> dict[str, int]:
    """Return how many questions of each split have no gold, and so count in no answer measure."""
    return {
        split: sum(not row["gold"] for row in made if row["split"] == split)
        for split in dict.fromkeys(row["split"] for row in made)
    }


def _index_facts(engine: Engine) -> dict[str, Any]:
    manifest = engine.manifest
    return {
        "encoder": manifest["encoder"]["card"]["name"],
        "passages": manifest["passages"],
        "counts": manifest["counts"],
    }


def _digest(questions: Sequence[Question]) -> str:
    return hashlib.sha256(repr([(q, q.golds) for q in questions]).encode()).hexdigest()


def _machine() -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "askpkcn": version("askpkcn"),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
    }
