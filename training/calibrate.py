"""Fit scores to a probability and choose the threshold: `python -m training.calibrate --reading DIR --raw DIR`.

The candidates come from the product's own engine: hand-written questions (dev half) over the briefs and over the raw
articles, validation questions of new_wiki over all of that file's paragraphs, with near misses made from them, and
validation questions written for training over all those texts whose questions stand alone. The test half is only
reported on.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from askpkcn import calibration
from askpkcn.building import open_encoder
from askpkcn.calibration import Calibration
from askpkcn.engine import Engine
from askpkcn.evaluation.measures import calibration_error, hold_one_another
from askpkcn.index import build
from askpkcn.reader import Reader
from askpkcn.types import PASSAGES_READ, Filters
from training import written
from training.corpus import FILES, load, open_tokenizer, written_split
from training.measures import auroc
from training.train import MODEL
from training.wording import names, near_miss

ROOT = Path(__file__).parent.parent
SILENT = 5 / 6
"""Unanswered questions are a nuisance; answers that the articles do not give cost the tool its users' trust."""
FITTED = ("dev", "validation")
FOLDS = 5
WEIGHTS = {"briefs": 1.0, "raw": 1.0, "wiki": 0.3, "written": 0.3}
"""Of a source's questions together: those that people wrote about real articles count most."""
CANDIDATES = 2
"""Of a question's candidates only the best few teach: the rest are wrong beyond doubt, and many."""


@dataclass(frozen=True)
class Asked:
    """A question with the candidates' features, in order of the reader's margin, and which of them are right."""

    source: str
    split: str
    sort: str
    question: str
    answerable: bool
    texts: list[str]
    values: list[dict[str, float]]
    right: list[bool]


def main() -> None:
    """Collect, fit, choose, report, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading", type=Path, required=True)
    parser.add_argument("--raw", type=Path, required=True, help="folder with the raw articles of seeds/")
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--model", type=Path, default=calibration.FILE.parent, help="folder with reader.onnx")
    parser.add_argument("--wiki", type=int, default=300, help="questions of new_wiki")
    parser.add_argument("--written", type=int, default=900, help="questions written for training")
    parser.add_argument("--passages", type=int, default=PASSAGES_READ)
    parser.add_argument("--again", action="store_true", help="fit anew to the candidates of the last run")
    parser.add_argument("--ablate", action="store_true", help="show what each input brings, and change nothing")
    parser.add_argument("--report", action="store_true", help="fit nothing: report on the model's own calibration")
    options = parser.parse_args()
    dump = options.work / "asked.json"
    if not options.again:
        dump.write_text(json.dumps([asdict(a) for a in collect(options)], default=float), encoding="utf-8")
    asked = [Asked(**fields) for fields in json.loads(dump.read_bytes())]
    if options.ablate:
        ablate([a for a in asked if a.split in FITTED])
        return
    file = options.model / "calibration.json"
    fitted = Calibration.load(file) if options.report else fit([a for a in asked if a.split in FITTED])
    for split in (*FITTED, "test"):
        report(fitted, [a for a in asked if a.split == split], split)
    if options.report:
        return
    fields = {"weights": dict(fitted.weights), "bias": fitted.bias, "threshold": fitted.threshold}
    file.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")


def collect(options: argparse.Namespace) -> Iterator[Asked]:
    """Yield every question with its candidates."""
    reader = Reader(options.model)
    neutral = Calibration({"margin": 1.0}, 0.0, 0.5)
    raw_names = _raw_names()
    for source, folder in (("briefs", ROOT / "seeds"), ("raw", options.raw)):
        index = indexed(folder, options.work / f"index-{source}")
        with Engine(index, reader=reader, calibration=neutral) as engine:
            for row in map(json.loads, (ROOT / "eval" / "questions.jsonl").read_text().splitlines()):
                if source == "raw" and row["filters"]:
                    continue  # the raw articles tell no date that plain text gives
                days = [date.fromisoformat(row["filters"][k]) if k in row["filters"] else None for k in ("from", "to")]
                found = engine.candidates(row["question"], Filters((), *days), options.passages)
                golds = {gold["article"] for gold in row["gold"]}
                if source == "raw":
                    golds = {f"{options.raw.name}/{raw_names[Path(name).name]}" for name in golds}
                right = [c.article.id in golds and holds(_text(c), row["answers"]) for c in found]
                texts = [_text(c) for c in found]
                sort = row["wording"] if row["answerable"] else row["category"]
                yield Asked(
                    source,
                    row["split"],
                    sort,
                    row["question"],
                    row["answerable"],
                    texts,
                    [c.values for c in found],
                    right,
                )
    yield from _wiki(options, reader, neutral)
    yield from _written(options, reader, neutral)


def _wiki(options: argparse.Namespace, reader: Reader, neutral: Calibration) -> Iterator[Asked]:
    corpus = load(options.reading, open_tokenizer(MODEL / "tokenizer.json"))
    folder = options.work / "new_wiki"
    folder.mkdir(exist_ok=True)
    for i, paragraph in enumerate(corpus.paragraphs):
        if paragraph.file == FILES[0]:
            (folder / f"{i}.txt").write_text(paragraph.text, encoding="utf-8")
    rng = random.Random(5)
    pool = sorted({n for p in corpus.paragraphs if p.split == "train" for n in names(p.text)})
    chosen = corpus.of("validation", "new_wiki")
    rng.shuffle(chosen)
    with Engine(indexed(folder, options.work / "index-new_wiki"), reader=reader, calibration=neutral) as engine:
        for i in chosen[: options.wiki]:
            question = corpus.questions[i]
            answers = corpus.answers(question)
            yield _ask_wiki(engine, question.text, answers, "answerable", options.passages)
            missed = near_miss(question.text, corpus.paragraphs[question.paragraph].text, pool, answers, rng)
            if missed != question.text:
                yield _ask_wiki(engine, missed, [], "near miss", options.passages)


def _ask_wiki(engine: Engine, question: str, answers: list[str], sort: str, passages: int) -> Asked:
    found = engine.candidates(question, passages=passages)
    right = [bool(answers) and holds(_text(c), answers) for c in found]
    texts = [_text(c) for c in found]
    return Asked("wiki", "validation", sort, question, bool(answers), texts, [c.values for c in found], right)


def _written(options: argparse.Namespace, reader: Reader, neutral: Calibration) -> Iterator[Asked]:
    folder = options.work / "stand-alone"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    rows = []
    for file in sorted(written.FOLDER.glob("*.txt")):
        for i, text in enumerate(written.read(file) if file.name >= written.STAND_ALONE else ()):
            article = folder / f"{file.stem}-{i}.txt"
            article.write_text(text.text, encoding="utf-8")
            if written_split(text.text) == "validation":
                rows += [(f"{folder.name}/{article.name}", text.text, question) for question in text.questions]
    random.Random(5).shuffle(rows)
    with Engine(indexed(folder, options.work / "index-stand-alone"), reader=reader, calibration=neutral) as engine:
        for article, text, question in rows[: options.written]:
            answers = [text[start:end] for start, end in question.answers]
            found = engine.candidates(question.text, passages=options.passages)
            right = [c.article.id == article and holds(_text(c), answers) for c in found]
            sort = "answerable" if answers else "unanswerable"
            values = [c.values for c in found]
            texts = [_text(c) for c in found]
            yield Asked("written", "validation", sort, question.text, bool(answers), texts, values, right)


def indexed(folder: Path, index: Path) -> Path:
    """Bring the index of a folder up to date; vectors of unchanged passages are kept."""
    build([folder], index, lambda: open_encoder(None))
    return index


def _raw_names() -> dict[str, str]:
    found = {}
    for file in (ROOT / "seeds").glob("*.md"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.startswith("source:"):
                found[file.name] = line.split(":", 1)[1].strip().strip('"')
    return found


def _text(candidate: object) -> str:
    return candidate.article.text[candidate.span.start : candidate.span.end]  # type: ignore[attr-defined]


def holds(given: str, golds: list[str]) -> bool:
    """Tell whether the given span and a gold answer hold one another in whole words, as `askpkcn eval` tells it."""
    return any(hold_one_another(given, gold) for gold in golds)


def ablate(asked: list[Asked]) -> None:
    """Print a table: the measures of fivefold cross-validation with all inputs, and with each left out."""
    names_ = ("input left out", "right", "right and given", "abstained", "AUROC", "calibration error")
    print("| " + " | ".join(names_) + " |\n|" + "---|" * len(names_))
    for left_out in (None, *asked[0].values[0]):
        fewer = [
            replace(a, values=[{n: v for n, v in values.items() if n != left_out} for values in a.values])
            for a in asked
        ]
        rows = []
        for fold in range(FOLDS):
            fitted = fit([a for i, a in enumerate(fewer) if i % FOLDS != fold])
            rows += [
                (*_best(fitted, a), a.answerable, fitted.threshold) for i, a in enumerate(fewer) if i % FOLDS == fold
            ]
        p, right, told, threshold = (np.array(column) for column in zip(*rows, strict=True))
        cells = (
            right[told].mean(),
            (right & (p >= threshold))[told].mean(),
            (p < threshold)[~told].mean(),
            auroc(p[told], p[~told]),
            calibration_error(p, right),
        )
        print(f"| {left_out or 'none'} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")


def fit(asked: list[Asked]) -> Calibration:
    """Fit the best candidates of all questions, weighed by WEIGHTS."""
    rows, labels, weights = [], [], []
    totals = defaultdict(int)
    for a in asked:
        totals[a.source] += 1
    for a in asked:
        for values, right in list(zip(a.values, a.right, strict=True))[:CANDIDATES]:
            rows.append(list(values.values()))
            labels.append(right)
            weights.append(WEIGHTS[a.source] / totals[a.source])
    names_ = list(asked[0].values[0])
    x = np.array(rows)
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    w = np.array(weights) * len(weights) / sum(weights)
    model = LogisticRegression(C=3.0, max_iter=5000).fit((x - mean) / scale, labels, sample_weight=w)
    slopes = model.coef_[0] / scale
    bias = float(model.intercept_[0] - (slopes * mean).sum())
    made = _rescaled(Calibration(dict(zip(names_, map(float, slopes), strict=True)), bias, 0.5), asked, totals)
    fitted = {name: round(weight, 5) for name, weight in made.weights.items()}
    return Calibration(fitted, round(made.bias, 5), threshold(made, asked))


def _rescaled(fitted: Calibration, asked: list[Asked], totals: Mapping[str, int]) -> Calibration:
    """Fit the logit anew on each question's best candidate: the one whose probability a user sees (Platt 1999)."""
    logits, right, weights = [], [], []
    for a in (a for a in asked if a.values):
        p, correct = _best(fitted, a)
        logits.append([math.log(p / (1 - p))])
        right.append(correct)
        weights.append(WEIGHTS[a.source] / totals[a.source])
    model = LogisticRegression(C=100.0).fit(
        logits, right, sample_weight=np.array(weights) * len(weights) / sum(weights)
    )
    scale, shift = float(model.coef_[0][0]), float(model.intercept_[0])
    return Calibration({n: scale * w for n, w in fitted.weights.items()}, scale * fitted.bias + shift, 0.5)


def threshold(fitted: Calibration, asked: list[Asked]) -> float:
    """Return the lowest threshold at which SILENT of the hand-written unanswerable questions are abstained from."""
    best = [_best(fitted, a)[0] for a in asked if a.source in ("briefs", "raw") and not a.answerable]
    return round(float(np.quantile(best, SILENT)) + 0.005, 2)


def _best(fitted: Calibration, a: Asked) -> tuple[float, bool]:
    if not a.values:
        return 0.0, False
    scores = [fitted.probability(values) for values in a.values]
    top = int(np.argmax(scores))
    return scores[top], a.right[top]


def report(fitted: Calibration, asked: list[Asked], title: str) -> None:
    """Print what a user would see at the threshold."""
    if not asked:
        return
    print(f"== {title}: threshold {fitted.threshold}")
    groups = defaultdict(list)
    for a in asked:
        groups[a.source, a.answerable, a.sort].append((a, *_best(fitted, a)))
    for (source, answerable, sort), rows in sorted(groups.items()):
        if answerable:
            right = np.mean([r for _, _, r in rows])
            given = np.mean([r and p >= fitted.threshold for _, p, r in rows])
            print(f"  {source:7} {sort:12} n={len(rows):3}  right {right:.3f}  right and given {given:.3f}")
        else:
            silent = np.mean([p < fitted.threshold for _, p, _ in rows])
            print(f"  {source:7} {sort:12} n={len(rows):3}  abstained {silent:.3f}")
    for source in sorted({a.source for a in asked}):
        best = [(*_best(fitted, a), a.answerable) for a in asked if a.source == source]
        p, right, told = (np.array(column) for column in zip(*best, strict=True))
        error = calibration_error(p, right)
        print(f"  {source}: AUROC answerable {auroc(p[told], p[~told]):.3f}, calibration error {error:.3f}")


if __name__ == "__main__":
    main()
