"""How much memory does a large index take to build? `python benchmarks/scale.py [--articles N] [--real]`.

Makes N short articles as JSON Lines, a thousand a file, and indexes them; then edits one file and indexes again. Prints
time and the most memory held. A stand-in makes the vectors, of the real size, unless `--real` says otherwise: the real
encoder is by far the slowest part, and holds some 600 MB whatever the number of articles.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from pathlib import Path

import made
from formats import record, run

INSIDE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from fakes import HashEncoder
from askpkcn.building import named_model
from askpkcn.index import Model, build
model = named_model(None) if sys.argv[4] == "real" else Model(lambda: HashEncoder("hashes", 384), "hashes", "hashes")
built = build([Path(sys.argv[2])], Path(sys.argv[3]), model)
print(f"{built.articles:,} articles, {built.passages:,} passages, {built.reused:,} vectors kept")
"""
TESTS = Path(__file__).parent.parent / "tests"


def main() -> None:
    """Make the articles, index them twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--real", action="store_true")
    options = parser.parse_args()
    chance = random.Random(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "news"
        folder.mkdir()
        for first in range(0, options.articles, 1000):
            rows = (record(made.filler(chance, 4)) for _ in range(min(1000, options.articles - first)))
            (folder / f"{first:07}.jsonl").write_text("".join(f"{row}\n" for row in rows))
        model = "real" if options.real else "stand-in"
        command = [sys.executable, "-c", INSIDE, str(TESTS), str(folder), f"{place}/index", model]
        seconds, most, out = run(command)
        print(f"first run   {seconds:7.1f} s, at most {most / 1e6:,.0f} MB   {out.strip()}")
        edited = json.dumps({"text": made.filler(chance, 4).text})
        file = next(iter(sorted(folder.iterdir())))
        file.write_text(file.read_text() + edited + "\n")
        seconds, most, out = run(command)
        print(f"one edited  {seconds:7.1f} s, at most {most / 1e6:,.0f} MB   {out.strip()}")


if __name__ == "__main__":
    main()
