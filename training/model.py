"""The reader's network: a BERT encoder with two heads, written for fast bfloat16 training on a CPU.

Weights are read from and written to the layout of `transformers.BertForQuestionAnswering`, so that the
exporter and other libraries can load them. Differences from the stock module, both for speed: the whole
forward pass is bfloat16 (the optimiser keeps float32 masters), and dropout masks are shared by all
positions of a sequence (Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in
Recurrent Neural Networks"), which costs almost no random numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn


@dataclass(frozen=True)
class Shape:
    """Sizes of the encoder; the defaults are those of all-MiniLM-L6-v2."""

    vocabulary: int = 30522
    hidden: int = 384
    layers: int = 6
    heads: int = 12
    inner: int = 1536
    positions: int = 512


class Layer(nn.Module):
    """One post-norm transformer layer."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.qkv = nn.Linear(shape.hidden, 3 * shape.hidden)
        self.mix = nn.Linear(shape.hidden, shape.hidden)
        self.norm_attention = nn.LayerNorm(shape.hidden, eps=1e-12)
        self.grow = nn.Linear(shape.hidden, shape.inner)
        self.shrink = nn.Linear(shape.inner, shape.hidden)
        self.norm_output = nn.LayerNorm(shape.hidden, eps=1e-12)

    def forward(self, x: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
        """Return hidden states, shape (batch, length, hidden); mask is additive, (batch, 1, 1, length)."""
        attended = self._attend(*self.qkv(x).chunk(3, dim=-1), mask)
        x = self.norm_attention(x + shared_dropout(self.mix(attended), dropout, self.training))
        inner = F.gelu(self.grow(x))
        return self.norm_output(x + shared_dropout(self.shrink(inner), dropout, self.training))

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
        """Return what each position takes from all, shape (batch, length, hidden), as those of q, k and v."""
        if mask is None:  # one operator in ONNX, and fastest there without the shape that torch needs
            return torch.onnx.ops.attention(q, k, v, q_num_heads=self.heads, kv_num_heads=self.heads)[0]
        batch, length, hidden = q.shape
        q, k, v = (x.view(batch, length, self.heads, hidden // self.heads).transpose(1, 2) for x in (q, k, v))
        # torch's fused attention takes four times as long as these products in bfloat16 on a CPU.
        scores = torch.matmul(q * (hidden // self.heads) ** -0.5, k.transpose(-1, -2)) + mask
        return torch.matmul(scores.softmax(-1), v).transpose(1, 2).reshape(batch, length, hidden)


def shared_dropout(x: Tensor, p: float, training: bool) -> Tensor:
    """Drop features of x, shape (batch, length, hidden), with one mask for all positions of a sequence."""
    if not training or p == 0.0:
        return x
    keep = torch.empty(x.shape[0], 1, x.shape[2], dtype=x.dtype).bernoulli_(1.0 - p)
    return x * keep.div_(1.0 - p)


class SpanReader(nn.Module):
    """Start and end logits for every token of question and passage in one sequence."""

    def __init__(self, shape: Shape | None = None, dropout: float = 0.0) -> None:
        super().__init__()
        self.shape = shape or Shape()
        self.dropout = dropout
        self.words = nn.Embedding(self.shape.vocabulary, self.shape.hidden)
        self.positions = nn.Embedding(self.shape.positions, self.shape.hidden)
        self.types = nn.Embedding(2, self.shape.hidden)
        self.norm = nn.LayerNorm(self.shape.hidden, eps=1e-12)
        self.layers = nn.ModuleList(Layer(self.shape) for _ in range(self.shape.layers))
        self.outputs = nn.Linear(self.shape.hidden, 2)

    def forward(self, ids: Tensor, types: Tensor, real: Tensor | None = None) -> Tensor:
        """Return logits, float32, shape (batch, length, 2); padding (real == 0) gets -1e4, without `real` none is."""
        x = self.words(ids) + self.positions.weight[: ids.shape[1]] + self.types(types)
        x = shared_dropout(self.norm(x), self.dropout, self.training)
        mask = None
        if real is not None:
            mask = torch.zeros(real.shape, dtype=x.dtype).masked_fill_(real == 0, -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, mask, self.dropout)
        logits = self.outputs(x).float()
        return logits if real is None else logits.masked_fill((real == 0)[..., None], -1e4)


PER_LAYER = {
    "mix": "attention.output.dense",
    "norm_attention": "attention.output.LayerNorm",
    "grow": "intermediate.dense",
    "shrink": "output.dense",
    "norm_output": "output.LayerNorm",
}
WHOLE = {
    "words.weight": "embeddings.word_embeddings.weight",
    "positions.weight": "embeddings.position_embeddings.weight",
    "types.weight": "embeddings.token_type_embeddings.weight",
    "norm.weight": "embeddings.LayerNorm.weight",
    "norm.bias": "embeddings.LayerNorm.bias",
}


def from_transformers(file: Path, dropout: float = 0.0) -> SpanReader:
    """Load a BERT checkpoint in transformers' layout; missing span heads start from small random numbers."""
    stored = {name.removeprefix("bert."): tensor for name, tensor in load_file(file).items()}
    reader = SpanReader(dropout=dropout)
    own = reader.state_dict()
    nn.init.normal_(own["outputs.weight"], std=0.02)
    nn.init.zeros_(own["outputs.bias"])
    for name, theirs in WHOLE.items():
        own[name].copy_(stored[theirs])
    for i in range(reader.shape.layers):
        for kind in ("weight", "bias"):
            theirs = f"encoder.layer.{i}."
            parts = [stored[f"{theirs}attention.self.{p}.{kind}"] for p in ("query", "key", "value")]
            own[f"layers.{i}.qkv.{kind}"].copy_(torch.cat(parts))
            for name, their in PER_LAYER.items():
                own[f"layers.{i}.{name}.{kind}"].copy_(stored[f"{theirs}{their}.{kind}"])
    for kind in ("weight", "bias"):
        if f"qa_outputs.{kind}" in stored:
            own[f"outputs.{kind}"].copy_(stored[f"qa_outputs.{kind}"])
    return reader


def to_transformers(weights: dict[str, Tensor], file: Path) -> None:
    """Write weights (own names, as of state_dict) as a `BertForQuestionAnswering` checkpoint in float32."""
    stored = {f"bert.{theirs}": weights[name] for name, theirs in WHOLE.items()}
    for i in range(Shape.layers):
        theirs = f"bert.encoder.layer.{i}."
        for kind in ("weight", "bias"):
            parts = weights[f"layers.{i}.qkv.{kind}"].chunk(3)
            for part, name in zip(parts, ("query", "key", "value"), strict=True):
                stored[f"{theirs}attention.self.{name}.{kind}"] = part
            for name, their in PER_LAYER.items():
                stored[f"{theirs}{their}.{kind}"] = weights[f"layers.{i}.{name}.{kind}"]
    for kind in ("weight", "bias"):
        stored[f"qa_outputs.{kind}"] = weights[f"outputs.{kind}"]
    partial = file.with_suffix(".partial")
    save_file({name: tensor.float().contiguous() for name, tensor in stored.items()}, partial)
    partial.replace(file)
