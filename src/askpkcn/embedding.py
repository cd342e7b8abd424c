"""Vectors for all passages of a new snapshot: those that exist for the same text, and the rest from the encoder.

They are gathered in a file of rows, so that neither the texts nor the vectors of a large index are in memory at once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np

from askpkcn import vectors
from askpkcn.catalogue import Catalogue
from askpkcn.encoder import EncoderCard, PassageEncoder, Rows
from askpkcn.errors import AskpkcnError
from askpkcn.journal import Journal, key_of
from askpkcn.snapshot import JOURNAL, open_snapshot, places

Report = Callable[[str, int, int], None]
TOGETHER = 128
"""Passages that are embedded, and put into the journal, at a time: what a killed build loses at most."""


def digest_of(card: EncoderCard) -> str:
    """Return what an encoder is told by: with another limit or prompt the same weights give other vectors."""
    return hashlib.sha256(json.dumps(asdict(card), sort_keys=True).encode()).hexdigest()


def embed(
    catalogue: Catalogue,
    folder: Path,
    file: Path,
    card: EncoderCard,
    open_encoder: Callable[[], PassageEncoder],
    report: Report,
) -> tuple[Rows, int]:
    """Return all passages' vectors, float32, shape (n, dimension), and how many passages needed none made anew.

    The rows stand in `file`. What an older snapshot of the folder has, or the journal of a build that was killed, is
    taken from there. The encoder is opened if something is left.
    """
    keys = [key_of(passage.text) for passage in catalogue.all_passages()]
    rows = np.memmap(file, dtype=np.float32, mode="w+", shape=(len(keys), card.dimension))
    wanted: dict[bytes, int] = {}
    for number, key in enumerate(keys):
        wanted.setdefault(key, number)
    with Journal(folder / JOURNAL, digest_of(card), card.dimension) as journal:
        for key in [key for key in wanted if key in journal]:
            rows[wanted.pop(key)] = journal.row(key)
        for place in places(folder):
            if wanted:
                _take_over(folder, place.name, card, wanted, rows)
        reused = sum(key not in wanted for key in keys)
        report("embedding", len(keys) - len(wanted), len(keys))
        if wanted:
            _embed_anew(catalogue, wanted, rows, journal, open_encoder(), len(keys), report)
    first: dict[bytes, int] = {}
    for number, key in enumerate(keys):  # passages of one text have one vector
        if first.setdefault(key, number) != number:
            rows[number] = rows[first[key]]
    return rows, reused


def _take_over(folder: Path, name: str, card: EncoderCard, wanted: dict[bytes, int], rows: Rows) -> None:
    """Take from a snapshot what is wanted, if the same encoder made it."""
    try:
        snapshot = open_snapshot(folder, name)
        if snapshot.encoder != card:
            return
        with closing(Catalogue(snapshot.catalogue)) as old:
            known = ((key_of(passage.text), passage.number) for passage in old.all_passages())
            found = {key: number for key, number in known if key in wanted}
        if found:
            made, pairs = vectors.Vectors(snapshot.vectors), [(wanted[key], number) for key, number in found.items()]
            for at in range(0, len(pairs), vectors.BLOCK):
                ours, theirs = np.array(pairs[at : at + vectors.BLOCK], dtype=np.int64).T
                rows[ours] = made.rows_at(np.ascontiguousarray(theirs))
            for key in found:
                del wanted[key]
    except (AskpkcnError, KeyError, TypeError):
        return  # nothing usable: it is embedded anew


def _embed_anew(
    catalogue: Catalogue,
    wanted: dict[bytes, int],
    rows: Rows,
    journal: Journal,
    encoder: PassageEncoder,
    total: int,
    report: Report,
) -> None:
    done = total - len(wanted)

    def progress(more: int) -> None:
        nonlocal done
        done += more
        report("embedding", done, total)

    keys = {number: key for key, number in wanted.items()}
    # Like lengths together: a batch is padded to its longest text.
    lengths = catalogue.lengths()
    order = sorted(keys, key=lambda number: (-lengths[number], number))
    for at in range(0, len(order), TOGETHER):
        numbers = order[at : at + TOGETHER]
        made = encoder.embed_passages([passage.text for passage in catalogue.passages(numbers)], progress)
        rows[numbers] = made
        journal.append([keys[number] for number in numbers], made)
