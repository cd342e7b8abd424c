"""A question and passages to the best span of each, by the shipped extractive reader.

Question and passage stand in one sequence; each token gets a start and an end logit, and the pair at [CLS] means
"no answer here" (Devlin et al. 2019, "BERT", section 4.3). Start and end are searched together.

Where it is told how like the question each sentence is, it reads passages abridged to the likest, as many as are worth
it, and then the most promising ones again, whole: fewer tokens, and the mean of two readings is right more often than
either (docs/quality.md).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askpkcn import worth
from askpkcn.abridging import likest
from askpkcn.errors import ModelError
from askpkcn.session import cores, open_session
from askpkcn.types import Passage, Span

MODEL = Path(__file__).parent / "models" / "reader"
MAX_TOKENS = 512
MAX_QUESTION_TOKENS = 64
MAX_TITLE_TOKENS = 32
MAX_ANSWER_TOKENS = 30
WINDOW_OVERLAP = 64
ONCE = 1.0
"""What a span's margin loses where the first reading left its sentence out."""
REMEMBERED = 1_000
"""Passages whose tokens are kept, some kilobytes each: the same ones are read for many questions."""
MARKS = ("Mn", "Mc", "Me")

_WORD = re.compile(r"\w+")

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Text:
    """A passage as tokens; offsets are code points into its text.

    head holds the tokens before them: the question's, then the title's, unless the passage begins with it; headline is
    how many sentences of the passage that title is. sentences numbers the sentence of each token; blocks does too, and
    headlines and bylines apart: no answer runs from one into the next.
    """

    head: list[int]
    headline: int
    ids: Ints
    offsets: NDArray[np.int32]
    sentences: Ints
    blocks: Ints


@dataclass(frozen=True, slots=True)
class _Reading:
    """Tokens of a text that were read in one sequence, or the mean with an earlier one: their logits, the null score.

    From each logit half the null score is taken, so that those of several readings compare, and pairs are margins.
    best is the best span: first token, last token, margin.
    """

    tokens: Ints
    start: Floats
    end: Floats
    null_score: float
    best: tuple[int, int, float]

    @classmethod
    def of(cls, text: _Text, tokens: Ints, start: Floats, end: Floats, null_score: float) -> _Reading:
        """Find the best span, and keep it."""
        low, high, margin = best_span(start, end, text.blocks[tokens])
        return cls(tokens, start, end, null_score, (int(tokens[low]), int(tokens[high]), margin))


class Reader:
    """The span reader, run by onnxruntime."""

    def __init__(self, folder: Path = MODEL, threads: int | None = None) -> None:
        """Open reader.onnx and tokenizer.json; `threads` windows are read at a time, by default one for each core.

        Raises ModelError if the files cannot be used.
        """
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session = open_session(folder / "reader.onnx")
        except Exception as error:  # the libraries raise bare Exception here
            why = str(error).split("\n", 1)[0]
            raise ModelError(f"{folder} holds no usable reader ({why}); reinstall askpkcn") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokens = lru_cache(REMEMBERED)(self._tokenise)
        self._cls, self._sep = self._special("[CLS]"), self._special("[SEP]")
        self._pool = ThreadPoolExecutor(threads or cores(), thread_name_prefix="askpkcn-reader")

    def _special(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise ModelError(f"the reader's tokenizer.json has no {token}; reinstall askpkcn")
        return int(number)

    def read(
        self,
        question: str,
        passages: Sequence[Passage],
        *,
        titles: Sequence[str] | None = None,
        sentences: Sequence[NDArray[np.int32]] | None = None,
        cosines: Sequence[Floats] | None = None,
    ) -> list[Span | None]:
        """Return the best span of each passage, in article offsets; None where it was not read or has no token.

        `titles` holds the title of each passage's article, or an empty one: it tells what "the visit" is, and stands
        beside the passage, where no span can, unless the passage begins with it. `sentences` holds where each passage's
        sentences begin, in code points of its text: no span runs from one into the next, nor across an empty line.
        `cosines` holds how like the question each of them is: with it, the passages that are worth it are read
        abridged, and the most promising of those that were cut again; without, all are read whole, once.

        Each window is read by itself: the int8 products scale a whole call's activations alike, so company would
        change a window's scores; and what a batch gains on a CPU, its padding loses. Who asks at the same time gets
        the threads in turn: the windows of each reading wait for those that were asked for before.
        """
        asked, titles = self._ids(question)[:MAX_QUESTION_TOKENS], titles or [""] * len(passages)
        sentences = sentences or [np.zeros(1, dtype=np.int32)] * len(passages)

        def prepare(row: int) -> _Text:
            return self._text(asked, passages[row].text, titles[row], sentences[row])

        if cosines is None:
            texts = dict(enumerate(self._pool.map(prepare, range(len(passages)))))
            readings = self._read_all(texts, {row: np.arange(len(text.ids)) for row, text in texts.items()})
        else:
            texts, readings = self._read_twice(passages, prepare, cosines)
        return [
            _span(passage, texts[row], found) if (found := readings.get(row)) else None
            for row, passage in enumerate(passages)
        ]

    def _text(self, asked: list[int], text: str, title: str, begins: NDArray[np.int32]) -> _Text:
        ids, offsets = self._tokens(text)
        headline, head = 0, asked
        if text.startswith(title):
            headline = int(np.searchsorted(begins, len(title)))
        else:
            head = [*asked, self._sep, *self._ids(title)[:MAX_TITLE_TOKENS]]
        lines = np.array([match.end() for match in re.finditer(r"\n\n+", text)], dtype=np.int32)
        starts = offsets[:, 0]
        return _Text(
            head,
            headline,
            ids,
            offsets,
            np.maximum(np.searchsorted(begins, starts, side="right") - 1, 0),
            np.searchsorted(np.union1d(begins, lines), starts, side="right"),
        )

    def _tokenise(self, text: str) -> tuple[Ints, NDArray[np.int32]]:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        offsets = np.array(encoding.offsets, dtype=np.int32).reshape(-1, 2)
        return np.array(encoding.ids, dtype=np.int64), offsets

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _read_all(self, texts: Mapping[int, _Text], tokens: Mapping[int, Ints]) -> dict[int, list[_Reading]]:
        """Read the tokens named of each text, in as many windows as it takes."""
        windows = [(row, window) for row, each in tokens.items() for window in _windows(texts[row], each)]
        longest = sorted(range(len(windows)), key=lambda i: -len(windows[i][1]))  # so that all threads end together
        found: dict[int, list[_Reading]] = {row: [] for row in tokens}
        read = self._pool.map(lambda i: self._read_window(texts[windows[i][0]], windows[i][1]), longest)
        for i, reading in sorted(zip(longest, read, strict=True), key=lambda one: one[0]):
            found[windows[i][0]].append(reading)
        return found

    def _read_twice(
        self, passages: Sequence[Passage], prepare: Callable[[int], _Text], cosines: Sequence[Floats]
    ) -> tuple[dict[int, _Text], dict[int, list[_Reading]]]:
        """Read the texts that are worth it abridged, and then all tokens of those that promise most.

        Return the texts and what was read of them.
        """
        likeness = [float(each.max(initial=-1.0)) for each in cosines]
        texts, kept = dict[int, _Text](), dict[int, Ints]()

        def abridged(rows: Sequence[int]) -> dict[int, Ints]:
            texts.update(zip(rows, self._pool.map(prepare, rows), strict=True))
            kept.update((row, _kept(texts[row], cosines[row])) for row in rows)
            return {row: kept[row] for row in rows}

        once = self._read_all(texts, abridged(range(min(worth.FIRST, len(cosines)))))
        margins = _margins(once)
        answer = worth.answer(margins)
        alike = set() if answer is None else _holding(_span(passages[answer], texts[answer], once[answer]), passages)
        once |= self._read_all(texts, abridged(worth.reading(likeness, margins, alike)))
        cut = [row for row, readings in once.items() if readings and len(kept[row]) < len(texts[row].ids)]
        again = worth.reading_whole(_margins(once), cut)
        whole = self._read_all(texts, {row: np.arange(len(texts[row].ids)) for row in again})
        return texts, once | {row: [_mean(texts[row], one, once[row]) for one in each] for row, each in whole.items()}

    def _read_window(self, text: _Text, tokens: Ints) -> _Reading:
        shift = len(text.head) + 2
        ids = np.concatenate([[self._cls], text.head, [self._sep], text.ids[tokens], [self._sep]]).astype(np.int64)
        types = np.zeros_like(ids)
        types[shift:] = 1
        feed = {"input_ids": ids[None], "token_type_ids": types[None]}
        start, end = (logits[0] for logits in self._session.run(["start_logits", "end_logits"], feed))
        null = float(start[0] + end[0])
        return _Reading.of(text, tokens, start[shift:-1] - null / 2, end[shift:-1] - null / 2, null)


def _holding(span: Span, passages: Sequence[Passage]) -> set[int]:
    """Return which passages hold the words of a span."""
    start, end = span.start - span.passage.start, span.end - span.passage.start
    words = _words(span.passage.text[start:end])
    return {row for row, passage in enumerate(passages) if words in _words(passage.text)}


def _words(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def _kept(text: _Text, cosines: Floats) -> Ints:
    """Return the tokens of a text's sentences that are read first."""
    sizes = np.bincount(text.sentences, minlength=len(cosines))
    return np.flatnonzero(likest(cosines, sizes, text.headline)[text.sentences])


def _windows(text: _Text, tokens: Ints) -> list[Ints]:
    """Return the tokens in runs that fit in with the question and the title, overlapping."""
    room = MAX_TOKENS - len(text.head) - 3
    windows = []
    for low in range(0, len(tokens), room - WINDOW_OVERLAP):
        windows.append(tokens[low : low + room])
        if low + room >= len(tokens):
            break
    return windows


def _mean(text: _Text, reading: _Reading, before: Sequence[_Reading]) -> _Reading:
    """Return a reading's mean with what was read before of the same text; what only it holds loses ONCE."""
    logits = np.stack([reading.start, reading.end])
    sums, counts = np.zeros_like(logits), np.zeros(len(reading.tokens), dtype=np.float32)
    for one in before:  # several windows, where even the abridged text is long
        _, here, there = np.intersect1d(reading.tokens, one.tokens, assume_unique=True, return_indices=True)
        sums[:, here] += np.stack([one.start, one.end])[:, there]
        counts[here] += 1
    start, end = np.where(counts > 0, (logits + sums / np.maximum(counts, 1)) / 2, logits - ONCE / 2)
    null = (reading.null_score + np.mean([one.null_score for one in before])) / 2
    return _Reading.of(text, reading.tokens, start, end, float(null))


def _margins(readings: Mapping[int, Sequence[_Reading]]) -> dict[int, float]:
    """Return the margin of the best span of each text that was read; there is none where it has no token."""
    return {row: _surest(each).best[2] if each else -np.inf for row, each in readings.items()}


def _surest(readings: Sequence[_Reading]) -> _Reading:
    """Return that of a text's windows whose best span has the highest margin."""
    return max(readings, key=lambda one: one.best[2])


def _span(passage: Passage, text: _Text, readings: Sequence[_Reading]) -> Span:
    surest = _surest(readings)
    low, high, margin = surest.best
    start, end = whole_words(passage.text, int(text.offsets[low, 0]), int(text.offsets[high, 1]))
    return Span(passage, passage.start + start, passage.start + end, margin + surest.null_score, surest.null_score)


def best_span(start: Floats, end: Floats, blocks: Ints, longest: int = MAX_ANSWER_TOKENS) -> tuple[int, int, float]:
    """Return (first token, last token, score) of the pair with the highest sum, first <= last < first + longest.

    start and end are logits, float32, shape (n_tokens,); both tokens are of one block: blocks holds the number of
    each token's, ascending. Ties go to the earliest, then shortest, pair.
    """
    count = len(start)
    width = min(longest, count)
    padded = np.concatenate([end, np.full(width - 1, -np.inf, dtype=end.dtype)])
    sums = start[:, None] + np.lib.stride_tricks.sliding_window_view(padded, width)
    last = np.searchsorted(blocks, blocks, side="right") - 1  # of each token's block
    sums[np.arange(width) > (last - np.arange(count))[:, None]] = -np.inf
    first, more = divmod(int(sums.argmax()), width)
    return first, first + more, float(sums[first, more])


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen [start, end) so that it cuts no word and no character with its combining marks."""
    while start > 0 and _joins(text[start - 1], text[start]):
        start -= 1
    while end < len(text) and _joins(text[end - 1], text[end]):
        end += 1
    return start, end


def _joins(left: str, right: str) -> bool:
    """Tell whether two neighbouring characters are of one word or of one visible character."""
    if unicodedata.category(right) in (*MARKS, "Sk") or right == "\u200d" or left == "\u200d":
        return True
    # Vowel signs, as Urdu and Hindi write them, stand within words.
    return right.isalnum() and (left.isalnum() or unicodedata.category(left) in MARKS)
