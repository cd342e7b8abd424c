"""`askpkcn index --watch`: what changes is indexed soon, a running reader can take it, and it stops when told."""

import json
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep

import pytest

from askpkcn.engine import Engine
from askpkcn.snapshot import live_name
from askpkcn.verify import verify

WATCH = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is born deaf to it
sys.path.insert(0, sys.argv[1])
from fakes import HashEncoder
from askpkcn import building, watching
from askpkcn.index import Model
building.named_model = lambda _name: Model(HashEncoder, "hashes", "hashes")
watching.QUIET_MS, watching.AGAIN = 100, 0.5
from askpkcn.cli import run
sys.exit(run(["index", sys.argv[2], "--watch", "--json", "--index", sys.argv[3]]))
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    (tmp_path / "news").mkdir()
    (tmp_path / "news" / "a.txt").write_text("A bridge was opened.")
    return tmp_path / "news"


@pytest.fixture
def watching(folder) -> Iterator[subprocess.Popen[str]]:
    arguments = [str(Path(__file__).parent), str(folder), str(folder / "index")]  # within what is watched
    process = subprocess.Popen(
        [sys.executable, "-W", "error::ResourceWarning", "-c", WATCH, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def built(process: subprocess.Popen[str]) -> dict:
    ready, _, _ = select.select([process.stdout], [], [], 60)
    assert ready
    return json.loads(process.stdout.readline())


@pytest.mark.parametrize(("stop", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_changes_are_indexed_until_it_is_told_to_stop(watching, folder, stop, code):
    first = built(watching)
    with Engine(folder / "index") as engine:
        for name in "bcd":  # at once, so one build
            (folder / f"{name}.txt").write_text(f"The bridge {name} was opened.")
        second = built(watching)
        assert (first["articles"], second["articles"], second["new"]) == (1, 4, 3)
        assert engine.outdated()
        assert engine.snapshot == first["snapshot"]
    (folder / "a.txt").unlink()
    assert built(watching)["removed"] == 1
    (folder / ".hidden.txt").write_text("This is nothing.")
    sleep(0.5)
    watching.send_signal(stop)
    out, err = watching.communicate(timeout=20)
    assert (out, err, watching.returncode) == ("", "", code)
    assert verify(folder / "index")["articles"] == 3
    assert not list((folder / "index" / "snapshots").glob(".*"))


def test_a_build_that_fails_is_told_and_tried_again(watching, folder):
    first = built(watching)
    for file in folder.glob("*.txt"):
        file.rename(file.with_suffix(".css"))
    line = watching.stderr.readline()
    assert line.startswith("error: no article found in ")
    assert live_name(folder / "index") == first["snapshot"]
    (folder / "a.css").rename(folder / "a.txt")
    assert built(watching)["unchanged"] == 1


def test_a_path_that_is_not_there_is_one_clear_line(tmp_path):
    gone = tmp_path / "nowhere"
    line = [sys.executable, "-m", "askpkcn", "index", str(gone), "--watch", "--index", str(tmp_path / "index")]
    ended = subprocess.run(line, capture_output=True, text=True, timeout=60)
    told = f"error: {gone} does not exist; name a folder of articles, or one article's file\n"
    assert (ended.returncode, ended.stderr) == (2, told)
