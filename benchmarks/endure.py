"""The service over a long time: its memory after many questions, and new snapshots under load.

    python benchmarks/endure.py --questions 20000 --snapshots 50

Asks 20,000 questions of one passage each, as 8 clients, and prints the memory after the first 2,000 and at the end.
Then replaces the index 50 times while the clients go on. Exits with 1 if a request fails, if an answer names another
snapshot than it quotes from, or if memory grew by over a twentieth. Linux only; works on an index of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
from itertools import count
from pathlib import Path

import httpx2 as httpx
from load import megabytes, serving

from askpkcn import building, index

CLIENTS = 8
QUESTIONS = ("How many gates has the dam at Tarnol?", "Who counted the gates?", "Which river does it hold?")


class Growing:
    """An index of one article, which tells of another number in every snapshot."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "index"
        self.numbers: dict[str, str] = {}
        self._article = folder / "dam.md"
        self._encoder = building.open_encoder(None)
        self.grow()

    def grow(self) -> str:
        """Make a snapshot and return its name."""
        number = str(1000 + len(self.numbers))
        text = f"The dam at Tarnol has {number} gates. Its {number} gates were counted by {number} engineers.\n"
        self._article.write_text(text, encoding="utf-8")
        built = index.build([self._article], self.folder, lambda: self._encoder)
        self.numbers[built.snapshot] = number
        return built.snapshot


class Clients:
    """Eight clients that ask until they are told to stop, and what they found wrong."""

    def __init__(self, address: str, growing: Growing) -> None:
        self._address, self._growing = address, growing
        self.answers = 0
        self.snapshots: set[str] = set()
        self.faults: list[str] = []
        self.stopped = False

    async def run(self) -> None:
        """Ask until `stopped`."""
        async with httpx.AsyncClient(base_url=self._address, timeout=120) as client:
            await asyncio.gather(*(self._ask(client) for _ in range(CLIENTS)))

    async def _ask(self, client: httpx.AsyncClient) -> None:
        for turn in count():
            if self.stopped:
                return
            question = f"{QUESTIONS[turn % len(QUESTIONS)]} {turn}"
            response = await client.post("/v1/ask", json={"question": question, "passages": 1})
            self.answers += 1
            if response.status_code != 200:
                self.faults.append(f"status {response.status_code}")
                continue
            answer = response.json()
            self.snapshots.add(answer["snapshot"])
            shown = [quote["sentence"]["text"] for group in answer["groups"] for quote in group["quotes"]]
            shown += [near["text"] for near in answer["nearest"]]
            if not all(self._growing.numbers[answer["snapshot"]] in text for text in shown):
                self.faults.append(f"snapshot {answer['snapshot']} quotes another")


async def endure(pid: int, address: str, growing: Growing, questions: int, snapshots: int) -> bool:
    """Return whether all went well."""
    clients = Clients(address, growing)
    running = asyncio.create_task(clients.run())
    print("| questions | memory, MB |\n|---|---|")
    memory = []
    for mark in (questions // 10, questions // 2, questions):
        while clients.answers < mark and not running.done():  # it is done only if it broke
            await asyncio.sleep(0.05)
        memory.append(megabytes(pid))
        print(f"| {clients.answers:,} | {memory[-1]:.1f} |", flush=True)
    clients.snapshots.clear()
    before = clients.answers
    async with httpx.AsyncClient(base_url=address, timeout=120) as watcher:
        for _ in range(snapshots):
            made = await asyncio.to_thread(growing.grow)
            while (await watcher.get("/readyz")).json()["snapshot"] != made:
                await asyncio.sleep(0.02)
    clients.stopped = True
    await running
    print(f"\n{snapshots} new snapshots under load: {clients.answers - before:,} answers ", end="")
    print(f"from {len(clients.snapshots)} snapshots; {len(clients.faults)} faults {clients.faults[:3]}; ", end="")
    print(f"memory {megabytes(pid):.1f} MB.")
    return not clients.faults and memory[-1] < 1.05 * memory[0]


def main() -> int:
    """Measure, print, and tell whether all went well."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--questions", type=int, default=20_000)
    parser.add_argument("--snapshots", type=int, default=50)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        growing = Growing(folder)
        with serving(str(growing.folder), watch=0.2) as (pid, address):
            return not asyncio.run(endure(pid, address, growing, options.questions, options.snapshots))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    sys.exit(main())
