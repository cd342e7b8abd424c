import numpy as np
import pytest

from askpkcn import vectors
from askpkcn.errors import IndexCorrupt
from askpkcn.vectors import Vectors

EXACT, INVERTED = 50_000, 10


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    made = np.random.default_rng(7).normal(size=(3000, 24)) + 1.5  # all on one side, as real vectors are
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module", params=[EXACT, INVERTED], ids=["exact", "inverted"])
def opened(request, rows, tmp_path_factory) -> Vectors:
    file = tmp_path_factory.mktemp("vectors") / "vectors.faiss"
    vectors.write(rows, file, exact_up_to=request.param)
    return Vectors(file)


def numbers(found: list) -> list[int]:
    return [row.passage for row in found]


def test_rows_come_back_as_they_were_written(opened, rows):
    assert len(opened) == len(rows)
    np.testing.assert_array_equal(opened.rows(), rows)
    some = np.array([7, 0, 2999], dtype=np.int64)
    np.testing.assert_array_equal(opened.rows_at(some), rows[some])


def test_the_nearest_come_first_with_their_cosines(opened, rows, request):
    held = []
    for number in range(0, 3000, 100):
        question = rows[number]
        found = opened.nearest(question, 10)
        assert found[0].passage == number
        assert [row.score for row in found] == pytest.approx((rows[numbers(found)] @ question).tolist(), abs=1e-6)
        assert [row.score for row in found] == sorted((row.score for row in found), reverse=True)
        held.append(len({*numbers(found)} & {*np.argsort(-(rows @ question), kind="stable")[:10].tolist()}) / 10)
    assert np.mean(held) > 0.8  # points without clusters are the hardest for lists
    assert np.mean(held) == 1.0 or request.node.callspec.id == "inverted"


@pytest.mark.parametrize("share", [0.001, 0.01, 0.3, 1.0])
def test_the_farthest_passages_are_found_where_only_they_may_compete(opened, rows, share):
    question = rows[5]
    order = np.argsort(-(rows @ question), kind="stable")
    among = order[-int(len(order) * share) :]
    found = opened.nearest(question, 20, among.tolist())
    assert numbers(found) == among[:20].tolist()


def test_a_selection_too_large_to_scan_gives_as_many_as_asked(opened, rows, monkeypatch):
    monkeypatch.setattr(vectors, "EXACT_UP_TO", 10)
    far = np.argsort(-(rows @ rows[5]), kind="stable")[-60:].tolist()
    found = numbers(opened.nearest(rows[5], 50, far))
    assert len(found) == 50
    assert set(found) <= set(far)


def test_no_passage_may_compete(opened, rows):
    assert opened.nearest(rows[0], 5, []) == []
    assert opened.nearest(rows[0], 0) == []


def test_a_limit_past_the_end_gives_all(tmp_path, rows):
    vectors.write(rows[:4], tmp_path / "v", exact_up_to=EXACT)
    assert sorted(numbers(Vectors(tmp_path / "v").nearest(rows[2], 99))) == [0, 1, 2, 3]


def test_an_index_of_nothing_finds_nothing(tmp_path, rows):
    vectors.write(rows[:0], tmp_path / "v")
    assert Vectors(tmp_path / "v").nearest(rows[0], 5) == []


@pytest.mark.parametrize("data", [b"", b"no index at all", None], ids=["empty", "text", "cut"])
def test_a_damaged_file_names_the_remedy(tmp_path, rows, data):
    file = tmp_path / "vectors.faiss"
    vectors.write(rows, file)
    file.write_bytes(file.read_bytes()[:1000] if data is None else data)
    with pytest.raises(IndexCorrupt, match="is no FAISS index; rebuild it with `askpkcn index PATH"):
        Vectors(file)
