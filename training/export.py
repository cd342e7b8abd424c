"""Write the trained reader as ONNX: `python -m training.export`.

reader-fp32.onnx   float32, for comparison (in the work folder; too large to ship)
reader.onnx        int8: word embeddings per row, matrix products by onnxruntime's 8-bit block kernels
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
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer
from torch import Tensor, nn

from askpkcn.session import optimise
from training.model import SpanReader, from_transformers
from training.train import MODEL

SHIPPED = Path(__file__).parent.parent / "src" / "askpkcn" / "models" / "reader"
BLOCK = 32


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


class Exported(nn.Module):
    """The reader with the inputs and outputs of a question-answering model."""

    def __init__(self, reader: SpanReader) -> None:
        super().__init__()
        self.reader = reader

    def forward(self, input_ids: Tensor, token_type_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return start and end logits, shape (batch, length) each."""
        logits = self.reader(input_ids, token_type_ids, attention_mask)
        return logits[..., 0], logits[..., 1]


def export(reader: SpanReader, file: Path) -> None:
    """Write one ONNX file with dynamic batch and length."""
    sample = tuple(torch.ones(2, 19, dtype=torch.long) for _ in range(3))
    axes = {0: torch.export.Dim("batch"), 1: torch.export.Dim("length", max=512)}
    names = ["input_ids", "token_type_ids", "attention_mask"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Exported(reader.eval()),
            sample,
            str(file),
            input_names=names,
            output_names=["start_logits", "end_logits"],
            dynamic_shapes=dict.fromkeys(names, axes),
            dynamo=True,
            external_data=False,
            verbose=False,
        )


def quantise(source: Path, target: Path, method: str) -> None:
    """Quantise the matrix products of an exported reader."""
    if method == "block":
        config = DefaultWeightOnlyQuantConfig(block_size=BLOCK, is_symmetric=True, accuracy_level=4, bits=8)
        quantizer = MatMulNBitsQuantizer(onnx.load(source), algo_config=config)
        quantizer.process()
        onnx.save(quantizer.model.model, target)
    else:
        quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul"])


def main() -> None:
    """Export, quantise, and put the result in place."""
    logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work")
    parser.add_argument("--weights", type=Path, help="default: WORK/reader.safetensors")
    parser.add_argument("--method", choices=("block", "dynamic"), default="block")
    parser.add_argument("--into", type=Path, default=SHIPPED)
    options = parser.parse_args()
    weights = options.weights or options.work / "reader.safetensors"
    export(from_transformers(weights), options.work / "reader-fp32.onnx")
    small = from_transformers(weights)
    small.words = RowQuantised(small.words.weight.data)
    export(small, options.work / "reader-small.onnx")
    options.into.mkdir(parents=True, exist_ok=True)
    quantise(options.work / "reader-small.onnx", options.into / "reader.onnx", options.method)
    optimise(options.into / "reader.onnx")
    shutil.copy(MODEL / "tokenizer.json", options.into / "tokenizer.json")
    print(f"{options.into / 'reader.onnx'}: {(options.into / 'reader.onnx').stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
