"""Write the trained reader as ONNX: `python -m training.export`.

reader-fp32.onnx   float32, for comparison (in the work folder; too large to ship)
reader.onnx        int8: word embeddings per row, matrix products per column with dynamic activations

The files read one window at a time, so there is no padding and no attention mask.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import warnings
from pathlib import Path

import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from torch import Tensor, nn

from askpkcn.session import optimise
from training import written
from training.corpus import CLS, SEP, load_written, open_tokenizer
from training.model import SpanReader, from_transformers
from training.smoothing import smooth
from training.train import MODEL

SHIPPED = Path(__file__).parent.parent / "src" / "askpkcn" / "models" / "reader"
OPSET = 23
"""The first with an operator for the whole of attention."""
SAMPLE = 64
"""Windows that outliers are looked for in: a few would do, for they stand at the first token of every window."""
KINDS = {(384, 1152): "qkv", (384, 384): "mix", (384, 1536): "grow", (1536, 384): "shrink"}
"""The matrix products of a layer by the shape of their weights, see model.Layer."""


class RowQuantised(nn.Module):
    """An embedding table in int8 with one scale a row."""

    def __init__(self, table: Tensor) -> None:
        super().__init__()
        scales = table.abs().amax(dim=1, keepdim=True).clamp_min(1e-8) / 127
        self.register_buffer("rows", (table / scales).round().to(torch.int8))
        self.register_buffer("scales", scales)

    def forward(self, ids: Tensor) -> Tensor:
        """Return rows, float32, shape (*ids.shape, hidden)."""
        return self.rows[ids].float() * self.scales[ids]


def sample_windows() -> list[tuple[Tensor, Tensor]]:
    """Return windows of the texts written for training, each with a question."""
    tokenizer = open_tokenizer(MODEL / "tokenizer.json")
    corpus = load_written(sorted(written.FOLDER.glob("*.txt"))[:4], tokenizer)
    chosen = corpus.of("train")
    made = []
    for i in chosen[:: max(1, len(chosen) // SAMPLE)][:SAMPLE]:
        question = corpus.questions[i]
        asked = tokenizer.encode(question.text, add_special_tokens=False).ids
        ids = [CLS, *asked, SEP, *corpus.paragraphs[question.paragraph].ids.tolist(), SEP]
        types = [int(at > len(asked) + 1) for at in range(len(ids))]
        made.append((torch.tensor([ids]), torch.tensor([types])))
    return made


class Exported(nn.Module):
    """The reader with the inputs and outputs of a question-answering model."""

    def __init__(self, reader: SpanReader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """Return start and end logits, shape (batch, length) each."""
        logits = self.reader(input_ids, token_type_ids)
        return logits[..., 0], logits[..., 1]


def export(reader: SpanReader, file: Path) -> None:
    """Write one ONNX file with dynamic batch and length."""
    sample = tuple(torch.ones(2, 19, dtype=torch.long) for _ in range(2))
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=512)}
    names = ["input_ids", "token_type_ids"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Exported(reader.eval()),
            sample,
            str(file),
            input_names=names,
            output_names=["start_logits", "end_logits"],
            dynamic_shapes=dict.fromkeys(names, axes),
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def quantise(source: Path, target: Path) -> None:
    """Quantise the matrix products of an exported reader to int8.

    Weights have a scale for each column, activations one for the whole window, found anew in each run.
    """
    model = onnx.load(source)
    shapes = {weight.name: tuple(weight.dims) for weight in model.graph.initializer}
    names = [node.name for node in model.graph.node if node.op_type == "MatMul" and shapes.get(node.input[1]) in KINDS]
    quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8, nodes_to_quantize=names)


def main() -> None:
    """Export, quantise, and put the result in place."""
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--weights", type=Path, help="default: WORK/reader.safetensors")
    parser.add_argument("--into", type=Path, default=SHIPPED)
    options = parser.parse_args()
    weights = options.weights or options.work / "reader.safetensors"
    export(from_transformers(weights), options.work / "reader-fp32.onnx")
    small = from_transformers(weights)
    smooth(small.eval(), sample_windows())
    small.words = RowQuantised(small.words.weight.data)
    export(small, options.work / "reader-small.onnx")
    options.into.mkdir(parents=True, exist_ok=True)
    quantise(options.work / "reader-small.onnx", options.into / "reader.onnx")
    optimise(options.into / "reader.onnx")
    shutil.copy(MODEL / "tokenizer.json", options.into / "tokenizer.json")
    print(f"{options.into / 'reader.onnx'}: {(options.into / 'reader.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
