"""Building an index: a new snapshot beside the old one, live by one atomic rename (see snapshot for the layout)."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from askpkcn import catalogue, keywords, vectors
from askpkcn.articles import Skipped
from askpkcn.encoder import EncoderCard, PassageEncoder, Rows
from askpkcn.errors import AskpkcnError, IndexUnwritable
from askpkcn.gathering import Changes, Duplicate, Report, compare, gather
from askpkcn.passages import ENCODING, PassageSettings, passages, sentences
from askpkcn.snapshot import FORMAT, facts_of, open_snapshot
from askpkcn.types import Article, Passage


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did."""

    snapshot: str
    articles: int
    passages: int
    reused: int
    changes: Changes
    duplicates: tuple[Duplicate, ...]
    skipped: tuple[Skipped, ...]
    others: Mapping[str, int]
    notes: tuple[str, ...]


def build(
    paths: list[Path],
    folder: Path,
    open_encoder: Callable[[], PassageEncoder],
    settings: PassageSettings | None = None,
    report: Report = lambda _stage, _done, _total: None,
    *,
    strict: bool = False,
) -> Built:
    """Index the articles under paths as a new snapshot, make it live, and drop the oldest ones.

    A crash at any moment leaves the last snapshot live. Raises ArticleError if no file gives an article, or, with
    `strict`, if one file gives none; IndexUnwritable if the folder cannot be written or another build writes to it.
    """
    settings = settings or PassageSettings()
    got = gather(paths, report, strict=strict)
    found = got.articles
    with _only_writer(folder):
        encoder = open_encoder()
        staged = folder / "snapshots" / ".staged"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        try:
            changes = compare(folder, found)
            made = _write_texts(found, staged, settings, report)
            rows, reused = _embed(made, _known_vectors(folder, encoder.card), encoder, report)
            vectors.write(rows, staged / "vectors.faiss")
            encoder_folder = _write_encoder(folder, encoder, report)
            name = _write_manifest(staged, encoder_folder, encoder.card, settings, len(found), len(made))
            before = _live(folder)
            _go_live(folder, staged, name)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        _drop_old(folder, {name, before})
    counts = (len(found), len(made), reused)
    return Built(name, *counts, changes, got.duplicates, got.skipped, got.others, got.notes)


@contextmanager
def _only_writer(folder: Path) -> Iterator[None]:
    """Hold the index's write lock; the kernel gives it back however the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise IndexUnwritable(f"another build is writing to {folder}; wait until it has ended") from error
            yield
    except (OSError, sqlite3.OperationalError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise IndexUnwritable(f"{folder} cannot be written ({why}); free space or name another --index") from error


def _write_texts(found: Sequence[Article], staged: Path, settings: PassageSettings, report: Report) -> list[Passage]:
    made: list[Passage] = []
    with catalogue.Writer(staged / "catalogue.sqlite") as writer:
        for i, article in enumerate(found):
            bounds = sentences(article.text)
            packed = passages(article, bounds, settings, first=len(made))
            writer.add(article, bounds, packed)
            made += packed
            report("passages", i + 1, len(found))
    sources = {article.id: article.source for article in found}
    keywords.write(((passage, sources[passage.article_id]) for passage in made), staged / "keywords")
    return made


def _known_vectors(folder: Path, card: EncoderCard) -> dict[str, Rows]:
    """Return the vectors of the live snapshot's passages by text, if the same encoder made them."""
    try:
        snapshot = open_snapshot(folder)
        if snapshot.encoder != card:
            return {}
        rows = vectors.Vectors(snapshot.vectors).rows()
        old = catalogue.Catalogue(snapshot.catalogue)
        try:
            return {passage.text: rows[passage.number] for passage in old.all_passages()}
        finally:
            old.close()
    except (AskpkcnError, KeyError, TypeError):
        return {}  # nothing live, or nothing usable: everything is embedded anew


def _embed(made: list[Passage], known: dict[str, Rows], encoder: PassageEncoder, report: Report) -> tuple[Rows, int]:
    rows = np.empty((len(made), encoder.card.dimension), dtype=np.float32)
    new = [passage for passage in made if passage.text not in known]
    for passage in made:
        if passage.text in known:
            rows[passage.number] = known[passage.text]
    done = len(made) - len(new)
    report("embedding", done, len(made))

    def progress(more: int) -> None:
        nonlocal done
        done += more
        report("embedding", done, len(made))

    if new:
        # Like lengths together: a batch is padded to its longest text.
        new.sort(key=lambda passage: (-len(passage.text), passage.number))
        rows[[passage.number for passage in new]] = encoder.embed_passages([p.text for p in new], progress)
    return rows, len(made) - len(new)


def _write_encoder(folder: Path, encoder: PassageEncoder, report: Report) -> Path:
    """Export the encoder once for each card; a folder that is there and whole is kept."""
    # Weights alone do not tell: with another limit or prompt the same weights give other vectors.
    told = json.dumps(asdict(encoder.card), sort_keys=True).encode()
    target = folder / "encoders" / hashlib.sha256(told).hexdigest()[:16]
    if _is_whole(target):
        return target
    report("encoder", 0, 1)
    partial = folder / "encoders" / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    encoder.export(partial)
    facts = {file.name: facts_of(file) for file in sorted(partial.iterdir())}
    (partial / "files.json").write_text(json.dumps(facts), encoding="utf-8")
    _sync(partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    _sync_folder(target.parent)
    report("encoder", 1, 1)
    return target


def _is_whole(folder: Path) -> bool:
    """Tell whether an encoder's folder holds just the files that its listing tells of."""
    try:
        listed = json.loads((folder / "files.json").read_bytes())
    except (OSError, ValueError):
        return False  # not there, or damaged: it is exported anew
    present = {file.name: facts_of(file) for file in folder.iterdir() if file.name != "files.json"}
    return bool(present == listed)


def _write_manifest(
    staged: Path, encoder_folder: Path, card: EncoderCard, settings: PassageSettings, n_articles: int, n_passages: int
) -> str:
    names = sorted(file.relative_to(staged).as_posix() for file in staged.rglob("*") if file.is_file())
    manifest = {
        "format": FORMAT,
        "askpkcn": version("askpkcn"),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "encoder": {
            "folder": encoder_folder.name,
            "card": asdict(card),
            "files": {file.name: facts_of(file) for file in sorted(encoder_folder.iterdir())},
        },
        "passages": {**asdict(settings), "tokens": ENCODING, "sentences": f"nupunkt {version('nupunkt')}"},
        "counts": {"articles": n_articles, "passages": n_passages},
        # tantivy's lock files are no part of the index
        "files": {name: facts_of(staged / name) for name in names if not name.endswith(".lock")},
    }
    data = (json.dumps(manifest, indent=1) + "\n").encode()
    (staged / "manifest.json").write_bytes(data)
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return f"{now}-{hashlib.sha256(data).hexdigest()[:16]}"


def _live(folder: Path) -> str:
    """Return the name of the live snapshot, or "" if there is none."""
    current = folder / "CURRENT"
    return current.read_text(encoding="utf-8", errors="replace").strip() if current.is_file() else ""


def _go_live(folder: Path, staged: Path, name: str) -> None:
    """Rename the staged snapshot, then replace CURRENT: the one moment at which readers change over."""
    _sync(staged)
    staged.rename(folder / "snapshots" / name)
    _sync_folder(folder / "snapshots")
    current = folder / ".CURRENT.partial"
    current.write_text(name + "\n", encoding="utf-8")
    with current.open("rb") as stream:
        os.fsync(stream.fileno())
    current.replace(folder / "CURRENT")
    _sync_folder(folder)


def _sync(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
        else:
            _sync_folder(path)
    _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _drop_old(folder: Path, kept: Collection[str]) -> None:
    """Drop all snapshots but the live one and the one before it, which a reader may just be opening; and encoders."""
    used = set()
    for place in (folder / "snapshots").iterdir():
        if place.name in kept:
            used.add(_encoder_of(place))
        else:
            shutil.rmtree(place, ignore_errors=True)
    for place in (folder / "encoders").iterdir():
        if place.name not in used:
            shutil.rmtree(place, ignore_errors=True)


def _encoder_of(place: Path) -> str:
    """Return the encoder folder's name that a snapshot tells, or "" if it is damaged."""
    try:
        return str(json.loads((place / "manifest.json").read_bytes())["encoder"]["folder"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
