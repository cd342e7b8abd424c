"""Killed at random moments, does the index always open, verify and answer? `python benchmarks/kills.py [--kills N]`.

Each round forks a process that builds, updates, prunes or rolls back, and kills it (SIGKILL) at a random moment of the
time that this took before. After every kill the index is opened, verified and searched, and so is what the next build
makes of what was left. The encoder is a stand-in that is fast; all else is what a user runs.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep

import made

from askpkcn import store
from askpkcn.errors import AskpkcnError
from askpkcn.index import Model, build
from askpkcn.keywords import Keywords
from askpkcn.snapshot import held
from askpkcn.types import Filters
from askpkcn.vectors import Vectors
from askpkcn.verify import verify

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from fakes import HashEncoder, unit

ARTICLES = 40


class Rounds:
    """A folder of articles, its index, and what may be done to it."""

    def __init__(self, place: Path, chance: random.Random) -> None:
        self.folder, self.index = place / "news", place / "index"
        self.chance = chance
        self.folder.mkdir()
        for number in range(ARTICLES):
            self.write(number)
        self.doings: dict[str, Callable[[], object]] = {
            "build": self.build,
            "update": self.build,
            "prune": lambda: store.prune(self.index),
            "rollback": lambda: store.rollback(self.index),
        }

    def write(self, number: int) -> None:
        """Write an article that is new."""
        (self.folder / f"{number:03}.txt").write_text(made.filler(self.chance, 4).text)

    def build(self) -> object:
        """Index the folder."""
        return build([self.folder], self.index, Model(HashEncoder, "hashes", "hashes"))

    def prepare(self, doing: str) -> None:
        """Bring the index to where the doing has something to do."""
        if doing == "build":
            shutil.rmtree(self.index, ignore_errors=True)
        elif doing == "update":
            for number in self.chance.sample(range(ARTICLES), 5):
                self.write(number)
        else:
            for _ in range(2 if len(store.snapshots(self.index)) < 2 else 0):
                self.write(self.chance.randrange(ARTICLES))
                self.build()

    def check(self, doing: str) -> None:
        """Open, verify and search. A first build that was killed leaves no index, which is told as such."""
        try:
            verify(self.index)
        except AskpkcnError:
            if doing != "build" or (self.index / "CURRENT").exists():
                raise
            return
        with held(self.index) as snapshot:
            if len(Vectors(snapshot.vectors).nearest(unit("anything"), 3)) != 3:
                raise SystemExit("the vectors give no answer")
            if not Keywords(snapshot.keywords).best("port fire accord river flood", 3, Filters()):
                raise SystemExit("the keywords give no answer")


def killed(doing: Callable[[], object], after: float) -> bool:
    """Fork, do it, kill it after so many seconds; tell whether it was killed before it had ended."""
    child = os.fork()
    if not child:
        try:
            doing()
        finally:
            os._exit(0)
    sleep(after)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def run(kills: int, seed: int, place: Path) -> Counter[str]:
    """Kill so many times, and return how often each doing was. Raises whatever goes wrong afterwards."""
    rounds = Rounds(place, random.Random(seed))
    took: dict[str, float] = {}
    for doing in rounds.doings:  # how long each takes, unhurt
        rounds.prepare(doing)
        started = perf_counter()
        rounds.doings[doing]()
        took[doing] = perf_counter() - started
        if doing == "build":
            rounds.build()
    done: Counter[str] = Counter()
    names = list(rounds.doings)
    while sum(done.values()) < kills:
        doing = names[sum(done.values()) % len(names)]
        rounds.prepare(doing)
        if killed(rounds.doings[doing], rounds.chance.uniform(0, took[doing])):
            done[doing] += 1
        rounds.check(doing)
        rounds.build()
        rounds.check("")
    return done


def main() -> None:
    """Kill and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        done = run(options.kills, options.seed, Path(place))
    told = ", ".join(f"{count} in {doing}" for doing, count in done.items())
    print(f"killed {sum(done.values())} times ({told}), seed {options.seed}")
    print("each time the index opened, verified and answered")


if __name__ == "__main__":
    main()
