"""What grows with the collection: building, bytes, memory, retrieval, its recall, and an update of 1 % of the articles.

    python benchmarks/growth.py --sizes 1000,10000,100000 [--reading FOLDER] [--index index]

FOLDER holds SQuAD files (.json or .json.gz), whose paragraphs are the first passages, and whose questions are asked;
without it these are the articles of seeds/ and eval/questions.jsonl. Where there are no more real paragraphs, perturbed
ones follow: a real one with REPLACED of its words replaced by words of others, and its vector with OTHER times that of
another and NOISE times a random one added, brought back to unit length. Fewer words replaced would make them copies, of
which no collection has hundreds each. Embedding is left out, as the vectors are made, those of sentences at random; all
else is what `askpkcn index` does, but for sizes that are built in haste (`--hurried`). Works in a folder of its own;
Linux only.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from stages import row, size, table

from askpkcn import catalogue, embedding, index, keywords, stories, vectors
from askpkcn.building import open_encoder
from askpkcn.encoder import QuestionEncoder, Rows
from askpkcn.evaluation import squad
from askpkcn.snapshot import open_snapshot
from askpkcn.text import normalise

ROOT = Path(__file__).parent.parent
WORDS = range(30, 111)
"""How long a paragraph may be: one passage each."""
REPLACED, OTHER, NOISE = 0.67, 0.6, 0.6
TOGETHER = 4096
"""Texts that get a vector at a time: without a model to run, forcing each few to the disk would be what takes time."""
A_FILE = 10_000
PARTS = ("FAISS", "tantivy", "catalogue", "stories")
CHANGED = 100
"""One article in so many is changed in an update."""
QUESTIONS = 200

SERVE = """
import json, re, sys, time
from pathlib import Path
import numpy as np

def resident():
    told = Path("/proc/self/smaps_rollup").read_text()
    return [int(re.search(rf"^{name}:\\s+(\\d+)", told, re.MULTILINE).group(1)) * 1024 for name in ("Rss", "Anonymous")]

started = time.perf_counter()
from askpkcn.engine import Engine
from askpkcn.encoder import QuestionEncoder
from askpkcn.keywords import Keywords
from askpkcn.snapshot import open_snapshot
from askpkcn.types import Filters
from askpkcn.vectors import Vectors
engine = Engine(Path(sys.argv[1]))
engine.load()
start = time.perf_counter() - started
questions = json.loads(sys.stdin.read())
snapshot = open_snapshot(Path(sys.argv[1]))
encoder, nothing = QuestionEncoder(snapshot.encoder_folder), Filters()
rows = [encoder.embed_question(question) for question in questions]
for question in questions[:20]:
    engine.search(question)
whole, encoding = [], []
for question in questions:
    one = time.perf_counter()
    encoder.embed_question(question)
    two = time.perf_counter()
    engine.search(question)
    whole.append(1000 * (time.perf_counter() - two - (two - one)))
memory = resident()
dense, keyword, found = [], [], []
opened, words = Vectors(snapshot.vectors), Keywords(snapshot.keywords)
for question, row in zip(questions, rows):
    one = time.perf_counter()
    opened.nearest(row, 50)
    two = time.perf_counter()
    words.best(question, 50, nothing)
    dense.append(1000 * (two - one))
    keyword.append(1000 * (time.perf_counter() - two))
    found.append({each.passage for each in opened.nearest(row, 10)})
every, recall = opened.rows(), []
for row, got in zip(rows, found):
    similar = every @ row
    least = np.partition(similar, -10)[-10]
    recall.append(sum(similar[number] >= least - 1e-6 for number in got) / 10)
print(json.dumps({"start": start, "resident": memory, "retrieval": whole, "dense": dense, "keyword": keyword,
                  "recall": sum(recall) / len(recall), "kind": type(opened._index).__name__}))
"""


@dataclass
class Made:
    """An encoder that gives prepared vectors: those of known texts, and for others a random one, which it counts."""

    known: dict[str, Rows]
    folder: Path
    unknown: int = 0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(2))

    @property
    def card(self) -> Any:
        """The card of the encoder whose export is used."""
        return QuestionEncoder(self.folder).card

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] = lambda _: None) -> Rows:
        """Return unit rows, float32, shape (n_texts, dimension)."""
        found = np.stack([self._row(text) for text in texts])
        progress(len(texts))
        return found

    def _row(self, text: str) -> Rows:
        if text in self.known:
            return self.known[text]
        self.unknown += 1
        return unit(self.random.standard_normal(self.card_dimension, dtype=np.float32))

    @property
    def card_dimension(self) -> int:
        """The length of a row."""
        return len(next(iter(self.known.values())))

    def export(self, folder: Path) -> None:
        """Copy the real encoder's export."""
        shutil.copytree(self.folder, folder, ignore=shutil.ignore_patterns("files.json"), dirs_exist_ok=True)


@dataclass
class Clock:
    """Seconds spent in each part of a build."""

    seconds: dict[str, float] = field(default_factory=dict)

    def watch(self, holder: Any, name: str, part: str) -> None:
        """Have calls of holder.name counted as a part; what is no longer there is not counted."""
        work = getattr(holder, name, None)
        if work is None:
            return

        def watched(*arguments: Any, **named: Any) -> Any:
            started = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds[part] = self.seconds.get(part, 0.0) + time.perf_counter() - started

        setattr(holder, name, watched)

    def take(self) -> dict[str, float]:
        """Return the seconds so far, and begin anew."""
        taken, self.seconds = self.seconds, {}
        return taken


def unit(rows: Rows) -> Rows:
    """Return rows at unit length."""
    return np.asarray(rows / np.linalg.norm(rows, axis=-1, keepdims=True), dtype=np.float32)


def real(reading: Path | None) -> tuple[list[str], list[str]]:
    """Return real paragraphs that make one passage each, and questions."""
    if reading is None:
        whole = [file.read_text(encoding="utf-8") for file in sorted((ROOT / "seeds").glob("*.md"))]
        found = [" ".join(text.split()) for each in whole for text in each.split("\n\n")]
        rows = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
        questions = [json.loads(line)["question"] for line in rows]
    else:
        files = sorted(file for file in reading.iterdir() if file.name.endswith((".json", ".json.gz")))
        read = [squad.read(file) for file in files]
        found = [" ".join(text.split()) for each in read for text in each.paragraphs]
        questions = [each.text for one in read for each in one.questions]
    texts = list(dict.fromkeys(normalise(text) for text in found if len(text.split()) in WORDS))
    return texts, questions


def embedded(texts: Sequence[str], folder: Path) -> tuple[Rows, Path]:
    """Return the texts' real vectors, and the folder of the encoder's export."""
    encoder = open_encoder(None)
    started = time.perf_counter()
    rows = encoder.embed_passages(list(texts), lambda _: None)
    took = time.perf_counter() - started
    encoder.export(folder / "encoder")
    print(f"{len(texts):,} real paragraphs embedded in {took:.0f} s, {len(texts) / took:.0f} a second\n", flush=True)
    return rows, folder / "encoder"


def grown(texts: Sequence[str], rows: Rows, count: int) -> Iterator[tuple[str, Rows]]:
    """Yield real texts with their vectors, then perturbed ones."""
    yield from zip(texts[:count], rows[:count], strict=True)
    random = np.random.default_rng(1)
    words = [word for text in texts for word in text.split() if word.isalpha()]
    for number in range(len(texts), count):
        base = number % len(texts)
        told = texts[base].split()
        new = random.integers(len(words), size=len(told))
        for at in np.flatnonzero(random.random(len(told)) < REPLACED):
            if told[at].isalpha():  # the rest keeps its numbers and its sentences
                told[at] = words[new[at]]
        other, noise = rows[random.integers(len(rows))], random.standard_normal(rows.shape[1], dtype=np.float32)
        yield normalise(f"{number}. {' '.join(told)}"), unit(rows[base] + OTHER * other + NOISE * unit(noise))


def write(texts: Sequence[str], folder: Path, changed: bool = False) -> None:
    """Write articles of one paragraph each; with `changed`, one in a hundred says something else."""
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(0, len(texts), A_FILE):
        with (folder / f"{at:08}.jsonl").open("w", encoding="utf-8") as stream:
            for number, text in enumerate(texts[at : at + A_FILE], at):
                more = " It was changed." if changed and number % CHANGED == 0 else ""
                stream.write(json.dumps({"id": f"{number:08}", "text": text + more}) + "\n")


@contextmanager
def hurried() -> Iterator[None]:
    """Leave out what takes most of a build and changes nothing of what is served: sentences by nupunkt, and stories."""
    none = np.empty(0, dtype=np.uint32)
    with (
        mock.patch.object(
            index, "sentences", lambda text: [m.span() for m in re.finditer(r"\S.*?(?:[.?!](?=\s)|$)", text)]
        ),
        mock.patch.object(stories, "bands_of", lambda _: none),
    ):
        yield


def measure(
    texts: Sequence[str], made: Made, questions: Sequence[str], work: Path, clock: Clock, update: bool
) -> dict[str, Any]:
    """Build, serve and, if told to, update an index of the texts."""
    articles, folder = work / "articles", work / "index"
    write(texts, articles)
    clock.take()
    started = time.perf_counter()
    built = index.build([articles], folder, lambda: made)
    took = {"build": time.perf_counter() - started, "parts": clock.take()}
    place = open_snapshot(folder).folder
    parts = {"FAISS": "vectors*", "sentences": "sentences*", "tantivy": "keywords*", "catalogue": "catalogue*"}
    sizes = {name: sum(size(path) for path in place.glob(pattern)) for name, pattern in parts.items()}
    command = [sys.executable, "-c", SERVE, str(folder)]
    served = subprocess.run(command, input=json.dumps(questions), capture_output=True, text=True)
    if served.returncode:
        sys.exit(served.stderr[-3000:])
    unknown, updated = made.unknown, None
    if update:
        write(texts, articles, changed=True)
        started = time.perf_counter()
        index.build([articles], folder, lambda: made)
        updated = time.perf_counter() - started
    # Sentences and what was cut in two have no prepared vector; a changed article has none by intention.
    return {
        **took,
        "passages": built.passages,
        "unknown": unknown,
        "sizes": {**sizes, "all": size(place)},
        "update": updated,
        **json.loads(served.stdout),
    }


def show(found: Sequence[dict[str, Any]]) -> None:
    """Print the tables."""
    parts = ("of it FAISS", *PARTS[1:])
    table(("passages", "build s", *parts, "update of 1 % s", "index bytes a passage"))
    for one in found:
        parts = [f"{one['parts'][p]:.1f}" if p in one["parts"] else "–" for p in PARTS]
        each = one["sizes"]["all"] / one["passages"]
        row(
            f"{one['passages']:,}",
            f"{one['build']:.1f}",
            *parts,
            f"{one['update']:.1f}" if one["update"] else "–",
            f"{each:.0f}",
        )
    names = ("FAISS", "sentences", "tantivy", "catalogue", "all")
    table(
        ("passages", *(f"{name}, MB" for name in names), "resident MB", "of it not shared", "a passage, kB", "start s")
    )
    for one in found:
        whole, own = one["resident"]
        megabytes = [f"{one['sizes'][name] / 1e6:.1f}" for name in names]
        memory = [f"{whole / 1e6:.0f}", f"{own / 1e6:.0f}", f"{whole / one['passages'] / 1000:.2f}"]
        row(f"{one['passages']:,}", *megabytes, *memory, f"{one['start']:.2f}")
    table(("passages", "retrieval p50 ms", "p95", "dense p50", "p95", "keyword p50", "p95", "recall@10", "index"))
    for one in found:
        cells = [
            f"{value:.2f}" for name in ("retrieval", "dense", "keyword") for value in np.percentile(one[name], (50, 95))
        ]
        row(f"{one['passages']:,}", *cells, f"{one['recall']:.3f}", one["kind"])
    if len(found) > 1:
        first, last = (np.percentile(one["retrieval"], 95) for one in (found[0], found[-1]))
        print(
            f"\nRetrieval p95 at {found[-1]['passages']:,}: {last / first:.1f} times that at {found[0]['passages']:,}."
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--sizes", default="1000,10000,100000", help="passages, separated by commas")
    parser.add_argument("--reading", type=Path, help="a folder of SQuAD files")
    parser.add_argument("--real", type=int, default=6000, help="real paragraphs at most")
    parser.add_argument(
        "--hurried", type=int, default=10**9, help="from so many passages on, build in haste and measure no update"
    )
    parser.add_argument("--results", type=Path, help="write all figures to this file as JSON")
    options = parser.parse_args()
    clock = Clock()
    clock.watch(vectors, "write", "FAISS")
    clock.watch(keywords, "write", "tantivy")
    clock.watch(stories, "group", "stories")
    embedding.TOGETHER = TOGETHER
    clock.watch(catalogue.Writer, "add", "catalogue")
    sizes = sorted(int(number) for number in options.sizes.split(","))
    texts, questions = real(options.reading)
    texts = texts[: min(options.real, sizes[-1])]
    asked = questions[:: max(1, len(questions) // QUESTIONS)][:QUESTIONS]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        rows, encoder = embedded(texts, Path(folder))
        for count in sizes:
            pairs = dict(grown(texts, rows, count))
            made = Made(pairs, encoder)
            in_haste = count >= options.hurried
            with hurried() if in_haste else nullcontext():
                found.append(measure(list(pairs), made, asked, Path(folder) / str(count), clock, not in_haste))
            shutil.rmtree(Path(folder) / str(count))
            told = f"{min(count, len(texts)):,} real, {max(0, count - len(texts)):,} perturbed"
            print(f"{count:,} articles: {told}; {found[-1]['unknown']} texts with a random vector", flush=True)
    show(found)
    if options.results:
        options.results.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
