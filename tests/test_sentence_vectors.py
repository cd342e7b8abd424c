import numpy as np
import pytest
from fakes import unit
from hypothesis import given
from hypothesis import strategies as st

from askpkcn.errors import IndexCorrupt
from askpkcn.sentence_vectors import SentenceVectors, create

ROWS = np.stack([unit(str(i)) for i in range(30)])
RANGES = st.lists(st.tuples(st.integers(0, 29), st.integers(1, 30)).filter(lambda pair: pair[0] < pair[1]), max_size=9)


@pytest.fixture(scope="module")
def opened(tmp_path_factory) -> SentenceVectors:
    file = tmp_path_factory.mktemp("sentences") / "sentences.npy"
    rows = create(file, len(ROWS), ROWS.shape[1])
    rows[:] = ROWS
    rows.flush()
    return SentenceVectors(file)


def test_rows_come_back_in_half_precision(opened):
    assert len(opened) == len(ROWS)
    some = opened.rows_at(np.array([7, 0, 29]))
    assert some.dtype == np.float32
    np.testing.assert_array_equal(some, ROWS[[7, 0, 29]].astype(np.float16))


@given(RANGES)
def test_the_best_of_each_range_is_found_whether_they_overlap_or_not(opened, ranges):
    question = unit("question")
    found = opened.best(question, np.array(ranges, dtype=np.int64).reshape(-1, 2))
    expected = [max(ROWS[low:high] @ question) for low, high in ranges]
    assert found.tolist() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("data", [b"", b"no rows at all", None], ids=["empty", "text", "cut"])
def test_a_damaged_file_names_the_remedy(tmp_path, data):
    file = tmp_path / "sentences.npy"
    create(file, 30, 16)[:] = ROWS
    file.write_bytes(file.read_bytes()[:300] if data is None else data)
    with pytest.raises(IndexCorrupt, match="holds no sentence vectors; rebuild it with `askpkcn index PATH"):
        SentenceVectors(file)


@pytest.mark.parametrize("rows", [ROWS, ROWS[0].astype(np.float16)], ids=["whole precision", "one row"])
def test_other_rows_name_the_remedy(tmp_path, rows):
    np.save(tmp_path / "sentences.npy", rows)
    with pytest.raises(IndexCorrupt, match=r"holds float\d\d of shape \(.*\), expected float16 rows; rebuild it"):
        SentenceVectors(tmp_path / "sentences.npy")
