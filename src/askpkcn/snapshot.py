"""The index on disk: immutable snapshots, one of them live; this module opens it, `index` writes it.

    index/
      CURRENT                   name of the live snapshot, replaced atomically
      encoders/<card digest>/   the question encoder, shared by the snapshots that it embedded
      snapshots/<name>/
        manifest.json           versions, encoder, settings, counts, sha256 of every file
        catalogue.sqlite        articles, sentences and passages
        vectors.faiss
        keywords/               tantivy

A snapshot's name ends with the digest of its manifest, and the manifest holds the digests of all other files:
whatever byte changes is found. Only this module and the engine know the layout.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from askpkcn.encoder import EncoderCard
from askpkcn.errors import IndexCorrupt, IndexMismatch, IndexMissing

FORMAT = 1
NAME = re.compile(r"\d{8}T\d{6}\d*Z-[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A live snapshot whose files were found to be those of its manifest."""

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
    def keywords(self) -> Path:
        """The tantivy index."""
        return self.folder / "keywords"


def open_snapshot(folder: Path) -> Snapshot:
    """Return the live snapshot of an index, every file checked against its manifest.

    Raises IndexMissing, IndexMismatch (another format) or IndexCorrupt.
    """
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
    _check_files(snapshot, folder)
    return snapshot


def live_name(folder: Path) -> str:
    """Return the name of the live snapshot, unchecked. Raises OSError if it cannot be read."""
    return (folder / "CURRENT").read_bytes().decode("utf-8", "replace").removesuffix("\n")


def remedy(folder: Path) -> str:
    """Return what mends a broken index, for the end of a message."""
    return f"rebuild it with `askpkcn index PATH --index {folder}`"


def _check_files(snapshot: Snapshot, folder: Path) -> None:
    listed = [(snapshot.folder / name, facts) for name, facts in snapshot.manifest["files"].items()]
    listed += [(snapshot.encoder_folder / name, facts) for name, facts in snapshot.manifest["encoder"]["files"].items()]
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda row: facts_of(row[0]) if row[0].is_file() else None, listed)
        for (file, expected), present in zip(listed, found, strict=True):
            if present != expected:
                what = "is missing" if present is None else "is not the file that was written"
                raise IndexCorrupt(f"{file} {what} (its manifest tells its sha256); {remedy(folder)}")


def facts_of(file: Path) -> dict[str, Any]:
    """Return what a manifest tells of a file: its size in bytes and its sha256."""
    with file.open("rb") as stream:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}
