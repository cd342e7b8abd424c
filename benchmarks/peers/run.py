"""askpkcn against what people use now: the same passages, questions, encoder and reader, in one run on one machine.

    python benchmarks/peers/run.py [--articles seeds] [--questions 60] [--rounds 1] [--only askpkcn script]

Makes a virtual environment for each contestant under benchmarks/peers/work/ (once; some gigabytes), rebuilds the
reader's weights for transformers, builds all indexes, and starts all contestants. Then each answers ten questions in
turn, the first of a turn another each time, so that all meet the same machine. The table goes to standard output, all
answers to benchmarks/peers/work/results/.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from reader_weights import make
from scorer import Cost, Score, read, score, table

from askpkcn.catalogue import Catalogue
from askpkcn.reader import MODEL
from askpkcn.snapshot import open_snapshot

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORK = HERE / "work"
TURN = 10
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "False",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}


@dataclass(frozen=True)
class Entry:
    """A contestant with a setting."""

    name: str
    setting: str

    @property
    def title(self) -> str:
        """What the table calls it."""
        return self.name if self.name == "askpkcn" else f"{self.name}, {self.setting}"

    @property
    def folder(self) -> Path:
        """Where its index is."""
        return WORK / "indexes" / f"{self.name}-{self.setting}"

    def command(self, mode: str) -> list[str]:
        """Return what runs it."""
        told = ["--task", str(WORK / "task"), "--folder", str(self.folder), "--setting", self.setting]
        return [str(python_of(self.name)), str(HERE / f"with_{self.name}.py"), mode, *told]


ENTRIES = (
    Entry("askpkcn", "shipped"),
    Entry("haystack", "default"),
    Entry("haystack", "best"),
    Entry("haystack", "segments"),
    Entry("txtai", "default"),
    Entry("txtai", "best"),
    Entry("script", "default"),
    Entry("script", "best"),
)


def python_of(name: str) -> Path:
    """Return the interpreter of a contestant's environment."""
    return WORK / name / "venv" / "bin" / "python"


def environment(name: str) -> None:
    """Make a contestant's virtual environment, unless its requirements are installed."""
    wanted = HERE / f"requirements-{name}.txt"
    stamp = WORK / name / "installed.txt"
    if stamp.is_file() and stamp.read_text() == wanted.read_text():
        return
    print(f"installing {name}", file=sys.stderr, flush=True)
    if not python_of(name).is_file():
        subprocess.run([sys.executable, "-m", "venv", WORK / name / "venv"], check=True)
    pip = [python_of(name), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    subprocess.run([*pip, "--requirement", wanted], check=True, cwd=ROOT)
    stamp.write_text(wanted.read_text())


def installed_megabytes(name: str) -> float:
    """Return the size of a contestant's packages, without the pip that came with the environment."""
    places = list((WORK / name / "venv" / "lib").glob("python*/site-packages"))
    files = (file for place in places for file in place.rglob("*") if file.is_file() and not file.is_symlink())
    ours = [f for f in (ROOT / "src" / "askpkcn").rglob("*") if f.is_file()] if name == "askpkcn" else []
    kept = [file for file in files if not {"pip", "setuptools", "pkg_resources", "__pycache__"} & {*file.parts}]
    return sum(file.stat().st_size for file in [*kept, *ours]) / 1e6


def prepare(articles: Path, entries: Sequence[Entry]) -> dict[Entry, tuple[float, float]]:
    """Write the task and build all indexes; return each one's seconds for the whole command, and its peak memory."""
    task = WORK / "task"
    task.mkdir(parents=True, exist_ok=True)
    (task / "articles").write_text(str(articles.resolve()))
    (task / "passages.jsonl").write_text("")
    built = {entries[0]: _build(entries[0])}
    catalogue = Catalogue(open_snapshot(entries[0].folder).catalogue)
    rows = [
        {"number": p.number, "article": p.article_id, "start": p.start, "end": p.end, "text": p.text}
        for p in catalogue.all_passages()
    ]
    catalogue.close()
    text = "".join(json.dumps(row) + "\n" for row in sorted(rows, key=lambda row: row["number"]))
    (task / "passages.jsonl").write_text(text)
    stamp, digest = task / "reader.txt", hashlib.sha256((MODEL / "reader.onnx").read_bytes()).hexdigest()
    if not stamp.is_file() or stamp.read_text() != digest:
        make(MODEL, task / "reader")
        stamp.write_text(digest)
    return built | {entry: _build(entry) for entry in entries[1:]}


def _build(entry: Entry) -> tuple[float, float]:
    print(f"building {entry.title}", file=sys.stderr, flush=True)
    subprocess.run(["rm", "-rf", entry.folder], check=True)
    started = time.perf_counter()
    told = _last(subprocess.run(entry.command("build"), env=_surroundings(), capture_output=True, text=True))
    return time.perf_counter() - started, told["peak_mb"]


def _last(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    if done.returncode:
        sys.exit(f"{' '.join(map(str, done.args))} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _surroundings() -> dict[str, str]:
    return os.environ | OFFLINE


def cold(entries: Sequence[Entry], runs: int) -> dict[Entry, float]:
    """Return the median seconds from nothing to one answer, after a run that does not count; in turns."""
    times: dict[Entry, list[float]] = {entry: [] for entry in entries}
    for turn in range(runs + 1):
        for entry in entries:
            started = time.perf_counter()
            _last(subprocess.run(entry.command("cold"), env=_surroundings(), capture_output=True, text=True))
            if turn:
                times[entry].append(time.perf_counter() - started)
    return {entry: statistics.median(took) for entry, took in times.items()}


class Running:
    """A contestant that waits for questions."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.peak_mb = 0.0
        if not process.stdout.readline():
            sys.exit(f"{' '.join(map(str, process.args))} did not start")

    def ask(self, questions: Sequence[str]) -> list[dict[str, Any]]:
        """Return its answers, each with its milliseconds."""
        self._process.stdin.write(json.dumps(list(questions)) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        """End it, and learn of its memory."""
        self._process.stdin.close()
        self.peak_mb = json.loads(self._process.stdout.readline())["peak_mb"]


@contextmanager
def running(entry: Entry) -> Iterator[Running]:
    """Start a contestant, and stop it afterwards."""
    with (
        (WORK / f"{entry.name}-{entry.setting}.log").open("w") as log,
        subprocess.Popen(
            entry.command("serve"),
            env=_surroundings(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield Running(process)


def contest(
    entries: Sequence[Entry], questions: Sequence[dict[str, Any]], rounds: int
) -> tuple[dict[Entry, dict[str, list[dict[str, Any]]]], dict[Entry, float]]:
    """Ask all contestants all questions, in turns; return the answers by question, and each one's peak memory."""
    answers: dict[Entry, dict[str, list[dict[str, Any]]]] = {e: {q["id"]: [] for q in questions} for e in entries}
    with ExitStack() as stack:
        started = {entry: stack.enter_context(running(entry)) for entry in entries}
        for turn, at in enumerate([*range(0, len(questions), TURN)] * rounds):
            part = questions[at : at + TURN]
            first = turn % len(entries)
            for entry in [*entries[first:], *entries[:first]]:
                got = started[entry].ask([question["question"] for question in part])
                for question, answer in zip(part, got, strict=True):
                    answers[entry][question["id"]].append(answer)
        for one in started.values():
            one.stop()
    return answers, {entry: one.peak_mb for entry, one in started.items()}


def chosen(file: Path, count: int) -> list[dict[str, Any]]:
    """Return up to `count` questions, evenly spread over the file; those with filters are left out, for all."""
    rows = [row for row in read(file) if not row.get("filters")]
    return [rows[at * len(rows) // count] for at in range(count)] if 0 < count < len(rows) else rows


def main() -> None:
    """Prepare, run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--articles", type=Path, default=ROOT / "seeds")
    parser.add_argument("--file", type=Path, default=ROOT / "eval" / "questions.jsonl")
    parser.add_argument("--questions", type=int, default=0, help="0: all")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cold", type=int, default=3, help="runs from a cold start; 0: none")
    parser.add_argument("--only", nargs="+", metavar="NAME", default=["haystack", "txtai", "script"])
    options = parser.parse_args()
    entries = [entry for entry in ENTRIES if entry.name in ("askpkcn", *options.only)]
    for name in dict.fromkeys(entry.name for entry in entries):
        environment(name)
    built = prepare(options.articles, entries)
    questions = chosen(options.file, options.questions)
    passages = read(WORK / "task" / "passages.jsonl")
    started = cold(entries, options.cold) if options.cold else dict.fromkeys(entries, float("nan"))
    answers, peaks = contest(entries, questions, options.rounds)
    scores: dict[str, tuple[Score, Cost]] = {}
    (WORK / "results").mkdir(exist_ok=True)
    for entry in entries:
        cost = Cost(
            built[entry][0], started[entry], max(peaks[entry], built[entry][1]), installed_megabytes(entry.name)
        )
        scores[entry.title] = score(questions, passages, answers[entry]), cost
        kept = {"entry": asdict(entry), "serving_mb": peaks[entry], "answers": answers[entry]}
        (WORK / "results" / f"{entry.name}-{entry.setting}.json").write_text(json.dumps(kept, indent=1))
    told = sum(not question["answers"] for question in questions)
    print(
        f"{len(questions)} questions, {told} of them unanswerable; {len(passages)} passages; {os.cpu_count()} cores\n"
    )
    print(table(scores, "askpkcn"))


if __name__ == "__main__":
    main()
