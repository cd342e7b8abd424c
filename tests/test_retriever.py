import numpy as np
import pytest
from fakes import unit

from askpkcn.retriever import FusionSettings, Retriever
from askpkcn.types import Filters, Passage, Place, Ranked

VECTOR = unit("question")


class Given:
    """Rankings that are known beforehand, and what was asked of them.

    `cosines` are a passage's own and its best sentence's; those of a passage that has none fall with its dense rank,
    from 1 by tenths, and are nought where that ranking lacks it.
    """

    def __init__(
        self, dense: list[int], keyword: list[int], cosines: dict[int, tuple[float, float]] | None = None
    ) -> None:
        self._dense = [Ranked(number, 1 - i / 10) for i, number in enumerate(dense)]
        self._keyword = [Ranked(number, 9.0 - i) for i, number in enumerate(keyword)]
        self._cosines = {row.passage: (row.score, row.score) for row in self._dense} | (cosines or {})
        self.asked: list[tuple[str, Filters, int]] = []

    def dense(self, vector, filters, limit):
        assert vector is VECTOR
        self.asked.append(("dense", filters, limit))
        return self._dense[:limit]

    def keyword(self, question, filters, limit):
        assert question == "question"
        self.asked.append(("keyword", filters, limit))
        return self._keyword[:limit]

    def cosines(self, vector, passages):
        assert vector is VECTOR
        assert list(passages) == sorted(set(passages))
        found = [self._cosines.get(number, (0.0, 0.0)) for number in passages]
        return np.array(found, dtype=np.float32).reshape(-1, 2)


def passages(numbers):
    return [Passage(number, "one", 0, 1, "x") for number in numbers]


def retrieve(rankings: Given, settings: FusionSettings | None = None, limit: int = 10, filters: Filters | None = None):
    return Retriever(rankings, passages, settings).retrieve("question", VECTOR, filters or Filters(), limit)


def test_scores_are_sums_of_weighted_reciprocal_ranks():
    hits = retrieve(Given([7, 3], [3, 5, 7]), FusionSettings(dense=2.0, keyword=3.0, k=10.0))
    assert [(hit.passage.number, hit.score) for hit in hits] == [
        (3, pytest.approx(2 / 12 + 3 / 11)),
        (7, pytest.approx(2 / 11 + 3 / 13)),
        (5, pytest.approx(2 / 13 + 3 / 12)),
    ]
    assert [(hit.dense, hit.keyword) for hit in hits] == [
        (Place(2, pytest.approx(0.9)), Place(1, 9.0)),
        (Place(1, 1.0), Place(3, 7.0)),
        (Place(3, 0.0), Place(2, 8.0)),
    ]


def test_all_that_either_ranking_finds_is_ranked_by_its_own_cosine_and_that_of_its_best_sentence():
    given = Given([1, 2], [3, 1], cosines={1: (0.8, 0.2), 2: (0.7, 0.5), 3: (0.4, 0.9)})
    hits = {hit.passage.number: hit for hit in retrieve(given)}
    assert hits[3].dense == Place(1, pytest.approx(0.65))
    assert hits[2].dense == Place(2, pytest.approx(0.6))
    assert hits[1].dense == Place(3, pytest.approx(0.5))
    assert (hits[3].keyword, hits[2].keyword, hits[1].keyword) == (Place(1, 9.0), None, Place(2, 8.0))


@pytest.mark.parametrize(("share", "order"), [(0.0, [1, 2, 3]), (1.0, [3, 2, 1])])
def test_the_share_of_the_best_sentence_may_be_all_or_nothing(share, order):
    given = Given([1, 2, 3], [], cosines={1: (0.8, 0.2), 2: (0.7, 0.5), 3: (0.4, 0.9)})
    assert [hit.passage.number for hit in retrieve(given, FusionSettings(sentence=share))] == order


def test_passages_with_the_same_cosines_stand_in_order_of_number():
    given = Given([9, 2], [], cosines={9: (0.5, 0.5), 2: (0.5, 0.5)})
    assert [hit.passage.number for hit in retrieve(given)] == [2, 9]


def test_the_usual_constant_and_weights():
    (hit,) = retrieve(Given([4], [4]))
    assert hit.score == pytest.approx(1 / 6 + 0.7 / 6)
    (other,) = retrieve(Given([4], [], cosines={4: (0.2, 0.6)}))
    assert other.dense == Place(1, pytest.approx(0.4))


def test_equal_scores_stand_in_order_of_number():
    even = FusionSettings(1.0, 1.0, 60.0)
    assert [hit.passage.number for hit in retrieve(Given([9, 2], [2, 9]), even)] == [2, 9]


@pytest.mark.parametrize(("settings", "asked", "found"), [
    (FusionSettings(dense=0.0), "keyword", [5]),
    (FusionSettings(keyword=0.0), "dense", [7]),
])  # fmt: skip
def test_a_weight_of_nought_turns_a_ranking_off(settings, asked, found):
    rankings = Given([7], [5])
    assert [hit.passage.number for hit in retrieve(rankings, settings)] == found
    assert [name for name, _, _ in rankings.asked] == [asked]


def test_filters_and_depth_reach_both_rankings():
    rankings, filters = Given([1], [1]), Filters(outlets=("Dawn",))
    retrieve(rankings, FusionSettings(depth=5), limit=3, filters=filters)
    retrieve(rankings, FusionSettings(depth=5), limit=8, filters=filters)
    assert rankings.asked == [(name, filters, depth) for depth in (5, 8) for name in ("dense", "keyword")]


def test_the_limit_cuts_after_fusion():
    hits = retrieve(Given([1, 2, 3], [3, 4, 5]), limit=1)
    assert [hit.passage.number for hit in hits] == [3]


def test_rankings_that_found_nothing_give_no_hits():
    assert retrieve(Given([], [])) == []
