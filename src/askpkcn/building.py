"""Building an index for a person who waits: a progress bar, and the models loaded quietly."""

from __future__ import annotations

import logging
import os
from functools import cache
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from askpkcn.encoder import DEFAULT_MODEL, PassageEncoder, SentenceTransformersEncoder, model_digest
from askpkcn.index import Built, Model, build
from askpkcn.passages import PassageSettings

STAGES = {
    "looking": "looking for changes",
    "reading": "reading articles",
    "stories": "finding copies",
    "embedding": "embedding passages and sentences",
    "encoder": "exporting the question encoder",
}


class RateColumn(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before there is one."""
        return Text(f"{task.speed:,.0f}/s" if task.speed else "")


def build_with_bar(
    paths: list[Path],
    index: Path,
    model: Model,
    settings: PassageSettings,
    console: Console,
    strict: bool = False,
) -> Built:
    """Build an index as `index.build` does, with a bar on a terminal and silence elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), RateColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(STAGES[stage], total=total)
            progress.update(tasks[stage], completed=done, total=total)

        return build(paths, index, model, settings, report, strict=strict)


def named_model(name: str | None) -> Model:
    """Return a model by what the user called it; it is loaded when it is first needed, and once."""
    told = str(Path(name).absolute()) if name and Path(name).exists() else name
    return Model(cache(lambda: open_encoder(name)), told, model_digest(name))


def open_encoder(model: str | None) -> PassageEncoder:
    """Load the model that embeds passages; its libraries' own bars and advice would garble ours."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    if model is None or Path(model).exists():
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    return SentenceTransformersEncoder(model or DEFAULT_MODEL)
