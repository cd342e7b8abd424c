"""Vectors for all passages and sentences of a new snapshot: those that exist for the same text, the rest anew.

All texts have one numbering here, passages before sentences, each in its own order. Vectors go to files of rows and
texts are read as they are needed, so that neither of a large index is in memory at once: a digest a text is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from askpkcn.catalogue import Catalogue
from askpkcn.encoder import EncoderCard, PassageEncoder, Rows
from askpkcn.errors import AskpkcnError
from askpkcn.journal import KEYS, Journal, Keys, key_of
from askpkcn.sentence_vectors import Halves, SentenceVectors, create
from askpkcn.snapshot import JOURNAL, SENTENCES, open_snapshot, places
from askpkcn.types import Passage, Source
from askpkcn.unknown import title_beside
from askpkcn.vectors import BLOCK, Vectors

Report = Callable[[str, int, int], None]
Numbers = NDArray[np.int64]
Take = Callable[[Numbers], Rows]

METHOD = 1
"""Counts up when something else of an article is embedded: a snapshot's texts alone do not tell what was."""
TOGETHER = 128
"""Texts that are embedded, and put into the journal, at a time: what a killed build loses at most."""
SORTED = 32 * TOGETHER
"""Texts among which those of like lengths are put together: a batch is padded to its longest."""


def digest_of(card: EncoderCard) -> str:
    """Return what an encoder is told by: with another limit or prompt the same weights give other vectors."""
    return hashlib.sha256(json.dumps(asdict(card), sort_keys=True).encode()).hexdigest()


def embedded_text(passage: Passage, source: Source) -> str:
    """Return what a passage's vector is made of: the title that it lacks, and its text."""
    title = title_beside(passage, source)
    return f"{title}. {passage.text}" if title else passage.text


def embed(
    catalogue: Catalogue,
    folder: Path,
    staged: Path,
    card: EncoderCard,
    open_encoder: Callable[[], PassageEncoder],
    report: Report,
) -> tuple[Rows, int]:
    """Write the sentences' vectors to the staged snapshot; return the passages', and how many needed none made anew.

    Those are float32, shape (n, dimension), and stand in the file `rows` there, for FAISS to take in. What an older
    snapshot of the folder has, or the journal of a build that was killed, is taken from there. The encoder is opened
    if something is left.
    """
    n_passages, n_sentences = catalogue.counts()[1], catalogue.count_sentences()
    passages = np.memmap(staged / "rows", dtype=np.float32, mode="w+", shape=(n_passages, card.dimension))
    rows = _Rows(passages, create(staged / SENTENCES, n_sentences, card.dimension))
    keys = _keys(_texts(catalogue), len(rows))
    _, first, own = np.unique(keys, return_index=True, return_inverse=True)
    with Journal(folder / JOURNAL, digest_of(card), card.dimension) as journal:
        wanted = _take(rows, keys, np.sort(first), journal.keys(), journal.rows_at)
        for place in places(folder):
            if len(wanted):
                wanted = _take_over(folder, place.name, card, rows, keys, wanted)
        reused = n_passages - int(np.isin(first[own[:n_passages]], wanted).sum())
        report("embedding", len(keys) - len(wanted), len(keys))
        if len(wanted):
            _embed_anew(catalogue, rows, keys, wanted, journal, open_encoder(), report)
    again = np.flatnonzero(first[own] != np.arange(len(keys)))  # texts that are the same have one vector
    for at in range(0, len(again), BLOCK):
        numbers = again[at : at + BLOCK]
        rows.put(numbers, rows.at(first[own[numbers]]))
    return passages, reused


class _Rows:
    """The vectors of all texts, by their number."""

    def __init__(self, passages: Rows, sentences: Halves) -> None:
        self._passages = passages
        self._sentences = sentences

    def __len__(self) -> int:
        return len(self._passages) + len(self._sentences)

    @property
    def first_sentence(self) -> int:
        """The number of the first text that is a sentence."""
        return len(self._passages)

    def put(self, numbers: Numbers, rows: Rows) -> None:
        """Set the vectors of some texts, float32, shape (n, dimension)."""
        sentences = numbers >= self.first_sentence
        self._passages[numbers[~sentences]] = rows[~sentences]
        self._sentences[numbers[sentences] - self.first_sentence] = rows[sentences]

    def at(self, numbers: Numbers) -> Rows:
        """Return the vectors of some texts, float32, shape (n, dimension)."""
        sentences = numbers >= self.first_sentence
        rows = np.empty((len(numbers), self._passages.shape[1]), dtype=np.float32)
        rows[~sentences] = self._passages[numbers[~sentences]]
        rows[sentences] = self._sentences[numbers[sentences] - self.first_sentence]
        return rows


def _passages(catalogue: Catalogue) -> Iterator[str]:
    return (embedded_text(passage, source) for passage, source in catalogue.passages_with_sources())


def _texts(catalogue: Catalogue) -> Iterator[str]:
    return chain(_passages(catalogue), catalogue.all_sentences())


def _keys(texts: Iterable[str], count: int = -1) -> Keys:
    return np.fromiter((key_of(text) for text in texts), dtype=KEYS, count=count)


def _take_over(folder: Path, name: str, card: EncoderCard, rows: _Rows, keys: Keys, wanted: Numbers) -> Numbers:
    """Take from a snapshot what is wanted, if the same encoder made it in the same way; return what still is.

    Passages come from passages, whose vectors are whole, and sentences from sentences.
    """
    try:
        snapshot = open_snapshot(folder, name)
        if snapshot.encoder != card or snapshot.manifest["vectors"]["method"] != METHOD:
            return wanted
        passages, sentences = np.split(wanted, [np.searchsorted(wanted, rows.first_sentence)])
        with closing(Catalogue(snapshot.catalogue)) as old:
            known = _keys(_passages(old)), _keys(old.all_sentences())
        passages = _take(rows, keys, passages, known[0], Vectors(snapshot.vectors).rows_at)
        sentences = _take(rows, keys, sentences, known[1], SentenceVectors(snapshot.sentences).rows_at)
    except (AskpkcnError, KeyError, TypeError):
        return wanted  # nothing usable: it is embedded anew
    return np.concatenate([passages, sentences])


def _take(rows: _Rows, keys: Keys, wanted: Numbers, known: Keys, rows_at: Take) -> Numbers:
    """Take the vectors of the wanted texts whose keys are known, and return the texts that are left.

    `rows_at` gives vectors by the place of their keys among the known ones.
    """
    if not len(known):
        return wanted
    order: Numbers = np.argsort(known, kind="stable")
    found_at = np.searchsorted(known, keys[wanted], sorter=order)
    theirs: Numbers = order[np.minimum(found_at, len(known) - 1)]
    found = known[theirs] == keys[wanted]
    ours, theirs = wanted[found], theirs[found]
    for at in range(0, len(ours), BLOCK):
        rows.put(ours[at : at + BLOCK], rows_at(theirs[at : at + BLOCK]))
    left: Numbers = wanted[~found]
    return left


def _embed_anew(
    catalogue: Catalogue,
    rows: _Rows,
    keys: Keys,
    wanted: Numbers,
    journal: Journal,
    encoder: PassageEncoder,
    report: Report,
) -> None:
    done = len(keys) - len(wanted)

    def progress(more: int) -> None:
        nonlocal done
        done += more
        report("embedding", done, len(keys))

    missing = np.zeros(len(keys), dtype=bool)
    missing[wanted] = True
    left = ((number, text) for number, text in enumerate(_texts(catalogue)) if missing[number])
    while some := sorted(islice(left, SORTED), key=lambda one: (-len(one[1]), one[0])):
        for at in range(0, len(some), TOGETHER):
            numbers = np.array([number for number, _ in some[at : at + TOGETHER]], dtype=np.int64)
            made = encoder.embed_passages([text for _, text in some[at : at + TOGETHER]], progress)
            rows.put(numbers, made)
            journal.append(keys[numbers], made)
