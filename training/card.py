"""Measure a reader on the held-out test paragraphs: `python -m training.card --reading DIR [--model FOLDER]`.

The product's own Reader reads whole paragraphs. For each file: EM and F1 with the question's own paragraph; how well
the margin (span minus null) tells that paragraph from the best retrieved one without the answer, and from a made near
miss (of the texts written for training: a question that they do not answer); the best F1 with abstention over all
three; and the calibration error of one logistic function of the margin, fitted on validation paragraphs.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from askpkcn.evaluation.measures import calibration_error, exact_match, f1
from askpkcn.reader import MODEL as SHIPPED
from askpkcn.reader import Reader
from askpkcn.types import Passage
from training import written
from training.corpus import Corpus, load, load_written, open_tokenizer
from training.measures import auroc
from training.retrieval import candidates
from training.train import MODEL
from training.wording import names, near_miss

FILES = ("new_wiki", "reddit", "amazon", "policyqa")


class Margins:
    """Margins of a split: of answerable questions with their scores, of retrieved paragraphs, of near misses."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.right, self.retrieved, self.near, self.f1, self.exact = ([] for _ in range(5))

    def read_file(self, corpus: Corpus, found: np.ndarray, file: str, split: str, most: int | None) -> Margins:
        """Read the questions of a reading-comprehension file, each with its own paragraph and two made negatives."""
        rng = random.Random(11)
        pool = sorted({n for p in corpus.paragraphs if p.split == "train" for n in names(p.text)})
        for i in corpus.of(split, file)[:most]:
            question = corpus.questions[i]
            text = corpus.paragraphs[question.paragraph].text
            answers = corpus.answers(question)
            self._answerable(question.text, text, answers)
            others = (corpus.paragraphs[j].text for j in found[i] if j >= 0 and j != question.paragraph)
            other = next((t for t in others if not any(a.lower() in t.lower() for a in answers)), None)
            if other is not None:
                self.retrieved.append(self._read(question.text, other)[0])
            missed = near_miss(question.text, text, pool, answers, rng)
            if missed != question.text:
                self.near.append(self._read(missed, text)[0])
        return self

    def read_written(self, corpus: Corpus, split: str, most: int | None) -> Margins:
        """Read the questions written for training; those that their texts do not answer are the near misses."""
        for i in corpus.of(split)[:most]:
            question = corpus.questions[i]
            text = corpus.paragraphs[question.paragraph].text
            if question.answers:
                self._answerable(question.text, text, corpus.answers(question))
            else:
                self.near.append(self._read(question.text, text)[0])
        return self

    def _answerable(self, question: str, text: str, answers: list[str]) -> None:
        margin, given = self._read(question, text)
        self.right.append(margin)
        self.f1.append(f1(given, answers))
        self.exact.append(exact_match(given, answers))

    def _read(self, question: str, text: str) -> tuple[float, str]:
        (span,) = self._reader.read(question, [Passage(0, "", 0, len(text), text)])
        return (span.margin, text[span.start : span.end]) if span else (-30.0, "")

    def best_f1(self) -> float:
        """Return the best mean F1 over all pairs if pairs under some margin count as abstained from."""
        margins = np.array(self.right + self.retrieved + self.near)
        gains = np.array(self.f1 + [-1.0] * (len(self.retrieved) + len(self.near)))
        order = np.argsort(-margins)
        # Abstaining is right (1) for an unanswerable pair and wrong (0) for an answerable one.
        nothing = (gains < 0).sum()
        change = np.cumsum(np.where(gains[order] < 0, -1.0, gains[order]))
        return float((nothing + max(0.0, change.max())) / len(margins))

    def labelled(self) -> tuple[np.ndarray, np.ndarray]:
        """Return margins, shape (n, 1), and whether the passage answers; the others are retrieved where there are any.

        The texts written for training have no retrieved ones: there, the near misses are the others.
        """
        others = self.retrieved or self.near
        margins = np.array(self.right + others)[:, None]
        return np.tanh(margins / 10), np.array([1] * len(self.right) + [0] * len(others))


def main() -> None:
    """Print one JSON object a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reading", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument(
        "--fit", type=int, default=150, help="validation questions of a file to fit the logistic function on"
    )
    options = parser.parse_args()
    corpus = load(options.reading, open_tokenizer(MODEL / "tokenizer.json"))
    found = candidates(corpus, MODEL, options.work / "candidates.npy")
    reader = Reader(options.model)
    for file in FILES:
        test = Margins(reader).read_file(corpus, found, file, "test", None)
        _print(file, test, Margins(reader).read_file(corpus, found, file, "validation", options.fit))
    own = load_written(sorted(written.FOLDER.glob("*.txt")), open_tokenizer(MODEL / "tokenizer.json"))
    test = Margins(reader).read_written(own, "test", None)
    _print("written", test, Margins(reader).read_written(own, "validation", 2 * options.fit))


def _print(file: str, test: Margins, validation: Margins) -> None:
    fitted = LogisticRegression(C=10).fit(*validation.labelled())
    margins, answers = test.labelled()
    measures = {
        "file": file,
        "questions": len(test.f1),
        "f1": 100 * np.mean(test.f1),
        "em": 100 * np.mean(test.exact),
        "auroc_retrieved": auroc(np.array(test.right), np.array(test.retrieved)) if test.retrieved else None,
        "auroc_near_miss": auroc(np.array(test.right), np.array(test.near)),
        "near_misses": len(test.near),
        "best_f1_abstaining": 100 * test.best_f1(),
        "calibration_error": calibration_error(fitted.predict_proba(margins)[:, 1], answers),
    }
    print(json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in measures.items()}), flush=True)


if __name__ == "__main__":
    main()
