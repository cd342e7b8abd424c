"""Outliers among the activations, scaled down before the reader is quantised."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.model import SpanReader

PRODUCTS = ("qkv", "mix", "grow", "shrink")
"""The matrix products of a layer, see model.Layer."""
LOUD = 2.0
"""A feature is an outlier if its largest value is so many times that of the 99.5th percentile of features."""


class Smoothed(nn.Module):
    """A product whose inputs are scaled feature by feature, and its weights the other way.

    One feature of [CLS] is several times larger than all else that goes into some products; a scale for a whole
    activation tensor would leave the others four bits. (Xiao et al. 2023, "SmoothQuant"; here the scale cannot move
    into the weights before: `grow` shares its input with the residual, and before `shrink` stands the activation.)
    """

    def __init__(self, product: nn.Linear, factors: Tensor) -> None:
        super().__init__()
        self.register_buffer("factors", factors)
        self.product = product
        product.weight.data = product.weight.data / factors

    def forward(self, x: Tensor) -> Tensor:
        """Return what the product returned before, shape (batch, length, outputs)."""
        return self.product(x * self.factors)


def smooth(reader: SpanReader, windows: Sequence[tuple[Tensor, Tensor]]) -> None:
    """Scale down the outliers among the inputs of each layer's products, in place."""
    largest: dict[tuple[nn.Module, str], Tensor] = {}
    products = [(layer, kind) for layer in reader.layers for kind in PRODUCTS]

    def watch(key: tuple[nn.Module, str], inputs: tuple[Tensor, ...]) -> None:
        found = inputs[0].abs().amax(dim=(0, 1))
        largest[key] = torch.maximum(largest[key], found) if key in largest else found

    hooks = [getattr(*key).register_forward_pre_hook(lambda _, inputs, key=key: watch(key, inputs)) for key in products]
    with torch.inference_mode():
        for ids, types in windows:
            reader(ids, types)
    for hook in hooks:
        hook.remove()
    for layer, kind in products:
        found = largest[layer, kind]
        usual = found.quantile(0.995)
        loud = found > LOUD * usual
        if loud.any():
            setattr(layer, kind, Smoothed(getattr(layer, kind), torch.where(loud, usual / found, 1.0).clone()))
            print(f"{kind}: {int(loud.sum())} outliers, up to {found.max() / usual:.1f} times the usual")
