"""What the exporter does to the trained reader before it is quantised."""

from __future__ import annotations

import torch

from training.model import Shape, SpanReader
from training.smoothing import LOUD, Smoothed, smooth

SMALL = Shape(vocabulary=50, hidden=16, layers=2, heads=2, inner=400, positions=24)


def test_smoothing_takes_outliers_from_the_activations_and_changes_no_logit():
    torch.manual_seed(1)
    reader = SpanReader(SMALL).eval()
    with torch.no_grad():
        reader.layers[0].grow.bias[5] = 40.0  # one feature far louder than all others
    ids = torch.randint(0, 50, (1, 20))
    types = (torch.arange(20)[None] > 6).long()
    before = reader(ids, types)
    smooth(reader, [(ids, types)])
    shrink = reader.layers[0].shrink
    assert isinstance(shrink, Smoothed)
    assert shrink.factors[5] < 1 / LOUD
    assert (shrink.factors == 1.0).sum() == 399
    assert not isinstance(reader.layers[1].shrink, Smoothed)
    torch.testing.assert_close(reader(ids, types), before)


def test_reading_without_padding_is_reading_with_a_mask_of_ones():
    torch.manual_seed(2)
    reader = SpanReader(SMALL).eval()
    ids, types = torch.randint(0, 50, (1, 20)), torch.zeros(1, 20, dtype=torch.long)
    torch.testing.assert_close(reader(ids, types), reader(ids, types, torch.ones_like(ids)))
