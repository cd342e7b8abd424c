import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpkcn.abridging import LEAST_SENTENCES, SHARE, likest

SENTENCES = st.lists(st.tuples(st.floats(-1, 1, width=32), st.integers(0, 60)), max_size=12)


def kept(cosines, sizes, headline=0):
    found = likest(np.array(cosines, dtype=np.float32), np.array(sizes, dtype=np.int64), headline)
    return np.flatnonzero(found).tolist()


@pytest.mark.parametrize(
    ("cosines", "sizes", "headline", "stay"),
    [
        ([0.1, 0.9, 0.2, 0.8], [10, 10, 10, 10], 0, [1, 3]),
        ([0.1, 0.9, 0.2, 0.8], [10, 10, 10, 10], 1, [0, 1, 3]),
        ([0.1, 0.9, 0.2, 0.8], [10, 10, 10, 10], 3, [0, 1, 2, 3]),  # a title of three sentences
        ([0.9, 0.1, 0.2, 0.8], [60, 10, 10, 20], 0, [0, 3]),  # two, though the first alone is long enough
        ([0.9, 0.1, 0.2, 0.8], [5, 50, 40, 5], 0, [0, 2, 3]),  # three, as two are too short
        ([0.5, 0.5, 0.5], [10, 10, 10], 0, [0, 1]),
        ([0.5], [10], 0, [0]),
        ([], [], 1, []),
    ],
)
def test_by_example(cosines, sizes, headline, stay):
    assert kept(cosines, sizes, headline) == stay


@given(SENTENCES, st.integers(0, 3))
def test_what_stays_is_enough_and_likest(sentences, headline):
    cosines, sizes = [c for c, _ in sentences], [s for _, s in sentences]
    stay = kept(cosines, sizes, headline)
    assert len(stay) >= min(LEAST_SENTENCES, len(sentences))
    assert sum(sizes[i] for i in stay) >= SHARE * sum(sizes)
    chosen = set(stay) - set(range(headline))
    if chosen:
        assert all(cosines[i] <= min(cosines[j] for j in chosen) for i in range(len(cosines)) if i not in stay)
