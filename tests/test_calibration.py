import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpkcn.calibration import Calibration, features
from askpkcn.errors import ModelError
from askpkcn.evidence import Evidence
from askpkcn.types import Hit, Passage, Place, Span

PASSAGE = Passage(0, "one", 0, 1, "x")
HIT = Hit(PASSAGE, 0.03, Place(2, 0.7), Place(4, 9.0))
NOTHING_MISSING = Evidence(0, 0, 0, 0, 0.5)
MARGINS = st.floats(-40, 40, width=32)


def values(margin: float, best: float | None = None, hit: Hit = HIT) -> dict[str, float]:
    return features(hit, Span(PASSAGE, 0, 1, margin, 0.0), margin if best is None else best, 1.0, NOTHING_MISSING)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "{}",
        '{"weights": {}, "bias": 0}',
        '{"weights": {}, "threshold": 0.5, "bias": "high"}',
        '{"weights": {"margin": "much"}, "bias": 0, "threshold": 0.5}',
        '{"weights": [1], "bias": 0, "threshold": 0.5}',
    ],
)
def test_a_file_that_is_no_calibration_names_the_remedy(tmp_path, text):
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(ModelError, match=r"is no calibration .*; reinstall askpkcn"):
        Calibration.load(tmp_path / "calibration.json")


def test_a_missing_file_is_a_model_error(tmp_path):
    with pytest.raises(ModelError, match="is no calibration"):
        Calibration.load(tmp_path / "nowhere.json")


def test_loading_gives_what_was_written(tmp_path):
    (tmp_path / "c.json").write_text(json.dumps({"weights": {"margin": 2}, "bias": -1, "threshold": 0.0}))
    assert Calibration.load(tmp_path / "c.json") == Calibration({"margin": 2.0}, -1.0, 0.0)


def test_the_shipped_calibration_weighs_only_known_features():
    shipped = Calibration.load()
    assert shipped.weights.keys() <= values(1.0).keys()
    assert 0.0 < shipped.threshold < 1.0
    assert 0.0 < shipped.probability(values(1.0)) < 1.0


@given(MARGINS, MARGINS)
def test_a_higher_margin_is_never_less_probable(one, other):
    calibration = Calibration({"margin": 3.0, "behind": -1.0}, 0.5, 0.5)
    low, high = sorted((one, other))
    assert calibration.probability(values(low, best=40)) <= calibration.probability(values(high, best=40))


@given(MARGINS, st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_probabilities_stay_between_nought_and_one(margin, weight, bias):
    assert 0.0 < Calibration({"margin": weight}, bias, 0.5).probability(values(margin)) < 1.0


def test_features_by_hand():
    assert values(3.0, best=8.0) == {
        "margin": pytest.approx(0.2913126),
        "score": pytest.approx(0.3),
        "behind": pytest.approx(0.5),
        "similarity": 0.7,
        "form": 1.0,
        "keyword_rank": 0.25,
        "missing_near": 0,
        "missing_passage": 0,
        "missing_article": 0,
        "rivals": 0,
        "overlap": 0.5,
    }
    unplaced = values(3.0, hit=Hit(PASSAGE, 0.0, None, None))
    assert (unplaced["similarity"], unplaced["keyword_rank"]) == (0.0, 0.0)
