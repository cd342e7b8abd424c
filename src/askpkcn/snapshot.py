"""The index on disk: immutable snapshots, one of them live; this module opens it, `index` writes it.

    index/
      CURRENT                   name of the live snapshot, replaced atomically
      vectors.journal           vectors of a build that has not ended yet, or was killed
      encoders/<card digest>/   the question encoder, shared by the snapshots that it embedded
      snapshots/<name>/
        manifest.json           versions, encoder, settings, counts, sha256 of every file
        catalogue.sqlite        articles, sentences and passages
        vectors.faiss           of the passages
        sentences.npy           vectors of the sentences
        keywords/               tantivy

A snapshot's name ends with the digest of its manifest, and the manifest holds the digests of all other files:
whatever byte changes is found, of a large file not always as soon as it is opened. Only this module and the engine know
the layout.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askpkcn.encoder import EncoderCard
from askpkcn.errors import IndexCorrupt, IndexMismatch, IndexMissing

FORMAT = 4
LARGE = 256 * 2**20
PLACES, PLACE = 1024, 4096
"""Evenly spread over a large file, the first and the last bytes among them; how many bytes each."""
JOURNAL = "vectors.journal"
SENTENCES = "sentences.npy"
PATIENCE = 5
"""How often a reader tries again when the snapshot that it was about to open has just been dropped."""
NAME = re.compile(r"\d{8}T\d{6}\d*Z-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A live snapshot whose files were found to be those of its manifest, if large ones only by places."""

    name: str
    folder: Path
    encoder_folder: Path
    manifest: Mapping[str, Any]

    @property
    def encoder(self) -> EncoderCard:
        """The encoder that made the vectors."""
        fields = self.manifest["encoder"]["card"]
        return EncoderCard(**{**fields, "inputs": tuple(fields["inputs"])})

    @property
    def catalogue(self) -> Path:
        """Articles and passages."""
        return self.folder / "catalogue.sqlite"

    @property
    def vectors(self) -> Path:
        """The FAISS index."""
        return self.folder / "vectors.faiss"

    @property
    def sentences(self) -> Path:
        """The sentences' vectors."""
        return self.folder / SENTENCES

    @property
    def keywords(self) -> Path:
        """The tantivy index."""
        return self.folder / "keywords"


def open_snapshot(folder: Path, name: str | None = None, *, quickly: bool = False) -> Snapshot:
    """Return a snapshot of an index, the live one unless told otherwise, every file checked against its manifest.

    `quickly` checks files over LARGE by their size and at PLACES places only: whole, those of a million passages would
    take seconds. Raises IndexMissing, IndexMismatch (another format) or IndexCorrupt.
    """
    if name is None:
        if not (folder / "CURRENT").is_file():
            raise IndexMissing(f"there is no index in {folder}; build one with `askpkcn index PATH --index {folder}`")
        name = live_name(folder)
    place = folder / "snapshots" / name
    if not NAME.fullmatch(name) or not (place / "manifest.json").is_file():
        raise IndexCorrupt(f"{folder / 'CURRENT'} names the snapshot {name!r}, which is not there; {remedy(folder)}")
    data = (place / "manifest.json").read_bytes()
    if hashlib.sha256(data).hexdigest()[:16] != name[-16:]:
        raise IndexCorrupt(f"{place / 'manifest.json'} was changed after it was written; {remedy(folder)}")
    manifest = json.loads(data)
    if manifest["format"] != FORMAT:
        raise IndexMismatch(
            f"{folder} has index format {manifest['format']}, this askpkcn reads format {FORMAT}; {remedy(folder)}"
        )
    snapshot = Snapshot(name, place, folder / "encoders" / manifest["encoder"]["folder"], manifest)
    _check_files(snapshot, folder, quickly)
    return snapshot


@contextmanager
def held(folder: Path) -> Iterator[Snapshot]:
    """Open the live snapshot, quickly, and keep it from being dropped until the context ends.

    Raises as `open_snapshot` does.
    """
    with ExitStack() as stack:
        for _ in range(PATIENCE):
            name = live_name(folder) if (folder / "CURRENT").is_file() else ""
            holding = stack.enter_context(_reading(folder / "snapshots" / name)) if NAME.fullmatch(name) else False
            # A build may have dropped it between the two steps: then another one is live by now.
            if holding or not name or name == live_name(folder):
                break
        yield open_snapshot(folder, name or None, quickly=True)


@contextmanager
def _reading(place: Path) -> Iterator[bool]:
    """Hold a snapshot's shared lock, and tell whether it is there; who drops a snapshot takes the exclusive one."""
    try:
        handle = os.open(place / "manifest.json", os.O_RDONLY)
    except OSError:
        yield False
        return
    try:
        with suppress(OSError):  # a file system without locks has no writer that looks at them either
            fcntl.flock(handle, fcntl.LOCK_SH)
        yield (place / "manifest.json").exists()
    finally:
        os.close(handle)


def in_use(place: Path) -> bool:
    """Tell whether a reader holds a snapshot."""
    try:
        handle = os.open(place / "manifest.json", os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return False
    except BlockingIOError:
        return True
    finally:
        os.close(handle)


def places(folder: Path) -> list[Path]:
    """Return the folders of all snapshots of an index, the newest first."""
    here = folder / "snapshots"
    found = [place for place in here.iterdir() if NAME.fullmatch(place.name)] if here.is_dir() else []
    return sorted(found, key=lambda place: place.name, reverse=True)


def live_name(folder: Path) -> str:
    """Return the name of the live snapshot, unchecked. Raises OSError if it cannot be read."""
    return (folder / "CURRENT").read_bytes().decode("utf-8", "replace").removesuffix("\n")


def remedy(folder: Path) -> str:
    """Return what mends a broken index, for the end of a message."""
    return f"rebuild it with `askpkcn index PATH --index {folder}`"


def _check_files(snapshot: Snapshot, folder: Path, quickly: bool) -> None:
    listed = [(snapshot.folder / name, facts) for name, facts in snapshot.manifest["files"].items()]
    listed += [(snapshot.encoder_folder / name, facts) for name, facts in snapshot.manifest["encoder"]["files"].items()]
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda row: _is(row[0], row[1], quickly) if row[0].is_file() else None, listed)
        for (file, _), right in zip(listed, found, strict=True):
            if not right:
                what = "is missing" if right is None else "is not the file that was written"
                raise IndexCorrupt(f"{file} {what} (its manifest tells its sha256); {remedy(folder)}")


def _is(file: Path, facts: Mapping[str, Any], quickly: bool) -> bool:
    """Tell whether a file is the one that a manifest tells of."""
    if quickly and "places" in facts:
        return (file.stat().st_size, _sha256_of_places(file)) == (facts["bytes"], facts["places"])
    found = facts_of(file)
    return (found["bytes"], found["sha256"]) == (facts["bytes"], facts["sha256"])


def facts_of(file: Path) -> dict[str, Any]:
    """Return what a manifest tells of a file: its size in bytes and its sha256, of a large one also that of places."""
    with file.open("rb") as stream:
        size, digest = file.stat().st_size, hashlib.file_digest(stream, "sha256").hexdigest()
    facts = {"bytes": size, "sha256": digest}
    return facts | {"places": _sha256_of_places(file)} if size > LARGE else facts


def _sha256_of_places(file: Path) -> str:
    digest, last = hashlib.sha256(), file.stat().st_size - PLACE
    with file.open("rb") as stream:
        for number in range(PLACES):
            stream.seek(last * number // (PLACES - 1))
            digest.update(stream.read(PLACE))
    return digest.hexdigest()
