"""What does each setting bring? `python benchmarks/sweep.py retrieval|answers [--squad FILE --ids IDS] [--split dev]`.

One setting is changed at a time, the others stay as shipped; the measures and their 95 % intervals are those of
`askpkcn eval`, over the hand-written questions' dev half or over a SQuAD file; those of `retrieval` are of what is
found before any passage is read (first_stage_ there). The rows of one run share a machine
and minutes, so their times compare. `answers --reader NAME=FOLDER` adds another reader.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from askpkcn import abridging, embedding, worth
from askpkcn.building import open_encoder
from askpkcn.encoder import PassageEncoder
from askpkcn.engine import Engine
from askpkcn.evaluation import ranking, rows, squad
from askpkcn.evaluation.questions import Question, load, named
from askpkcn.evaluation.summary import STAGES_TIMED, summarise
from askpkcn.index import build
from askpkcn.passages import PassageSettings
from askpkcn.reader import Reader
from askpkcn.retriever import FusionSettings
from askpkcn.types import PASSAGES_READ, Passage, Source

ROOT = Path(__file__).parent.parent
RETRIEVAL = ("success_at_1", "success_at_5", "success_at_10", "mrr_at_10")
ANSWERS = ("span_right", "quote_holds_gold", "answer_f1", "answerable_auroc", "abstain_recall", "ece", "latency_ms_p50")


ALL = {"ALIKE": 9.0, "FAR": 9.0, "NEAR": 9.0}
"""No passage is too far to be worth reading."""


@dataclass(frozen=True)
class Trial:
    """A name, and the settings that differ from the shipped ones."""

    name: str
    cut: PassageSettings = field(default_factory=PassageSettings)
    fusion: FusionSettings = field(default_factory=FusionSettings)
    titled: bool = True
    passages: int = PASSAGES_READ
    reader: Path | None = None
    share: float = abridging.SHARE
    worth: Mapping[str, float] = field(default_factory=dict)


def trials(part: str, readers: Sequence[str]) -> Iterator[Trial]:
    """Yield the shipped settings first, then one change at a time."""
    yield Trial("shipped")
    if part == "answers":
        for count in (5, 7, 15):
            yield Trial(f"{count} passages read", passages=count)
        yield Trial("all read abridged", worth={**ALL, "WHOLE": 0})
        yield Trial("all read abridged, the best four whole", worth={**ALL, "CLOSE": 1e9})
        yield Trial("all read whole, once", share=1.0, worth=ALL)
        for name, values in (("SURE", (0.0, 3.0)), ("ALIKE", (0.05, 0.3)), ("FAR", (0.2, 0.4)), ("CLOSE", (1.0, 4.0))):
            for value in values:
                yield Trial(f"{name} {value}", worth={name: value})
        for whole in (0, 1, 2, 10):
            yield Trial(f"WHOLE {whole}", worth={"WHOLE": whole})
        for share in (0.2, 0.5):
            yield Trial(f"abridged to {share}", share=share)
        for named_reader in readers:
            name, _, folder = named_reader.partition("=")
            yield Trial(f"reader {name}", reader=Path(folder))
        return
    alone = FusionSettings(sentence=0.0)
    yield Trial("without title", titled=False)
    yield Trial("without sentences", fusion=alone)
    yield Trial("without title and sentences", fusion=alone, titled=False)
    for share in (0.25, 0.75, 1.0):
        yield Trial(f"share of the best sentence {share}", fusion=FusionSettings(sentence=share))
    for weight in (0.2, 0.4, 0.5, 1.0, 1.5):
        yield Trial(f"keyword weight {weight}", fusion=FusionSettings(1.0, weight))
    yield Trial("dense alone", fusion=FusionSettings(1.0, 0.0))
    yield Trial("keywords alone", fusion=FusionSettings(0.0, 1.0))
    for k in (1, 10, 20, 60):
        yield Trial(f"rank constant {k}", fusion=FusionSettings(k=k))
    for budget in (64, 128, 160, 256):
        yield Trial(f"budget {budget}", cut=PassageSettings(budget))
    for overlap in (0, 2):
        yield Trial(f"overlap {overlap}", cut=PassageSettings(overlap=overlap))


def main() -> None:
    """Print a Markdown table, a row a trial."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=("retrieval", "answers"))
    parser.add_argument("--squad", type=Path)
    parser.add_argument("--ids", type=Path)
    parser.add_argument("--split", default="dev")
    parser.add_argument("--reader", action="append", default=[], metavar="NAME=FOLDER")
    options = parser.parse_args()
    encoder = open_encoder(None)
    names = RETRIEVAL if options.part == "retrieval" else ANSWERS
    print("| setting | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    with tempfile.TemporaryDirectory() as folder:
        for trial in trials(options.part, options.reader):
            made = run(trial, options, Path(folder), encoder)
            cells = [_cell(found) for found in summarise(made, names).values()]
            print(f"| {trial.name} | " + " | ".join(cells) + " |", flush=True)


def run(trial: Trial, options: argparse.Namespace, folder: Path, encoder: PassageEncoder) -> list[rows.Row]:
    """Ask all questions under a trial's settings."""
    home, whole = ROOT / "seeds", None
    ids: list[str] = []
    if options.squad:
        whole = squad.read(options.squad)
        home = folder / "squad"
        ids = squad.write_articles(whole, home)
    index = folder / ("index" if trial.titled else "untitled")
    with contextlib.nullcontext() if trial.titled else mock.patch.object(embedding, "embedded_text", _untitled):
        build([home], index, lambda: encoder, trial.cut)
    reader = Reader(trial.reader) if trial.reader else None
    with (
        mock.patch.object(abridging, "SHARE", trial.share),
        mock.patch.dict(vars(worth), trial.worth),
        Engine(index, fusion=trial.fusion, reader=reader) as engine,
    ):
        if whole is None:
            asked = [q for q in load(ROOT / "eval" / "questions.jsonl") if q.split == options.split]
        else:
            asked = list(squad.questions(whole, ids, lambda name: _text(engine, name)))
            if options.ids:
                asked = named(asked, set(options.ids.read_text(encoding="utf-8").split()))
        if options.part == "answers":
            return rows.ask(engine, asked, passages=trial.passages)
        return searched(engine, [question for question in asked if question.golds])


def searched(engine: Engine, asked: Sequence[Question]) -> list[rows.Row]:
    """Return rows of which only the ranking measures are filled."""
    made = [
        {
            "id": question.id,
            "answerable": True,
            "answer": {"timings_ms": dict.fromkeys(STAGES_TIMED, 0.0)},
        }
        for question in asked
    ]
    judged = {}
    for question in asked:
        hits = engine.search(question.text, question.filters, 10)
        judged[question.id] = (
            [{"article": g.article, "start": g.start, "end": g.end} for g in question.golds],
            [{"article": h.passage.article_id, "start": h.passage.start, "end": h.passage.end} for h in hits],
        )
    values = ranking.values(judged)
    return [{**row, "values": values[row["id"]]} for row in made]


def _untitled(passage: Passage, _source: Source) -> str:
    return passage.text


def _text(engine: Engine, name: str) -> str | None:
    article = engine.article(name)
    return article.text if article else None


def _cell(found: dict[str, float | None]) -> str:
    if found["value"] is None:
        return "–"
    digits = 0 if found["value"] > 5 else 2
    return f"{found['value']:.{digits}f} ({found['low']:.{digits}f}–{found['high']:.{digits}f})"


if __name__ == "__main__":
    main()
