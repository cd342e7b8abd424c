"""How fast passages are embedded: sentence-transformers, the exported model through onnxruntime, and bfloat16.

    python benchmarks/bulk.py [--index index] [--passages 192]

The texts are those written for training, of the length of full passages; prints seconds, the ratio to
sentence-transformers at its defaults, and the least cosine to its vectors.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import numpy as np
from stages import row, table

from askpkcn.encoder import QuestionEncoder, Rows, SentenceTransformersEncoder
from askpkcn.session import cores
from askpkcn.snapshot import open_snapshot

sys.path.insert(0, str(Path(__file__).parent.parent))

from training import written


def main() -> None:
    """Embed the same texts in four ways, each twice; the better time counts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--passages", type=int, default=192)
    options = parser.parse_args()
    files = sorted(file for file in written.FOLDER.glob("*.txt") if file.name >= written.STAND_ALONE)
    texts = [text.text for file in files for text in written.read(file)][: options.passages]
    shipped = SentenceTransformersEncoder()
    exported = QuestionEncoder(open_snapshot(options.index).encoder_folder)
    half = SentenceTransformersEncoder()._model.bfloat16()

    def by_defaults() -> Rows:
        return shipped._model.encode(texts, normalize_embeddings=True, show_progress_bar=False)

    def by_onnxruntime() -> Rows:
        with ThreadPoolExecutor(cores()) as pool:
            return np.array(list(pool.map(exported.embed_question, texts)))

    def by_bfloat16() -> Rows:
        found = half.encode(texts, normalize_embeddings=True, convert_to_tensor=True, show_progress_bar=False)
        return found.float().numpy()

    ways: dict[str, Callable[[], Rows]] = {
        "sentence-transformers, its defaults": by_defaults,
        "as `askpkcn index` does": lambda: shipped.embed_passages(texts),
        "onnxruntime, a text a thread": by_onnxruntime,
        "sentence-transformers in bfloat16": by_bfloat16,
    }
    table(("way", "seconds", "times as fast", "least cosine"))
    first, reference = 0.0, np.empty((0, 0), dtype=np.float32)
    for name, way in ways.items():
        took = []
        for _ in range(2):
            started = perf_counter()
            rows = way()
            took.append(perf_counter() - started)
        if not first:
            first, reference = min(took), rows
        row(name, f"{min(took):.2f}", f"{first / min(took):.2f}", f"{(rows * reference).sum(axis=1).min():.5f}")


if __name__ == "__main__":
    main()
