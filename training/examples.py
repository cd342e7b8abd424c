"""Training sequences of one epoch: positives, three sorts of negatives, and their batches.

Each question gives one sequence whose window holds an answer, and by chance
 - a window of a retrieved paragraph that holds no annotator's answer,
 - a window of its own paragraph with the answer's sentences left out,
 - a near miss: its window under a question that asks for something else.
The first two share their question's group: the loss lets their spans compete with the right one (shared
normalisation, Clark and Gardner 2018, "Simple and Effective Multi-Paragraph Reading Comprehension").
Long ones may come abridged to the sentences likest the question, nearly as `askpkcn.reader` reads them first.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from askpkcn.abridging import LEAST_SENTENCES
from askpkcn.reader import MAX_TITLE_TOKENS
from training import bylines
from training.corpus import CLS, MAX_QUESTION_TOKENS, SEP, Corpus, Paragraph, Question
from training.wording import STOP, Neighbours, names, near_miss, reword
from training.written import PARTS, RIVALS, STAND_ALONE

FEW = 0.25
"""A question with no larger share of its words in its answer's sentence is worded in other words than the text's."""
ABRIDGED_FROM = 100
"""Passages of fewer tokens come whole."""


@dataclass(frozen=True)
class Mix:
    """How often each sort of sequence is made in an epoch."""

    reading: float = 0.5
    """Share of the questions of the reading-comprehension files that come."""
    retrieved: float = 0.85
    same_paragraph: float = 0.18
    near_miss: float = 0.15
    reworded: float = 0.55
    whole: float = 0.15
    policy: float = 0.25
    bylines: int = 400
    again: float = 0.5
    """Chance that a question with few words of its answer's sentence comes twice."""
    written: float = 0.3
    """Times that each question written for training comes, on average."""
    stand_alone: float = 1
    """The same of those that tell what they are about."""
    rivals: float = 1
    """The same of those of texts that are full of rival facts."""
    parts: float = 2
    """The same of those that aim at parts of sentences."""
    titled: float = 0.6
    """Share of the questions whose passages come with their articles' titles."""
    abridged: float = 0.6
    """Share of the questions whose longer passages come abridged to the sentences likest them."""


@dataclass(frozen=True)
class Example:
    """One sequence: question tokens, passage tokens, and the span in passage tokens (None: no answer there).

    title is the tokens of the article's title, if there is one that the passage does not begin with; headed tells that
    it does; sentences holds where sentences begin, in passage tokens.
    """

    question: tuple[int, ...]
    passage: np.ndarray
    span: tuple[int, int] | None
    title: tuple[int, ...] = ()
    sentences: tuple[int, ...] = (0,)
    headed: bool = False

    @property
    def length(self) -> int:
        """Tokens of the whole sequence."""
        return len(self.question) + len(self.passage) + 3

    def titled(self) -> Example:
        """Return the sequence with the title on the question's side, where no span can stand."""
        return replace(self, question=(*self.question, SEP, *self.title), title=()) if self.title else self

    def abridged(self, share: float, rng: random.Random) -> Example:
        """Return the sequence with about that share of its passage: the sentences that share most tokens with the
        question, but for chance, and those of the span; a headline stays.
        """
        if len(self.passage) < ABRIDGED_FROM or len(self.sentences) <= LEAST_SENTENCES:
            return self
        asked = set(self.question)
        ranges = list(pairwise((*self.sentences, len(self.passage))))
        likest = sorted(ranges, key=lambda r: -len(asked & set(self.passage[slice(*r)].tolist())) - 3 * rng.random())
        kept = [r for r in ranges if self.span and r[0] < self.span[1] and r[1] > self.span[0]]
        kept += [ranges[0]] if self.headed and ranges[0] not in kept else []
        for one in likest:
            if len(kept) >= LEAST_SENTENCES and sum(high - low for low, high in kept) >= share * len(self.passage):
                break
            if one not in kept:
                kept.append(one)
        kept.sort()
        span, before, begins = None, 0, []
        for low, high in kept:
            begins.append(before)
            if self.span and low <= self.span[0] < high:
                span = (self.span[0] - low + before, self.span[1] - low + before)
            before += high - low
        passage = np.concatenate([self.passage[low:high] for low, high in kept])
        return replace(self, passage=passage, span=span, sentences=tuple(begins))


@dataclass(frozen=True)
class Batch:
    """Padded sequences; groups holds, for each sequence, the number of its question's group."""

    ids: Tensor
    types: Tensor
    real: Tensor
    starts: Tensor
    ends: Tensor
    groups: Tensor


class Maker:
    """Makes the examples of an epoch from the corpus; all chance comes from (seed, epoch)."""

    def __init__(
        self,
        corpus: Corpus,
        tokenizer: Tokenizer,
        candidates: np.ndarray,
        neighbours: Neighbours,
        seed: int,
        written: Corpus,
        written_candidates: np.ndarray,
    ) -> None:
        self.corpus, self.tokenizer, self.candidates, self.neighbours, self.seed = (
            corpus,
            tokenizer,
            candidates,
            neighbours,
            seed,
        )
        self.written = written
        self.written_candidates = written_candidates
        self.train = corpus.of("train")
        self.foreign = {i for i in self.train if _shared(corpus, corpus.questions[i]) <= FEW}
        self.lower = [p.text.lower() for p in corpus.paragraphs]
        found = {n for p in corpus.paragraphs if p.split == "train" for n in names(p.text)}
        self.pool = sorted(n for n in found if n.lower() not in neighbours.of)  # "Progress" is no name

    def epoch(self, number: int, mix: Mix) -> list[list[Example]]:
        """Return the groups of one epoch, in question order."""
        rng = random.Random(f"{self.seed}/{number}")
        groups = []
        for i in self.train:
            question = self.corpus.questions[i]
            paragraph = self.corpus.paragraphs[question.paragraph]
            share = mix.policy if paragraph.file.startswith("policyqa") else 1.0
            if rng.random() > share * mix.reading:
                continue
            for _ in range(1 + (i in self.foreign and rng.random() < mix.again)):
                groups.extend(self._groups(i, question, paragraph, mix, rng))
        for time in range(math.ceil(max(mix.written, mix.stand_alone, mix.rivals, mix.parts))):
            groups.extend(self._written(mix, time, rng))
        for asked, text, span in bylines.examples(self.corpus, mix.bylines, rng):
            encoding = self.tokenizer.encode(text, add_special_tokens=False)
            tokens = None
            if span is not None:
                inside = [t for t, (s, e) in enumerate(encoding.offsets) if e > span[0] and s < span[1]]
                tokens = (inside[0], inside[-1] + 1)
            groups.append([Example(self.tokens(asked), np.array(encoding.ids[:300]), tokens)])
        groups = [_abridged(group, rng) if rng.random() < mix.abridged else group for group in groups]
        return [[each.titled() for each in group] if rng.random() < mix.titled else group for group in groups]

    def tokens(self, question: str) -> tuple[int, ...]:
        """Return the token ids of a question, cut to MAX_QUESTION_TOKENS."""
        return tuple(self.tokenizer.encode(question, add_special_tokens=False).ids[:MAX_QUESTION_TOKENS])

    def _written(self, mix: Mix, time: int, rng: random.Random) -> Iterator[list[Example]]:
        """Yield the groups, for the nth time, of questions written for training; what no text answers has no span."""
        texts = [p for p in self.written.paragraphs if p.split == "train"]
        for i in self.written.of("train"):
            question = self.written.questions[i]
            paragraph = self.written.paragraphs[question.paragraph]
            if rng.random() > _times(paragraph, mix) - time:
                continue
            tokens = self.tokens(question.text)
            budget = _budget(mix, rng)
            if not question.answers:
                low, high = window(paragraph, _likest(question.text, paragraph), budget, rng)
                yield [_example(tokens, paragraph, low, high)]
                continue
            answer = paragraph.tokens_of(*rng.choice(question.answers))
            if answer is None:
                continue
            low, high = window(paragraph, answer, budget, rng)
            group = [_example(tokens, paragraph, low, high, answer)]
            answers = self.written.answers(question)
            if rng.random() < mix.same_paragraph:
                group += self._beside(question, paragraph, tokens, answers, budget, rng)
            if rng.random() < mix.retrieved:
                group += self._unlike(i, texts, tokens, answers, budget, rng)
            yield group
            if _stands_alone(paragraph) and rng.random() < mix.near_miss:
                text = paragraph.text[paragraph.starts[low] : paragraph.ends[high - 1]]
                missed = near_miss(question.text, text, self.pool, answers, rng)
                if missed != question.text:
                    yield [_example(self.tokens(missed), paragraph, low, high)]

    def _unlike(
        self,
        index: int,
        texts: Sequence[Paragraph],
        tokens: tuple[int, ...],
        answers: Sequence[str],
        budget: int,
        rng: random.Random,
    ) -> list[Example]:
        """Return a window of another written text: one that retrieval finds, if the question says what it is about."""
        question = self.written.questions[index]
        own = self.written.paragraphs[question.paragraph]
        if _stands_alone(own):
            found = (self.written.paragraphs[j] for j in self.written_candidates[index] if j >= 0)
            texts = [p for p in found if p.split == "train" and p is not own][:8]
        if not texts:
            return []
        other = rng.choice(texts)
        if any(a.lower() in other.text.lower() for a in answers):
            return []
        low, high = window(other, _likest(question.text, other), budget, rng)
        return [_example(tokens, other, low, high)]

    def _groups(
        self, index: int, question: Question, paragraph: Paragraph, mix: Mix, rng: random.Random
    ) -> list[list[Example]]:
        answer = paragraph.tokens_of(*rng.choice(question.answers))
        if answer is None:  # past MAX_PARAGRAPH_TOKENS
            return []
        answers = self.corpus.answers(question)
        budget = _budget(mix, rng)
        low, high = window(paragraph, answer, budget, rng)
        text = paragraph.text[paragraph.starts[low] : paragraph.ends[high - 1]]
        asked = question.text
        if rng.random() < mix.reworded:
            asked = reword(asked, text, self.neighbours, rng)
        tokens = self.tokens(asked)
        group = [_example(tokens, paragraph, low, high, answer)]
        if rng.random() < mix.retrieved:
            group += self._retrieved(index, tokens, answers, budget, rng)
        if rng.random() < mix.same_paragraph:
            group += self._beside(question, paragraph, tokens, answers, budget, rng)
        groups = [group]
        if rng.random() < mix.near_miss:
            missed = near_miss(asked, text, self.pool, answers, rng)
            if missed != asked:
                groups.append([_example(self.tokens(missed), paragraph, low, high)])
        return groups

    def _retrieved(
        self, index: int, tokens: tuple[int, ...], answers: Sequence[str], budget: int, rng: random.Random
    ) -> list[Example]:
        own = self.corpus.questions[index].paragraph
        below = [a.lower() for a in answers]
        others = []
        for j in self.candidates[index]:
            if j < 0 or j == own or self.corpus.paragraphs[j].split != "train":
                continue
            if not any(a in self.lower[j] for a in below):
                others.append(self.corpus.paragraphs[j])
        if not others:
            return []
        other = rng.choice(others[:8])
        anchor = rng.choice(other.sentences)
        low, high = window(other, anchor, budget, rng)
        return [_example(tokens, other, low, high)]

    def _beside(
        self,
        question: Question,
        paragraph: Paragraph,
        tokens: tuple[int, ...],
        answers: Sequence[str],
        budget: int,
        rng: random.Random,
    ) -> list[Example]:
        below = [a.lower() for a in answers]
        runs: list[list[tuple[int, int]]] = [[]]
        for low, high in paragraph.sentences:
            said = paragraph.text[paragraph.starts[low] : paragraph.ends[high - 1]].lower()
            if any(a in said for a in below):
                runs.append([])
            else:
                runs[-1].append((low, high))
        runs = [run for run in runs if run and run[-1][1] - run[0][0] >= 24]
        if not runs:
            return []
        run = rng.choice(runs)
        low, high = run[0][0], run[-1][1]
        if high - low > budget:
            low = rng.choice([s for s, _ in run if s + budget // 2 <= high])
            high = min(high, low + budget)
        return [_example(tokens, paragraph, low, high)]


def _example(
    question: tuple[int, ...], paragraph: Paragraph, low: int, high: int, answer: tuple[int, int] | None = None
) -> Example:
    """Return the sequence of a question and a token range of a paragraph, with the answer's tokens, if it holds it."""
    begins = paragraph.file.startswith("written/") and low == 0  # then its headline stands there
    span = (answer[0] - low, answer[1] - low) if answer else None
    sentences = tuple(start - low for start, _ in paragraph.sentences if low <= start < high)
    title = () if begins else paragraph.title[:MAX_TITLE_TOKENS]
    return Example(question, paragraph.ids[low:high], span, title, sentences, begins)


def _abridged(group: list[Example], rng: random.Random) -> list[Example]:
    share = rng.uniform(0.3, 0.6)
    return [each.abridged(share, rng) for each in group]


def _stands_alone(paragraph: Paragraph) -> bool:
    """Tell whether the questions of a written text tell what they are about."""
    return paragraph.file >= f"written/{STAND_ALONE}"


def _times(paragraph: Paragraph, mix: Mix) -> float:
    """Return how often the questions of a written text come."""
    if paragraph.file >= f"written/{PARTS}":
        return mix.parts
    if paragraph.file >= f"written/{RIVALS}":
        return mix.rivals
    return mix.stand_alone if _stands_alone(paragraph) else mix.written


def _words(text: str) -> set[str]:
    """Return the first letters of a text's longer words: enough to tell which sentences share them."""
    return {w[:5] for w in re.findall(r"\w+", text.lower()) if len(w) > 3 and w not in STOP}


def _shared(corpus: Corpus, question: Question) -> float:
    """Return the share of a question's words in the sentence of its first answer."""
    paragraph = corpus.paragraphs[question.paragraph]
    at = paragraph.tokens_of(*question.answers[0])
    asked = _words(question.text)
    if at is None or not asked:
        return 1.0
    low, high = next((s, e) for s, e in paragraph.sentences if e > at[0])
    return len(asked & _words(paragraph.text[paragraph.starts[low] : paragraph.ends[high - 1]])) / len(asked)


def _likest(question: str, paragraph: Paragraph) -> tuple[int, int]:
    """Return the sentence, a token range, that shares most words with a question."""
    asked = _words(question)
    return max(
        paragraph.sentences,
        key=lambda s: len(asked & _words(paragraph.text[paragraph.starts[s[0]] : paragraph.ends[s[1] - 1]])),
    )


def _budget(mix: Mix, rng: random.Random) -> int:
    if rng.random() < mix.whole:
        return 384
    return rng.randint(64, 128) if rng.random() < 0.5 else rng.randint(128, 240)


def window(paragraph: Paragraph, inside: tuple[int, int], budget: int, rng: random.Random) -> tuple[int, int]:
    """Return a token range of whole sentences, near `budget` long, around the range `inside`."""
    sentences = paragraph.sentences
    first = next(i for i, (_, end) in enumerate(sentences) if end > inside[0])
    last = next(i for i, (_, end) in enumerate(sentences) if end >= inside[1])
    while True:
        sides = []
        size = sentences[last][1] - sentences[first][0]
        if first > 0 and size + sentences[first][0] - sentences[first - 1][0] <= budget:
            sides.append(-1)
        if last + 1 < len(sentences) and size + sentences[last + 1][1] - sentences[last][1] <= budget:
            sides.append(1)
        if not sides:
            return sentences[first][0], sentences[last][1]
        if rng.choice(sides) < 0:
            first -= 1
        else:
            last += 1


def batches(groups: list[list[Example]], tokens: int, rng: random.Random) -> list[list[list[Example]]]:
    """Return groups in batches of about `tokens` padded tokens, like lengths together, in random order."""

    def longest(group: list[Example]) -> int:
        return max(example.length for example in group)

    ordered = sorted(groups, key=lambda g: longest(g) + rng.random() * 8)
    made: list[list[list[Example]]] = [[]]
    count = 0
    for group in ordered:
        if (count + len(group)) * _padded(longest(group)) > tokens and made[-1]:
            made.append([])
            count = 0
        made[-1].append(group)
        count += len(group)
    rng.shuffle(made)
    return made


def _padded(length: int) -> int:
    return -(-length // 16) * 16


def collate(groups: list[list[Example]]) -> Batch:
    """Pad the sequences of a batch to one length, a multiple of 16."""
    flat = [example for group in groups for example in group]
    length = _padded(max(example.length for example in flat))
    ids = np.zeros((len(flat), length), dtype=np.int64)
    types, real = np.zeros_like(ids), np.zeros_like(ids)
    spans = np.zeros((2, len(flat)), dtype=np.int64)
    for row, example in enumerate(flat):
        shift = len(example.question) + 2
        ids[row, : example.length] = [CLS, *example.question, SEP, *example.passage, SEP]
        types[row, shift : example.length] = 1
        real[row, : example.length] = 1
        if example.span is not None:
            spans[:, row] = shift + example.span[0], shift + example.span[1] - 1
    numbers = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    made = [torch.from_numpy(array) for array in (ids, types, real, spans[0], spans[1], numbers)]
    return Batch(*made)
