"""The reading-comprehension data, split by paragraph and tokenised once.

A paragraph belongs to train, validation or test by a hash of its text, so that the split needs no file,
never changes, and puts equal paragraphs of two files on the same side.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from nupunkt import sent_spans
from tokenizers import Tokenizer

from training import written

FILES = ("new_wiki", "reddit", "amazon", "policyqa_dev", "policyqa_test")
TITLED = ("new_wiki",)
"""Those whose titles say what a paragraph is about; the others' are numbers and addresses."""
MAX_PARAGRAPH_TOKENS = 440
MAX_QUESTION_TOKENS = 64
CLS, SEP, PAD = 101, 102, 0


@dataclass(frozen=True)
class Paragraph:
    """A paragraph with its tokens; starts and ends are character offsets, sentences are token ranges.

    title is the tokens of its article's title, none where that says nothing; a written text begins with its own.
    """

    file: str
    text: str
    split: str
    ids: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    sentences: tuple[tuple[int, int], ...]
    title: tuple[int, ...] = ()

    def tokens_of(self, start: int, end: int) -> tuple[int, int] | None:
        """Return the half-open token range that covers characters [start, end), or None past the last token."""
        inside = np.flatnonzero((self.ends > start) & (self.starts < end))
        return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else None


@dataclass(frozen=True)
class Question:
    """A question with its paragraph (an index) and the character spans of all annotators."""

    id: str
    text: str
    paragraph: int
    answers: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Corpus:
    """All paragraphs and questions of the files that were found."""

    paragraphs: tuple[Paragraph, ...]
    questions: tuple[Question, ...]

    def of(self, split: str, file: str | None = None) -> list[int]:
        """Return the indices of the questions of one split, of one file or all."""
        chosen = []
        for i, question in enumerate(self.questions):
            paragraph = self.paragraphs[question.paragraph]
            if paragraph.split == split and (file is None or paragraph.file.startswith(file)):
                chosen.append(i)
        return chosen

    def answers(self, question: Question) -> list[str]:
        """Return the distinct texts of a question's answers, in order."""
        text = self.paragraphs[question.paragraph].text
        return list(dict.fromkeys(text[start:end] for start, end in question.answers))


def split_of(text: str, share: int = 5) -> str:
    """Return "test" for `share` % of all texts, "validation" for as many, "train" for the rest."""
    bucket = int(hashlib.sha256(text.strip().encode()).hexdigest()[:8], 16) % 100
    return "test" if bucket < share else "validation" if bucket < 2 * share else "train"


def written_split(text: str) -> str:
    """Return the split of a text written for training: they are few, so a larger share is held out."""
    return split_of(text, share=10)


def open_tokenizer(file: Path) -> Tokenizer:
    """Load tokenizer.json without the truncation and padding that the file ships."""
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def load(folder: Path, tokenizer: Tokenizer) -> Corpus:
    """Read every file of FILES in folder; a missing one is an error, for a quiet gap would change the model."""
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    for name in FILES:
        for title, text, asked in paragraphs_of(folder / f"{name}.json.gz"):
            said = title.replace("_", " ") if name in TITLED else ""
            paragraphs.append(tokenise(name, text, tokenizer, title=said))
            for question in asked:
                spans = tuple((a["answer_start"], a["answer_start"] + len(a["text"])) for a in question["answers"])
                words = re.sub(r"\s+", " ", question["question"]).strip()
                questions.append(Question(question["id"], words, len(paragraphs) - 1, spans))
    return Corpus(tuple(paragraphs), tuple(questions))


def load_written(files: Sequence[Path], tokenizer: Tokenizer) -> Corpus:
    """Read the texts written for training, a tenth of them for validation and a tenth for test.

    A question without answers is one that its text does not answer.
    """
    paragraphs: list[Paragraph] = []
    questions: list[Question] = []
    for text in (text for file in files for text in written.read(file)):
        split = written_split(text.text)
        title = text.text.split("\n", 1)[0]
        paragraphs.append(tokenise(f"written/{text.file}", text.text, tokenizer, split, title))
        for asked in text.questions:
            name = f"{text.file}/{len(paragraphs)}/{len(questions)}"
            questions.append(Question(name, asked.text, len(paragraphs) - 1, asked.answers))
    return Corpus(tuple(paragraphs), tuple(questions))


def tokenise(file: str, text: str, tokenizer: Tokenizer, split: str | None = None, title: str = "") -> Paragraph:
    """Tokenise one paragraph and find its sentences."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)[:MAX_PARAGRAPH_TOKENS]
    starts, ends = offsets[:, 0], offsets[:, 1]
    ids = np.array(encoding.ids[: len(offsets)], dtype=np.int64)
    ends_of_sentences = [end for _, end in sent_spans(text)] + [match.start() for match in re.finditer(r"\n\n", text)]
    bounds = [int(np.searchsorted(starts, end)) for end in ends_of_sentences]
    edges = sorted({0, *bounds, len(ids)})
    named = tuple(tokenizer.encode(title, add_special_tokens=False).ids)
    return Paragraph(file, text, split or split_of(text), ids, starts, ends, tuple(pairwise(edges)), named)


def paragraphs_of(file: Path) -> Iterator[tuple[str, str, list[dict]]]:
    """Yield the title, text and questions of each paragraph of a SQuAD file, as the file has them."""
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        for article in json.load(stream)["data"]:
            for paragraph in article["paragraphs"]:
                yield article["title"], paragraph["context"], paragraph["qas"]
