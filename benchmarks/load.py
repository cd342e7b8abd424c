"""The service under load: answers a second and latency with more and more clients, and what the service itself costs.

    python benchmarks/load.py --index index --clients 1 8 32 128 --seconds 20

Starts `askpkcn serve` on a free port, asks the questions of eval/questions.jsonl over and over, each client one at a
time, and prints a table. Clients run on the same machine and take their share of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from time import perf_counter

import httpx2 as httpx

ROOT = Path(__file__).parent.parent


@dataclass
class Seen:
    """What clients saw: seconds of each answer, of which in the engine, and the statuses of all else."""

    seconds: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    others: list[tuple[int, bool]] = field(default_factory=list)


async def ask(client: httpx.AsyncClient, questions: cycle, until: float, seen: Seen) -> None:
    """Ask one question after another; after a 503 wait as long as it says."""
    while perf_counter() < until:
        started = perf_counter()
        response = await client.post("/v1/ask", json={"question": next(questions)})
        if response.status_code == 200:
            seen.seconds.append(perf_counter() - started)
            seen.engine.append(response.json()["timings_ms"]["total"] / 1000)
        else:
            seen.others.append((response.status_code, "retry-after" in response.headers))
            await asyncio.sleep(int(response.headers.get("retry-after", 1)))


async def load(address: str, questions: list[str], clients: int, seconds: float) -> tuple[Seen, float]:
    """Return what so many clients saw, and how long it took."""
    seen, todo = Seen(), cycle(questions)
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=address, timeout=120, limits=limits) as client:
        started = perf_counter()
        until = started + seconds
        await asyncio.gather(*(ask(client, todo, until, seen) for _ in range(clients)))
        return seen, perf_counter() - started


def row(clients: int, seen: Seen, took: float) -> str:
    """Return one line of the table."""
    ordered = sorted(seen.seconds)
    at = [1000 * ordered[min(len(ordered) - 1, int(len(ordered) * q))] for q in (0.5, 0.95, 0.99)]
    refused = sum(status == 503 and told for status, told in seen.others)
    errors = len(seen.others) - refused
    cells = [clients, f"{len(ordered) / took:.2f}", *(f"{ms:.0f}" for ms in at), refused, errors]
    return "| " + " | ".join(map(str, cells)) + " |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", default="index")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32, 128])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--queue", type=int, default=128)
    chosen = parser.parse_args()
    lines = (ROOT / "eval" / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    serve = ["-m", "askpkcn", "serve", "--port", "0", "--index", chosen.index, "--deadline", "120"]
    with subprocess.Popen(
        [sys.executable, *serve, "--queue", str(chosen.queue)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        address = process.stdout.readline().split()[0]
        asyncio.run(load(address, questions, 1, 3))  # to warm up
        print("| clients | answers/s | p50 ms | p95 ms | p99 ms | 503 with Retry-After | other errors |")
        print("|---|---|---|---|---|---|---|")
        for clients in chosen.clients:
            seen, took = asyncio.run(load(address, questions, clients, chosen.seconds))
            print(row(clients, seen, took), flush=True)
            if clients == 1:
                alone = statistics.median(
                    whole - engine for whole, engine in zip(seen.seconds, seen.engine, strict=True)
                )
                share = alone / statistics.median(seen.seconds)
        process.send_signal(signal.SIGTERM)
    if 1 in chosen.clients:
        print(f"\nOne client: {1000 * alone:.1f} ms of an answer outside the engine, {100 * share:.1f} %.")


if __name__ == "__main__":
    main()
