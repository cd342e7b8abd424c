"""The service under load, as docs/performance.md shows it.

    make load
    python benchmarks/load.py --index index

Asks the questions of eval/questions.jsonl over and over, each client one at a time, and prints tables in Markdown.
Clients run on the same machine and take their share of it. Linux only: what the service uses is read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter

import httpx2 as httpx

ROOT = Path(__file__).parent.parent
SERVE = """
import json, sys
from pathlib import Path
from askpkcn.server import run
from askpkcn.server.settings import Settings

if __name__ == "__main__":
    settings = Settings(deadline=300, **json.loads(sys.argv[2]))
    run.run(Path(sys.argv[1]), "127.0.0.1", 0, settings, lambda *told: print(*told, flush=True), int(sys.argv[3]))
"""
HEAD = ("clients", "answers/s", "p50 ms", "p95 ms", "p99 ms", "CPU ms an answer", "503", "other errors")
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Seen:
    """What clients saw: seconds of each answer, those outside the engine, and the statuses of all else."""

    seconds: list[float] = field(default_factory=list)
    outside: list[float] = field(default_factory=list)
    others: list[tuple[int, bool]] = field(default_factory=list)
    took: float = 0.0
    cpu: float = 0.0

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.took

    def at(self, quantile: float) -> float:
        """Return a quantile of the answers' times, in milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(len(ordered) * quantile))]


@contextmanager
def serving(index: str, workers: int = 1, **settings: object) -> Iterator[tuple[int, str]]:
    """Run a service, and yield its process id and address."""
    command = [sys.executable, "-c", SERVE, index, json.dumps(settings), str(workers)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process.pid, process.stdout.readline().split()[0]
        finally:
            process.send_signal(signal.SIGTERM)


def family(pid: int) -> list[int]:
    """Return a process with all that it started."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process and its children have used."""
    stats = [Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split() for each in family(pid)]
    return sum(int(stat[11]) + int(stat[12]) for stat in stats) / TICKS


def megabytes(pid: int) -> float:
    """Return the memory of a process and its children, with what they share counted once (proportional set size)."""
    rollups = [Path(f"/proc/{each}/smaps_rollup").read_text() for each in family(pid)]
    return sum(int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE).group(1)) for rollup in rollups) / 1000


async def ask(client: httpx.AsyncClient, questions: cycle, until: float, seen: Seen) -> None:
    """Ask one question after another; after a 503 wait as long as it says."""
    while perf_counter() < until:
        started = perf_counter()
        response = await client.post("/v1/ask", json={"question": next(questions)})
        if response.status_code == 200:
            seen.seconds.append(perf_counter() - started)
            seen.outside.append(seen.seconds[-1] - response.json()["timings_ms"]["total"] / 1000)
        else:
            seen.others.append((response.status_code, "retry-after" in response.headers))
            await asyncio.sleep(int(response.headers.get("retry-after", 1)))


async def load(address: str, questions: list[str], clients: int, seconds: float) -> Seen:
    """Return what so many clients saw; what was asked within `seconds` is waited for."""
    seen, todo = Seen(), cycle(questions)
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=300, limits=limits) as client:
        started = perf_counter()
        await asyncio.gather(*(ask(client, todo, started + seconds, seen) for _ in range(clients)))
        seen.took = perf_counter() - started
    return seen


def measure(running: tuple[int, str], questions: list[str], clients: int, seconds: float) -> Seen:
    """Return what so many clients saw of a running service, with the processor time that it used."""
    pid, address = running
    before = cpu_seconds(pid)
    seen = asyncio.run(load(address, questions, clients, seconds))
    seen.cpu = cpu_seconds(pid) - before
    return seen


def row(name: object, seen: Seen) -> str:
    """Return one line of a table."""
    refused = sum(status == 503 and told for status, told in seen.others)
    figures = [f"{seen.rate:.2f}", *(f"{seen.at(q):.0f}" for q in (0.5, 0.95, 0.99))]
    cells = [name, *figures, f"{1000 * seen.cpu / len(seen.seconds):.0f}", refused, len(seen.others) - refused]
    return line(*cells)


def line(*cells: object) -> str:
    """Return a line of a Markdown table."""
    return f"| {' | '.join(map(str, cells))} |"


def table(head: tuple[str, ...]) -> None:
    """Print the top of a Markdown table."""
    print("\n" + line(*head) + "\n" + "|---" * len(head) + "|", flush=True)


def counters(address: str) -> dict[str, float]:
    """Return the sums of the service's own histograms for asking: seconds of requests, and of these in the engine."""
    told = httpx.get(f"{address}/metrics").text
    names = {
        "request": 'askpkcn_request_seconds_sum{route="/v1/ask"}',
        "engine": 'askpkcn_stage_seconds_sum{stage="total"}',
    }
    return {key: float(re.search(re.escape(name) + r" (\S+)", told).group(1)) for key, name in names.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--index", default="index")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--seconds", type=float, default=20, help="at least; each client asks about three times")
    options = parser.parse_args()
    rows = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(row)["question"] for row in rows]
    found = clients_table(options.index, questions, options.clients, options.seconds)
    settings_table(options.index, questions, options.seconds)
    if {1, 32} <= found.keys():
        one, many = found[1], found[32]
        print(f"\n32 clients get {many.rate / one.rate:.2f} times the answers of one; ", end="")
        print(f"their p95 is {many.at(0.95) / one.at(0.5):.1f} times its p50.")


def clients_table(index: str, questions: list[str], counts: list[int], seconds: float) -> dict[int, Seen]:
    """Print what more and more clients see of one process, and what of a lone answer's time is not the engine's."""
    found = {}
    with serving(index) as running:
        asyncio.run(load(running[1], questions, 2, 3))  # to warm up
        table(HEAD)
        for clients in counts:
            before = counters(running[1])
            # A round of all clients takes about a quarter of a second for each of them.
            found[clients] = seen = measure(running, questions, clients, max(seconds, 0.5 * clients))
            print(row(clients, seen), flush=True)
            if clients == 1:
                after = counters(running[1])
                request, engine = (after[key] - before[key] for key in ("request", "engine"))
        print(f"\nMemory afterwards: {megabytes(running[0]):.0f} MB.")
    if 1 in found:
        outside = median(found[1].outside)
        print(f"\nOutside the engine, one client: {1000 * outside:.1f} ms of an answer as the client sees it ", end="")
        print(f"({100 * outside / median(found[1].seconds):.1f} %), ", end="")
        print(f"{100 * (request - engine) / request:.1f} % of a request as /metrics counts it.")
    return found


def settings_table(index: str, questions: list[str], seconds: float) -> None:
    """Print what questions under way at a time, and worker processes, bring to 1 and to 32 clients."""
    table(("processes", "questions under way in each", *HEAD, "memory, MB"))
    for workers, threads in ((1, 1), (1, 2), (1, 4), (2, 2)):
        with serving(index, workers=workers, threads=threads) as running:
            asyncio.run(load(running[1], questions, 8, 3))
            for clients in (1, 32):
                seen = measure(running, questions, clients, seconds / 2)
                figures = row(clients, seen).strip("| ")
                print(line(workers, threads, figures, f"{megabytes(running[0]):.0f}"), flush=True)


if __name__ == "__main__":
    main()
