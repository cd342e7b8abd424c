"""A question to its best passages: two rankings, fused by weighted reciprocal rank.

What either ranking finds is ranked again by the mean of two cosines to the question, the passage's and its best
sentence's: an answer stands in a sentence, of which a passage of ten others says little.

Reciprocal rank fusion as in Cormack, Clarke and Büttcher 2009, "Reciprocal Rank Fusion outperforms Condorcet and
individual Rank Learning Methods". What the reader finds re-ranks the passages afterwards (see answerer).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from askpkcn.types import Filters, Hit, Passage, Place, Ranked

if TYPE_CHECKING:
    from askpkcn.encoder import Rows


REPEATED = 0.6
"""Share of their words that two passages have in common if one repeats the other."""
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class FusionSettings:
    """Weights of the two rankings, the rank constant k, and how deep each ranking goes.

    `sentence` is the share of the best sentence's cosine in a passage's dense score; the rest is the passage's own.
    """

    dense: float = 1.0
    keyword: float = 0.7
    k: float = 5.0
    depth: int = 50
    sentence: float = 0.5


class Rankings(Protocol):
    """Two rankings of passages for a question, both inside the same filters, best first, and what re-ranks them."""

    def dense(self, vector: Rows, filters: Filters, limit: int) -> list[Ranked]:
        """Rank by the passages' cosine similarity to the question's unit vector."""

    def keyword(self, question: str, filters: Filters, limit: int) -> list[Ranked]:
        """Rank by BM25 for the question's words."""

    def cosines(self, vector: Rows, passages: Sequence[int]) -> Rows:
        """Return the cosine of each passage and that of its best sentence, float32, shape (n, 2)."""


class Retriever:
    """Fuses what some Rankings say."""

    def __init__(
        self,
        rankings: Rankings,
        passages: Callable[[Sequence[int]], list[Passage]],
        settings: FusionSettings | None = None,
    ) -> None:
        self._rankings = rankings
        self._passages = passages
        self._settings = settings or FusionSettings()

    @property
    def depth(self) -> int:
        """How deep each ranking goes, at least."""
        return self._settings.depth

    def retrieve(self, question: str, vector: Rows, filters: Filters, limit: int) -> list[Hit]:
        """Return up to `limit` hits, best fused score first."""
        depth = max(self._settings.depth, limit)
        dense = self._rankings.dense(vector, filters, depth) if self._settings.dense else []
        keyword = self._rankings.keyword(question, filters, depth) if self._settings.keyword else []
        if self._settings.dense:
            dense = self._ranked_again(vector, sorted({row.passage for row in (*dense, *keyword)}))
        return self._hits(dense, keyword, limit)

    def _ranked_again(self, vector: Rows, numbers: list[int]) -> list[Ranked]:
        """Rank passages, numbers ascending, by their dense score."""
        share = self._settings.sentence
        scores = self._rankings.cosines(vector, numbers) @ np.array([1 - share, share], dtype=np.float32)
        order = np.argsort(-scores, kind="stable")
        return [Ranked(numbers[i], float(scores[i])) for i in order]

    def _hits(self, dense: list[Ranked], keyword: list[Ranked], limit: int) -> list[Hit]:
        by_dense, by_keyword = _places(dense), _places(keyword)
        scores = {number: self._score(by_dense.get(number), by_keyword.get(number)) for number in by_dense | by_keyword}
        best = sorted(scores, key=lambda number: (-scores[number], number))[:limit]
        return [
            Hit(passage, scores[passage.number], by_dense.get(passage.number), by_keyword.get(passage.number))
            for passage in self._passages(best)
        ]

    def _score(self, dense: Place | None, keyword: Place | None) -> float:
        score = 0.0
        if dense is not None:
            score += self._settings.dense / (self._settings.k + dense.rank)
        if keyword is not None:
            score += self._settings.keyword / (self._settings.k + keyword.rank)
        return score


def without_copies(hits: Sequence[Hit], story_of: Callable[[str], str | None]) -> list[Hit]:
    """Return hits without passages that a copy of their article repeats: the better placed one stays.

    A passage whose figures differ is no repetition, nor is another passage of the same article.
    """
    kept: list[Hit] = []
    told: dict[str, list[tuple[str, frozenset[str]]]] = {}
    for hit in hits:
        story = story_of(hit.passage.article_id)
        if story is not None:
            words = frozenset(_WORD.findall(hit.passage.text.casefold()))
            before = told.setdefault(story, [])
            if any(id != hit.passage.article_id and _repeats(words, others) for id, others in before):
                continue
            before.append((hit.passage.article_id, words))
        kept.append(hit)
    return kept


def _repeats(words: frozenset[str], others: frozenset[str]) -> bool:
    if any(word[0].isdigit() for word in words ^ others):
        return False
    return len(words & others) >= REPEATED * len(words | others)


def _places(ranking: list[Ranked]) -> dict[int, Place]:
    return {row.passage: Place(rank, row.score) for rank, row in enumerate(ranking, 1)}
