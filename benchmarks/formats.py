"""How fast are files of each format indexed, and how fast a second time? `python benchmarks/formats.py [--files N]`.

Makes N files of short articles in mixed formats, reads each format alone (files a second), then runs `askpkcn index`
on all of them: the first time, again with nothing changed, and with one file in a hundred edited. Wall times are those
of the whole command; memory is the sum over it and its workers.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import made

from askpkcn.articles import Readings, find

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
from files import pdf, word

RECORDS = 1
"""Articles in a file of JSON Lines."""


def html(one: made.Piece) -> bytes:
    """Return a page as a site has it, with a menu and a footer around the article."""
    body = "".join(f"<p>{paragraph}</p>" for paragraph in one.paragraphs)
    head = f'<title>{one.title} - {one.outlet}</title><meta property="og:site_name" content="{one.outlet}">'
    head += f'<meta property="article:published_time" content="{one.published}T08:00:00Z">'
    menu = "<nav><ul><li><a href=/>Home</a></li><li><a href=/sport>Sport</a></li></ul></nav>"
    article = f"<article><h1>{one.title}</h1><p class=byline>By {one.author}</p>{body}</article>"
    page = f"<!doctype html><html><head>{head}</head><body>{menu}{article}<footer>All rights</footer></body></html>"
    return page.encode()


def lines(one: made.Piece) -> list[str]:
    """Return an article as lines of a printed page."""
    out = [one.title, f"By {one.author}", ""]
    for paragraph in one.paragraphs:
        line = ""
        for each in paragraph.split():
            if len(line) + len(each) > 80:
                out.append(line)
                line = each
            else:
                line = f"{line} {each}".strip()
        out += [line, ""]
    return out


def markdown(one: made.Piece) -> bytes:
    """Return an article with front matter."""
    told = f'title: "{one.title}"\nauthor: {one.author}\noutlet: {one.outlet}\npublished: {one.published}'
    body = "\n\n".join(one.paragraphs)
    return f"---\n{told}\n---\n\n{body}\n".encode()


def docx(one: made.Piece) -> bytes:
    """Return a Word document."""
    return word([f"# {one.title}", f"By {one.author}", *one.paragraphs])


def record(one: made.Piece) -> str:
    """Return an article as a line of JSON."""
    told = {"title": one.title, "author": one.author, "source": one.outlet, "date": str(one.published)}
    return json.dumps({**told, "text": "\n\n".join(one.paragraphs)})


FORMATS: dict[str, Callable[[made.Piece], bytes]] = {
    "html": html,
    "pdf": lambda one: pdf([lines(one)]),
    "docx": docx,
    "md": markdown,
    "txt": lambda one: one.text.encode(),
}


def write(folder: Path, files: int, chance: random.Random) -> None:
    """Write files in a folder for each format."""
    names = [*FORMATS, "jsonl"]
    for number in range(files):
        name = names[number % len(names)]
        place = folder / name / f"{number:06}.{name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        if name == "jsonl":
            rows = (record(made.filler(chance, 3)) for _ in range(RECORDS))
            place.write_text("".join(f"{row}\n" for row in rows))
        else:
            place.write_bytes(FORMATS[name](made.filler(chance, 3)))


def family(pid: int) -> list[int]:
    """Return a process and all under it."""
    under = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        under += [int(child) for child in task.read_text().split()]
    return [pid, *(each for child in under for each in family(child))]


def resident(pid: int) -> int:
    """Return the bytes that a process and all under it hold, pages that they share counted once each."""
    total = 0
    for each in family(pid):
        try:
            told = Path(f"/proc/{each}/smaps_rollup").read_text()
        except OSError:
            continue  # it has just ended
        total += next((int(line.split()[1]) * 1024 for line in told.splitlines() if line.startswith("Pss:")), 0)
    return total


def run(command: list[str]) -> tuple[float, int, str]:
    """Run a command; return its seconds, the most bytes that it held, and what it printed."""
    started = perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    most, ended = 0, threading.Event()

    def look() -> None:
        nonlocal most
        while not ended.wait(0.1):
            most = max(most, resident(process.pid))

    looking = threading.Thread(target=look)
    looking.start()
    out, _ = process.communicate()
    seconds = perf_counter() - started
    ended.set()
    looking.join()
    if process.returncode:
        raise SystemExit(process.returncode)
    return seconds, most, out


def main() -> None:
    """Make the files, read them, index them three times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=5_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "news"
        write(folder, options.files, random.Random(options.seed))
        print(f"{options.files:,} files, {os.cpu_count()} cores")
        for part in sorted(folder.iterdir()):
            found = find([part])
            with Readings() as readings:
                started = perf_counter()
                count = sum(1 for _, pieces in readings.read(found) for _ in pieces)
                seconds = perf_counter() - started
            print(
                f"  {part.name:6} {len(found) / seconds:8.1f} files a second ({len(found):,} files, {count:,} articles)"
            )
        command = [sys.executable, "-m", "askpkcn", "index", str(folder), "--index", f"{place}/index"]
        first, most, out = run(command)
        print(f"first run   {first:8.1f} s, at most {most / 1e6:,.0f} MB   {out.splitlines()[0].split(': ', 1)[1]}")
        again, most, _ = run(command)
        print(f"second run  {again:8.1f} s, at most {most / 1e6:,.0f} MB   {again / first:.1%} of the first")
        for file in sorted((folder / "txt").iterdir())[: max(1, options.files // 100)]:
            file.write_text(file.read_text() + "\n\nA sentence was put in.\n")
        edited, most, _ = run(command)
        print(f"1 % edited  {edited:8.1f} s, at most {most / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
