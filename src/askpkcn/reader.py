"""A question and passages to the best span of each, by the shipped extractive reader.

Question and passage stand in one sequence; each token gets a start and an end logit, and the pair at [CLS] means
"no answer here" (Devlin et al. 2019, "BERT", section 4.3). Start and end are searched together.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askpkcn.errors import ModelError
from askpkcn.session import cores, open_session
from askpkcn.types import Passage, Span

MODEL = Path(__file__).parent / "models" / "reader"
MAX_TOKENS = 512
MAX_QUESTION_TOKENS = 64
MAX_TITLE_TOKENS = 32
MAX_ANSWER_TOKENS = 30
WINDOW_OVERLAP = 64
MARKS = ("Mn", "Mc", "Me")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Window:
    """A run of a passage's tokens; offsets are code points into the passage's text.

    head holds the tokens before them: the question's, then the title's, if there is one. blocks numbers the sentence,
    headline or byline of each token: no answer runs from one into the next.
    """

    row: int
    head: list[int]
    ids: list[int]
    offsets: list[tuple[int, int]]
    blocks: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class _Found:
    start: int
    end: int
    score: float
    null_score: float


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
    ) -> list[Span | None]:
        """Return the best span of each passage, in article offsets; None where a passage has no token to quote.

        `titles` holds the title of each passage's article, or an empty one: it tells what "the visit" is, and no span
        stands there. `sentences` holds where each passage's sentences begin, in code points of its text: no span runs
        from one into the next, nor across an empty line.

        Each window is read by itself: the int8 products scale a whole call's activations alike, so company would
        change a window's scores; and what a batch gains on a CPU, its padding loses. Who asks at the same time gets
        the threads in turn, so that a question's windows wait for those of the questions before it, no others.
        """
        best: dict[int, _Found] = {}
        windows = self._windows(question, [passage.text for passage in passages], titles, sentences)
        for window, found in zip(windows, self._pool.map(self._read_window, windows), strict=True):
            # Of the windows of one long passage the most confident span counts.
            old = best.get(window.row)
            if old is None or found.score - found.null_score > old.score - old.null_score:
                best[window.row] = found
        return [
            _span(passage, best[row]) if row in best else None  # no span where the passage has no token
            for row, passage in enumerate(passages)
        ]

    def _windows(
        self,
        question: str,
        texts: list[str],
        titles: Sequence[str] | None,
        sentences: Sequence[NDArray[np.int32]] | None,
    ) -> list[_Window]:
        """Return windows of the texts that fit in with the question and the title."""
        asked = self._ids(question)[:MAX_QUESTION_TOKENS]
        made = []
        for row, encoding in enumerate(self._tokenizer.encode_batch(texts, add_special_tokens=False)):
            ids, offsets = encoding.ids, encoding.offsets
            blocks = _blocks(texts[row], sentences[row] if sentences else None, offsets)
            title = self._ids(titles[row])[:MAX_TITLE_TOKENS] if titles else []
            head = [*asked, self._sep, *title] if title else asked
            room = MAX_TOKENS - len(head) - 3
            for low in range(0, len(ids), room - WINDOW_OVERLAP):
                high = low + room
                made.append(_Window(row, head, ids[low:high], offsets[low:high], blocks[low:high]))
                if high >= len(ids):
                    break
        return made

    def _ids(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _read_window(self, window: _Window) -> _Found:
        shift = len(window.head) + 2
        ids = np.array([[self._cls, *window.head, self._sep, *window.ids, self._sep]], dtype=np.int64)
        types = np.zeros_like(ids)
        types[:, shift:] = 1
        feed = {"input_ids": ids, "token_type_ids": types}
        start, end = (logits[0] for logits in self._session.run(["start_logits", "end_logits"], feed))
        low, high, score = best_span(start[shift:-1], end[shift:-1], window.blocks)
        return _Found(window.offsets[low][0], window.offsets[high][1], score, float(start[0] + end[0]))


def best_span(
    start: Floats, end: Floats, blocks: NDArray[np.int32], longest: int = MAX_ANSWER_TOKENS
) -> tuple[int, int, float]:
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


def _blocks(text: str, sentences: NDArray[np.int32] | None, offsets: list[tuple[int, int]]) -> NDArray[np.int32]:
    """Return for each token a number that grows where a sentence begins, and after an empty line."""
    begins = np.array([match.end() for match in re.finditer(r"\n\n+", text)], dtype=np.int32)
    if sentences is not None:
        begins = np.union1d(begins, sentences)
    return np.searchsorted(begins, [start for start, _ in offsets], side="right").astype(np.int32)


def _span(passage: Passage, found: _Found) -> Span:
    start, end = whole_words(passage.text, found.start, found.end)
    return Span(passage, passage.start + start, passage.start + end, found.score, found.null_score)


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
