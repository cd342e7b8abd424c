"""Writing to an index's folder: one writer at a time, the step by which a snapshot goes live, and what is dropped.

Snapshots are never changed. Which of them is live is the one line of CURRENT, and it changes by one rename.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from askpkcn.catalogue import Catalogue
from askpkcn.errors import IndexMissing, IndexUnwritable
from askpkcn.keywords import Keywords
from askpkcn.sentence_vectors import SentenceVectors
from askpkcn.snapshot import in_use, live_name, open_snapshot, places
from askpkcn.vectors import Vectors

LOCK = ".lock"
STAGED = ".staged"
STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True, slots=True)
class Stored:
    """A snapshot that stands in an index's folder; counts are None if its manifest cannot be read."""

    name: str
    created: str
    bytes: int
    articles: int | None
    passages: int | None
    live: bool


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the index's write lock; the kernel gives it back however the process ends. Raises IndexUnwritable."""
    file, new = folder / LOCK, not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                ours = file.exists() and os.fstat(lock.fileno()).st_ino == file.stat().st_ino
            except BlockingIOError:
                ours = False
            if not ours:
                raise IndexUnwritable(
                    f"another askpkcn is writing to {folder}; wait until it has ended, or name another --index"
                )
            try:
                yield
            finally:
                if new and [each.name for each in folder.iterdir()] == [LOCK]:  # nothing was written
                    file.unlink()
                    folder.rmdir()
    except (OSError, sqlite3.OperationalError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise IndexUnwritable(f"{folder} cannot be written ({why}); free space or name another --index") from error


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Yield an empty folder for a new snapshot, which is gone afterwards unless it went live."""
    staged = folder / "snapshots" / STAGED
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir(parents=True)
    try:
        yield staged
    finally:
        shutil.rmtree(staged, ignore_errors=True)
        with suppress(OSError):  # a first build that failed leaves no folder
            staged.parent.rmdir()


def live_or_none(folder: Path) -> str:
    """Return the name of the live snapshot, or "" if there is none."""
    try:
        return live_name(folder)
    except OSError:
        return ""


def next_moment(folder: Path) -> datetime:
    """Return the time for a new snapshot's name: now, or, if the clock was set back, just after the newest one's."""
    now = datetime.now(UTC)
    stamps = [place.name.split("-")[0] for place in places(folder)[:1]]
    newest = [datetime.strptime(stamp, STAMP).replace(tzinfo=UTC) + timedelta(microseconds=1) for stamp in stamps]
    return max([now, *newest])


def go_live(folder: Path, staged: Path, name: str) -> None:
    """Rename the staged snapshot, then make it live."""
    sync(staged)
    staged.rename(folder / "snapshots" / name)
    sync_folder(folder / "snapshots")
    point_at(folder, name)


def point_at(folder: Path, name: str) -> None:
    """Replace CURRENT: the one moment at which readers change over."""
    current = folder / ".CURRENT.partial"
    current.write_text(name + "\n", encoding="utf-8")
    with current.open("rb") as stream:
        os.fsync(stream.fileno())
    current.replace(folder / "CURRENT")
    sync_folder(folder)


def sync(folder: Path) -> None:
    """Put a folder with all that is in it on the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Put a folder's list of names on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def snapshots(folder: Path) -> list[Stored]:
    """Return the snapshots of an index, the newest first. Raises IndexMissing if there is no index."""
    found = places(folder)
    if not found:
        raise IndexMissing(f"there is no index in {folder}; build one with `askpkcn index PATH --index {folder}`")
    live = live_or_none(folder)
    return [_stored(place, place.name == live) for place in found]


def rollback(folder: Path, name: str | None = None) -> str:
    """Make an older snapshot live again, by default the one before the live one, and return its name.

    It is opened and checked first. Raises IndexMissing if there is none, IndexUnwritable if another writer is at work,
    and what opening raises.
    """
    if not (folder / "snapshots").is_dir():
        raise IndexMissing(f"there is no index in {folder}; build one with `askpkcn index PATH --index {folder}`")
    with only_writer(folder):
        names = [place.name for place in places(folder)]
        live = live_or_none(folder)
        if name is None:
            name = next((each for each in names if each < live), None)
            if name is None:
                raise IndexMissing(
                    f"{folder} has no snapshot before {live or 'the first'}; `askpkcn snapshots` lists them"
                )
        elif name not in names:
            raise IndexMissing(f"{folder} has no snapshot {name!r}; `askpkcn snapshots` lists them")
        snapshot = open_snapshot(folder, name)
        with closing(Catalogue(snapshot.catalogue)):
            Vectors(snapshot.vectors), SentenceVectors(snapshot.sentences), Keywords(snapshot.keywords)
        point_at(folder, name)
        return name


def prune(folder: Path, keep: int = 0) -> tuple[list[Stored], list[Stored]]:
    """Drop all snapshots but the live one and the `keep` newest others; return what was dropped, and what is in use.

    A snapshot that a reader holds stays. Raises IndexMissing or IndexUnwritable.
    """
    snapshots(folder)  # before the lock makes a folder where there is no index
    with only_writer(folder):
        live = open_snapshot(folder)  # while nothing that can be read is live, nothing else is dropped
        others = [each for each in snapshots(folder) if not each.live]
        drop_old(folder, {live.name} | {each.name for each in others[:keep]})
        left = {place.name for place in places(folder)}
    gone = [each for each in others if each.name not in left]
    return gone, [each for each in others[keep:] if each.name in left]


def drop_old(folder: Path, kept: Collection[str]) -> None:
    """Drop all snapshots but those to keep and those that a reader holds, and encoders that none of them needs."""
    used = set()
    for place in (folder / "snapshots").iterdir():
        if place.name in kept or in_use(place):
            used.add(_encoder_of(place))
        else:
            _remove(place)
    for place in (folder / "encoders").iterdir():
        if place.name not in used:
            shutil.rmtree(place, ignore_errors=True)


def _remove(place: Path) -> None:
    """Remove a snapshot so that nobody meets half of one: out of its name first."""
    going = place.with_name(f".going-{place.name}")
    try:
        if not place.name.startswith("."):
            place = place.rename(going)
    except OSError:
        return  # it stays, whole
    shutil.rmtree(place, ignore_errors=True)


def _stored(place: Path, live: bool) -> Stored:
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    try:
        manifest = json.loads((place / "manifest.json").read_bytes())
        created, counts = str(manifest["created"]), manifest["counts"]
        return Stored(place.name, created, size, int(counts["articles"]), int(counts["passages"]), live)
    except (OSError, ValueError, KeyError, TypeError):
        return Stored(place.name, "", size, None, None, live)


def _encoder_of(place: Path) -> str:
    """Return the encoder folder's name that a snapshot tells, or "" if it is damaged."""
    try:
        return str(json.loads((place / "manifest.json").read_bytes())["encoder"]["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
