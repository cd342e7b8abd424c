"""How long does `askpkcn ask` take from nothing? `python benchmarks/cold_start.py [--index DIR] [--runs N]`.

Starts the whole process N times, first of all once to fill the page cache, and prints the wall time, beside that of
importing only the four libraries a question cannot do without; the ratio holds on other machines.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time

QUESTION = "How many agreements did Kakar sign in China?"
FLOOR = "import onnxruntime, faiss, tantivy, tokenizers"


def seconds(command: list[str], runs: int) -> list[float]:
    """Return the wall times of `runs` runs, after one that does not count."""
    times = []
    for _ in range(runs + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return times[1:]


def main() -> None:
    """Time both and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", default="index")
    parser.add_argument("--runs", type=int, default=10)
    options = parser.parse_args()
    ask = [sys.executable, "-m", "askpkcn", "ask", QUESTION, "--json", "--index", options.index]
    rows = {"askpkcn ask": seconds(ask, options.runs), FLOOR: seconds([sys.executable, "-c", FLOOR], options.runs)}
    print(f"{os.cpu_count()} cores, {options.runs} runs each")
    for name, times in rows.items():
        print(f"{name:50} median {statistics.median(times):.2f} s, worst {max(times):.2f} s")
    ratio = statistics.median(rows["askpkcn ask"]) / statistics.median(rows[FLOOR])
    print(f"ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
