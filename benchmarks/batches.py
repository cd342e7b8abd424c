"""What reading windows together would bring: milliseconds a question, and how many spans it changes.

    python benchmarks/batches.py --index index --questions 40

A window is a question with a passage. The shipped reader takes no padding, so all windows are cut to the same length
here, alone or in company, which favours the batches: real ones would also pay for their padding.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from windows import Feed, fed

from askpkcn import worth
from askpkcn.engine import Engine
from askpkcn.reader import MODEL, Reader
from askpkcn.session import cores

ROOT = Path(__file__).parent.parent
Window = tuple[list[int], int]
"""Token ids, and where the passage begins."""


def session(threads: int) -> Any:
    """Open the shipped reader with so many threads a run."""
    import onnxruntime  # after askpkcn, which sees to it that it tells nobody

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(str(MODEL / "reader.onnx"), options, providers=["CPUExecutionProvider"])


def questions_windows(index: Path, count: int) -> list[list[Window]]:
    """Return each question's windows."""
    rows = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    reader, found = Reader(), []
    with Engine(index, reader=reader) as engine:
        for row in rows[:: max(1, len(rows) // count)][:count]:
            # which passages are read, and again, earlier readings tell: here it is all, once
            with mock.patch.multiple(worth, WHOLE=0, ALIKE=9.0, FAR=9.0, NEAR=9.0):
                feeds = fed(engine, reader, json.loads(row)["question"])
            found.append([(each["input_ids"][0].tolist(), int(each["token_type_ids"][0].argmax())) for each in feeds])
    return found


def feed(windows: Sequence[Window], length: int) -> Feed:
    """Return a batch of windows of one length."""
    ids = np.array([window[:length] for window, _ in windows], dtype=np.int64)
    types = np.array([[int(at >= passage) for at in range(length)] for _, passage in windows], dtype=np.int64)
    return {"input_ids": ids, "token_type_ids": types}


def spans(model: Any, batch: Feed) -> list[tuple[int, int]]:
    """Run a batch and return the best start and end of each row."""
    start, end = model.run(["start_logits", "end_logits"], batch)
    return [(int(s.argmax()), int(e.argmax())) for s, e in zip(start, end, strict=True)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--questions", type=int, default=40)
    options = parser.parse_args()
    asked = questions_windows(options.index, options.questions)
    one, all_cores = session(1), session(cores())
    pool = ThreadPoolExecutor(cores())
    lengths = sorted(len(window) for window, _ in chain(*asked))
    length = lengths[len(lengths) // 4]  # most windows are longer, and lose their end
    asked = [[window for window in windows if len(window[0]) >= length] for windows in asked]
    asked = [windows for windows in asked if windows]
    singles = [[feed([window], length) for window in windows] for windows in asked]
    tens = [[feed(windows, length)] for windows in asked]
    fours = [[feed([*chain(*asked[at : at + 4])], length)] for at in range(0, len(asked), 4)]
    ways: dict[str, Callable[[], list[tuple[int, int]]]] = {
        "windows of the first reading side by side, one thread each (as shipped)": lambda: [
            s for batches in singles for found in pool.map(lambda b: spans(one, b), batches) for s in found
        ],
        "windows one after another, all cores in each": lambda: [
            s for batches in singles for batch in batches for s in spans(all_cores, batch)
        ],
        "a question's windows in one batch, all cores": lambda: [
            s for batches in tens for batch in batches for s in spans(all_cores, batch)
        ],
        "four questions' windows in one batch, all cores": lambda: [
            s for batches in fours for batch in batches for s in spans(all_cores, batch)
        ],
    }
    print(f"{len(asked)} questions, {sum(map(len, asked))} windows of {length} tokens\n")
    print("| way | ms a question | CPU ms a question | spans changed |\n|---|---|---|---|")
    alone: list[tuple[int, int]] = []
    for name, way in ways.items():
        way()
        wall, cpu = time.perf_counter(), time.process_time()
        found = way()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        alone = alone or found
        changed = sum(one != other for one, other in zip(alone, found, strict=True))
        figures = [f"{1000 * seconds / len(asked):.0f}" for seconds in (wall, cpu)]
        print(f"| {name} | {' | '.join(figures)} | {changed} of {len(found)} |", flush=True)


if __name__ == "__main__":
    main()
