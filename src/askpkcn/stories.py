"""One story, many outlets: which articles are copies of one another, reposted or lightly edited?

Two articles are compared if they share enough of their words (MinHash with banding: Broder 1997, "On the resemblance
and containment of documents"; Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", chapter 3), and are copies
if nearly every sentence of each has its counterpart in the other. Words alone do not tell: two articles on one event
share names, figures and a quotation. docs/articles.md has the figures and how they were measured.

Only building an index imports datasketch; an answer reads the stories from the catalogue.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Bands = NDArray[np.uint32]
Words = frozenset[str]
Told = tuple[Words, tuple[Words, ...]]
"""An article's words, and those of each sentence."""

METHOD = 1
"""Counts up when bands or the comparison change, so that nothing kept from before is mixed with it."""
BANDS, ROWS = 64, 4
"""Articles that share half of their words meet in a band with probability 0.98, with a tenth 0.006."""
LEAST_WORDS = 12
"""An article of fewer different words is no copy of anything: there is too little to tell by."""
SHARED_WORDS = 0.35
"""Jaccard similarity of their words under which two articles are not looked at sentence by sentence."""
COUNTERPART = 0.35
"""Share of a sentence's words that stand in one sentence of the other article, if it is the same sentence edited."""
COVERED = 0.8
"""Share of an article that must have its counterpart in a copy; of each in the other."""
CUT, REST = 0.97, 0.4
"""A copy may be cut: then nearly all of the shorter stands in the longer, and at least so much of that in it."""
FIGURES = 0.4
"""Share of the figures of the one with fewer that both must have, where each has three: routine news (a match, a
market) is told in the same words every time."""
CROWD = 200
"""More articles than this in one band say the same few words by rule, as tables do; neighbours are compared then."""

_WORD = re.compile(r"\w+")
_SENTENCE_END = re.compile(r"(?<=[.!?۔؟][\s\"”’')\]])\s*|\n+")
_COMMON = frozenset(
    "a an the of in on at to for and or but by with from as is are was were be been has have had it its that this "
    "which who whom will would their they them he she his her not no after before into over under out up down than "
    "then there here so such said say says".split()
)


def words_of(text: str) -> Words:
    """Return the different words of a text, without those that stand in every text."""
    return frozenset(word for word in _WORD.findall(text.casefold()) if word not in _COMMON)


def bands_of(text: str) -> Bands:
    """Return what articles are compared by at first, uint32, shape (BANDS,), or (0,) for a text that is too short."""
    words = words_of(text)
    if len(words) < LEAST_WORDS:
        return np.empty(0, dtype=np.uint32)
    sketch = _blank().copy()
    sketch.update_batch([word.encode() for word in words])
    rows = np.asarray(sketch.hashvalues, dtype="<u4").reshape(BANDS, ROWS)
    return np.fromiter((zlib.crc32(row.tobytes()) for row in rows), dtype=np.uint32, count=BANDS)


@cache
def _blank() -> Any:
    from datasketch import MinHash  # slow to import, and only building needs it

    return MinHash(num_perm=BANDS * ROWS, seed=1, scheme="affine32")


def group(bands: Sequence[Bands], text_of: Callable[[int], str]) -> list[list[int]]:
    """Return the stories of two articles or more, each as numbers of articles, ascending.

    Copies of copies are of one story. `bands` has an entry an article, `text_of` gives a text by its number.
    """
    leader = list(range(len(bands)))

    def lead(i: int) -> int:
        while leader[i] != i:
            leader[i] = leader[leader[i]]
            i = leader[i]
        return i

    told = lru_cache(maxsize=20_000)(lambda i: _told(text_of(i)))
    for one, other in _candidates(bands):
        low, high = sorted((lead(one), lead(other)))
        if low != high and are_copies(told(one), told(other)):
            leader[high] = low
    stories: dict[int, list[int]] = {}
    for i in range(len(bands)):
        stories.setdefault(lead(i), []).append(i)
    return [members for members in stories.values() if len(members) > 1]


def _candidates(bands: Sequence[Bands]) -> Iterator[tuple[int, int]]:
    """Yield each pair of articles that meet in a band, once, in order: of two that meet the lower first."""
    numbers = np.array([i for i, each in enumerate(bands) if len(each)], dtype=np.int64)
    if not len(numbers):
        return
    rows = np.stack([bands[i] for i in numbers])
    seen: set[int] = set()
    for band in range(BANDS):
        column = rows[:, band]
        order = np.argsort(column, kind="stable")
        edges = np.flatnonzero(np.diff(column[order])) + 1
        starts, ends = np.append(0, edges), np.append(edges, len(order))
        for run in np.flatnonzero(ends - starts > 1):  # nearly every article is alone in its band
            members = numbers[order[starts[run] : ends[run]]].tolist()
            close = combinations(members, 2) if len(members) <= CROWD else pairwise(members)
            for one, other in close:
                key = one * len(bands) + other
                if key not in seen:
                    seen.add(key)
                    yield one, other


def _told(text: str) -> Told:
    sentences = (words_of(sentence) for sentence in _SENTENCE_END.split(text))
    return words_of(text), tuple(words for words in sentences if len(words) >= 3)


def are_copies(one: Told, other: Told) -> bool:
    """Tell whether nearly every sentence of each has its counterpart in the other, or one is the other cut."""
    shared = len(one[0] & other[0])
    if not shared or shared < SHARED_WORDS * len(one[0] | other[0]):
        return False
    figures = sorted((_figures(one[0]), _figures(other[0])), key=len)
    if len(figures[0]) >= 3 and len(figures[0] & figures[1]) < FIGURES * len(figures[0]):
        return False
    low, high = sorted((_covered(one[1], other[1]), _covered(other[1], one[1])))
    return low >= COVERED or (high >= CUT and low >= REST)


def retells(sentence: str, other: str) -> bool:
    """Tell whether one sentence may be another edited."""
    words = words_of(sentence)
    return len(words & words_of(other)) >= COUNTERPART * len(words)


def _figures(words: Words) -> Words:
    return frozenset(word for word in words if word[0].isdigit())


def _covered(sentences: Sequence[Words], others: Sequence[Words]) -> float:
    """Return the share of an article, by words, whose sentences have a counterpart in the other."""
    size = sum(map(len, sentences))
    found = sum(
        len(words) for words in sentences if any(len(words & other) >= COUNTERPART * len(words) for other in others)
    )
    return found / size if size else 0.0
