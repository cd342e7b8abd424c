"""Where a question's time goes, and how near the models come to what this machine can multiply.

    python benchmarks/stages.py [--index index] [--questions 60] [--runs 5]

Prints Markdown tables: milliseconds and bytes of each stage of a warm question; the cold start of `askpkcn ask` in
parts; and the speed of matrix products, of the models' own shapes, through onnxruntime, beside what encoding and
reading reach. These speeds are by the second of processor time, so that other programs on the machine change them
little; the milliseconds are what a user waits, and need an idle machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from cold_start import FLOOR, QUESTION
from windows import fed

from askpkcn.encoder import QuestionEncoder
from askpkcn.engine import Engine
from askpkcn.keywords import Keywords
from askpkcn.reader import MODEL, Reader
from askpkcn.retriever import FusionSettings
from askpkcn.session import cores
from askpkcn.snapshot import open_snapshot
from askpkcn.types import Filters
from askpkcn.vectors import Vectors

ROOT = Path(__file__).parent.parent
NO_FILTERS = Filters()
SHAPES = {"qkv": (384, 1152), "mix": (384, 384), "grow": (384, 1536), "shrink": (1536, 384)}
"""Inputs and outputs of the products of one layer, in encoder and reader alike."""
LAYERS = 6
HIDDEN = 384
KINDS = ("fp32", "int8")
ROUNDS = 3
SECONDS = 0.05
"""Of processor time, for one measuring of a product."""

COLD = """
import json, sys, time
start = time.perf_counter()
import onnxruntime, faiss, tantivy, tokenizers
libraries = time.perf_counter()
import askpkcn.cli, askpkcn.engine
from pathlib import Path
imported = time.perf_counter()
engine = askpkcn.engine.Engine(Path(sys.argv[1]))
engine.load()
loaded = time.perf_counter()
engine.ask(sys.argv[2])
print(json.dumps([libraries - start, imported - libraries, loaded - imported, time.perf_counter() - loaded]))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--index", type=Path, default=Path("index"))
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    rows = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    step = max(1, len(rows) // options.questions)
    questions = [json.loads(row)["question"] for row in rows[::step]][: options.questions]
    print(f"{cores()} cores, {len(questions)} questions\n")
    warm(options.index, questions)
    cold(options.index, options.runs)
    peak(options.index, questions)


def warm(index: Path, questions: Sequence[str]) -> None:
    """Print the stages of a warm question."""
    snapshot = open_snapshot(index)
    encoder, depth = QuestionEncoder(snapshot.encoder_folder), FusionSettings().depth
    vectors, keywords = Vectors(snapshot.vectors), Keywords(snapshot.keywords)
    times: dict[str, list[float]] = {}
    with Engine(index) as engine:
        engine.load()
        for question in (*questions[:3], *questions):
            vector = encoder.embed_question(question)
            parts = {
                "dense search": timed(lambda v=vector: vectors.nearest(v, depth)),
                "keyword search": timed(lambda q=question: keywords.best(q, depth, NO_FILTERS)),
            }
            trace = engine.trace(question)
            took = trace.answer.timings
            parts |= {
                "question encoding": took.encode,
                "retrieval (both, ranked, fused)": took.retrieve,
                "reading": took.read,
                "answering": took.decide,
                "all": took.total,
            }
            for name, milliseconds in parts.items():
                times.setdefault(name, []).append(milliseconds)
    times = {name: row[3:] for name, row in times.items()}
    files = {
        "question encoding": size(snapshot.encoder_folder),
        "dense search": size(snapshot.vectors) + size(snapshot.sentences),
        "keyword search": size(snapshot.keywords),
        "reading": size(MODEL),
        "answering": size(snapshot.catalogue),
    }
    table(("stage", "p50 ms", "p95 ms", "share of all", "bytes on disk"))
    whole = sum(times["all"])
    order = (
        "question encoding",
        "dense search",
        "keyword search",
        "retrieval (both, ranked, fused)",
        "reading",
    )
    for name in (*order, "answering", "all"):
        p50, p95 = np.percentile(times[name], (50, 95))
        row(name, f"{p50:.2f}", f"{p95:.2f}", f"{sum(times[name]) / whole:.1%}", f"{files.get(name, 0):,}" or "")
    rest = 1 - sum(sum(times[name]) for name in ("reading", "question encoding")) / whole
    print(f"\nEverything but reading and encoding: {rest:.1%}.")


def timed(work: Callable[[], object]) -> float:
    """Return milliseconds."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def cold(index: Path, runs: int) -> None:
    """Print the parts of a cold start; each turn measures all three, after one that does not count."""
    whole, floor, parts = [], [], []
    ask = [sys.executable, "-m", "askpkcn", "ask", QUESTION, "--json", "--index", str(index)]
    for _ in range(runs + 1):
        whole.append(timed(lambda: subprocess.run(ask, check=True, capture_output=True)) / 1000)
        floor.append(timed(lambda: subprocess.run([sys.executable, "-c", FLOOR], check=True)) / 1000)
        command = [sys.executable, "-c", COLD, str(index), QUESTION]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        parts.append(json.loads(told.stdout))
    whole, floor, parts = whole[1:], floor[1:], parts[1:]
    names = ("importing the four libraries", "importing askpkcn", "loading index and models", "answering")
    medians = [statistics.median(each) for each in zip(*parts, strict=True)]
    all_of_it = statistics.median(whole)
    table(("part of a cold `askpkcn ask`", "ms", "share"))
    for name, seconds in zip(names, medians, strict=True):
        row(name, f"{1000 * seconds:.0f}", f"{seconds / all_of_it:.0%}")
    rest = all_of_it - sum(medians)
    row("starting Python, the command line, printing, ending", f"{1000 * rest:.0f}", f"{rest / all_of_it:.0%}")
    row("all, the median", f"{1000 * all_of_it:.0f}", "")
    row("all, the worst", f"{1000 * max(whole):.0f}", "")
    ratio = all_of_it / statistics.median(floor)
    print(f"\n`{FLOOR}` alone takes {1000 * statistics.median(floor):.0f} ms: the ratio is {ratio:.2f}.")


def peak(index: Path, questions: Sequence[str]) -> None:
    """Print how fast the products are by themselves, and what the models reach of that, by processor time."""
    asked, encoding = encoding_work(index, questions)
    window, reading = reading_work(index, questions)
    table(("product (inputs x outputs)", "tokens", "fp32, Gop/s", "int8, Gop/s"))
    mixed: dict[tuple[int, str], float] = {}
    for tokens in (asked, window, 512):
        rates = {
            name: {kind: speed(product(kind, *shape), tokens, *shape) for kind in KINDS}
            for name, shape in SHAPES.items()
        }
        for name, shape in SHAPES.items():
            row(f"{name} ({shape[0]} x {shape[1]})", tokens, *(f"{rates[name][kind]:.0f}" for kind in KINDS))
        for kind in KINDS:
            shares = sum(i * o / rates[name][kind] for name, (i, o) in SHAPES.items())
            mixed[tokens, kind] = sum(i * o for i, o in SHAPES.values()) / shares
            row(f"a layer's four, {kind}", tokens, *(f"{mixed[tokens, kind]:.0f}" if k == kind else "" for k in KINDS))
    table(("work", "tokens", "Gop/s", "of the fp32 peak", "of the int8 peak"))
    for name, tokens, rate in (("encoding a question", asked, encoding), ("reading a window", window, reading)):
        shares = (f"{rate / mixed[tokens, kind]:.0%}" for kind in ("fp32", "int8"))
        row(name, tokens, f"{rate:.0f}", *shares)
    print(
        "\nBillions of operations a second of one core; the peak is that of a layer's four products at as many tokens."
    )


def encoding_work(index: Path, questions: Sequence[str]) -> tuple[int, float]:
    """Return the mean tokens of a question, and the billions of operations a second at which it is encoded."""
    from tokenizers import Tokenizer

    folder = open_snapshot(index).encoder_folder
    tokenizer, encoder = Tokenizer.from_file(str(folder / "tokenizer.json")), QuestionEncoder(folder)
    tokenizer.no_padding()
    tokens = [len(tokenizer.encode(question).ids) for question in questions]
    spent = []
    for question in questions:
        encoder.embed_question(question)
        rounds = [cpu(lambda q=question: encoder.embed_question(q)) for _ in range(ROUNDS)]
        spent.append(min(rounds))
    return round(statistics.mean(tokens)), sum(map(operations, tokens)) / sum(spent) / 1e9


def reading_work(index: Path, questions: Sequence[str]) -> tuple[int, float]:
    """Return the mean tokens of a window, and the billions of operations a second at which it is read."""
    reader, lengths, spent = Reader(), [], []
    with Engine(index, reader=reader) as engine:
        for question in questions:
            lengths += [feed["input_ids"].shape[1] for feed in fed(engine, reader, question)]
            vector = engine._encoder.embed_question(question)
            passages = [hit.passage for hit in engine.trace(question).hits]
            spent.append(min(cpu(partial(engine._read, question, vector, passages)) for _ in range(ROUNDS)))
    return round(statistics.mean(lengths)), sum(map(operations, lengths)) / sum(spent) / 1e9


def cpu(work: Callable[[], object]) -> float:
    """Return the seconds of processor time that some work takes, in all threads."""
    started = time.process_time()
    work()
    return time.process_time() - started


def operations(tokens: int) -> int:
    """Return the operations of one sequence: the products with weights, and the two of attention."""
    weights = sum(inputs * outputs for inputs, outputs in SHAPES.values())
    return LAYERS * 2 * (tokens * weights + 2 * tokens * tokens * HIDDEN)


def product(kind: str, inputs: int, outputs: int) -> Any:
    """Return a session that multiplies float32 rows, named x, with fixed weights; int8 as the reader does it."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    weights = random.integers(-127, 128, (inputs, outputs)).astype(np.int8)
    scales = np.full(outputs, 0.01, dtype=np.float32)
    if kind == "fp32":
        held = {"w": weights.astype(np.float32)}
        node = helper.make_node("MatMul", ["x", "w"], ["y"])
    else:
        held = {"w": weights, "s": scales, "z": np.zeros(outputs, dtype=np.int8)}
        node = helper.make_node("DynamicQuantizeMatMul", ["x", "w", "s", "z"], ["y"], domain="com.microsoft")
    sides = [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", k]) for n, k in (("x", inputs), ("y", outputs))]
    graph = helper.make_graph(
        [node], "product", sides[:1], sides[1:], [numpy_helper.from_array(array, name) for name, array in held.items()]
    )
    domains = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=domains, ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def speed(session: Any, tokens: int, inputs: int, outputs: int) -> float:
    """Return the billions of operations a second of processor time that a product reaches; the best of short runs."""
    feed = {"x": np.random.default_rng(1).standard_normal((tokens, inputs), dtype=np.float32)}
    each = 2 * tokens * inputs * outputs / 1e9
    session.run(None, feed)
    count = 1 + round(SECONDS / max(1e-5, cpu(lambda: session.run(None, feed))))
    runs = (cpu(lambda: [session.run(None, feed) for _ in range(count)]) for _ in range(ROUNDS))
    return count * each / min(runs)


def table(head: Sequence[str]) -> None:
    """Print the top of a Markdown table."""
    print("\n| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")


def row(*cells: object) -> None:
    """Print a line of a Markdown table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    main()
