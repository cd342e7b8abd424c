"""Does an updated index answer as a fresh build does? The same files are indexed elsewhere, and all is compared."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np

from askpkcn.catalogue import Catalogue
from askpkcn.errors import IndexCorrupt, IndexMismatch
from askpkcn.index import Model, build
from askpkcn.keywords import Keywords
from askpkcn.passages import PassageSettings
from askpkcn.sentence_vectors import SentenceVectors
from askpkcn.snapshot import Snapshot, held, remedy
from askpkcn.types import Filters, Ranked
from askpkcn.vectors import BLOCK, EXACT_UP_TO, Vectors

SAME = 1e-6
"""The largest difference between two numbers of a passage's vector that still is the same."""
SAME_HALF = 2**-11
"""The same of a sentence's vector: its numbers are under 1, where float16 has no larger steps."""
QUESTIONS = 50
DEPTH = 20


class _Opened(NamedTuple):
    catalogue: Catalogue
    vectors: Vectors
    sentences: SentenceVectors
    keywords: Keywords


def rebuild(index: Path, model_of: Callable[[str | None], Model]) -> dict[str, float | int]:
    """Return the largest differences of a vector's number, and how many questions were ranked alike.

    Raises IndexCorrupt at the first difference, IndexMismatch if another encoder made the index or if it keeps what
    cannot be read any more, and what building raises: the articles must still stand where they were.
    """
    # Where the comparison fails, tantivy still has the fresh folder open, and may write its lock file while it goes.
    temporary = tempfile.TemporaryDirectory(prefix="askpkcn-", ignore_cleanup_errors=True)
    with held(index) as snapshot, temporary as place:
        told = snapshot.manifest
        with closing(Catalogue(snapshot.catalogue)) as catalogue:
            _check_all_read(catalogue.stays(), index)
        settings = PassageSettings(told["passages"]["budget"], told["passages"]["overlap"])
        build([Path(path) for path in told["paths"]], Path(place), model_of(told["model"]["named"]), settings)
        with held(Path(place)) as fresh:
            if fresh.encoder != snapshot.encoder:
                raise IndexMismatch(
                    f"{index} was made by the encoder {snapshot.encoder.name} {snapshot.encoder.digest[:12]}, a fresh "
                    f"build has {fresh.encoder.name} {fresh.encoder.digest[:12]}; {remedy(index)}"
                )
            with _opened(snapshot) as old, _opened(fresh) as new:
                with closing(old.catalogue.contents()) as ours, closing(new.catalogue.contents()) as theirs:
                    _same_rows(ours, theirs, index)
                largest = _difference(old.vectors, new.vectors)
                of_sentences = _difference(old.sentences, new.sentences)
                for what, found, most in (("vector", largest, SAME), ("sentence's vector", of_sentences, SAME_HALF)):
                    if found > most:
                        raise IndexCorrupt(
                            f"a {what} of {index} is {found:.2g} off that of a fresh build; {remedy(index)}"
                        )
                return {"vectors": largest, "sentences": of_sentences, "questions": _rankings(old, new, index)}


@contextmanager
def _opened(snapshot: Snapshot) -> Iterator[_Opened]:
    with closing(Catalogue(snapshot.catalogue)) as catalogue:
        yield _Opened(
            catalogue, Vectors(snapshot.vectors), SentenceVectors(snapshot.sentences), Keywords(snapshot.keywords)
        )


def _check_all_read(stays: list[str], index: Path) -> None:
    if stays:
        raise IndexMismatch(
            f"{index} keeps what {', '.join(stays[:3])}{' and others' if len(stays) > 3 else ''} told before, as no "
            "fresh build can; mend or remove what `askpkcn index` skips, index again, and verify then"
        )


def _same_rows(old: Iterator[tuple[object, ...]], new: Iterator[tuple[object, ...]], index: Path) -> None:
    for one, other in zip_longest(old, new):
        if one != other:
            what = str((one or other or ("",))[1])[:100]
            how = "is not in a fresh build" if other is None else "is missing" if one is None else "differs"
            raise IndexCorrupt(
                f"{what} {how}; if articles have changed since, `askpkcn index` takes that in, or else {remedy(index)}"
            )


def _difference(old: Vectors | SentenceVectors, new: Vectors | SentenceVectors) -> float:
    """Return the largest difference of two numbers, where both hold as many vectors."""
    largest = 0.0
    for at in range(0, len(new), BLOCK):
        numbers = np.arange(at, min(at + BLOCK, len(new)), dtype=np.int64)
        largest = max(largest, float(np.abs(old.rows_at(numbers) - new.rows_at(numbers)).max()))
    return largest


def _rankings(old: _Opened, new: _Opened, index: Path) -> int:
    """Rank some passages' own words as questions in both, and return how many."""
    n_passages = old.catalogue.counts()[1]
    numbers = sorted({round(at) for at in np.linspace(0, n_passages - 1, min(QUESTIONS, n_passages))})
    rows = new.vectors.rows_at(np.array(numbers, dtype=np.int64))
    for passage, row in zip(old.catalogue.passages(numbers), rows, strict=True):
        question = passage.text[:200]
        by_words = [each.keywords.best(question, DEPTH, Filters()) for each in (old, new)]
        # Vectors that differ by a millionth may teach the lists of an inverted file otherwise.
        by_meaning = (
            [each.vectors.nearest(row, DEPTH) for each in (old, new)] if n_passages <= EXACT_UP_TO else [[], []]
        )
        if not (_alike(*by_meaning) and _alike(*by_words)):
            raise IndexCorrupt(f"{index} ranks {question[:60]!r} otherwise than a fresh build; {remedy(index)}")
    return len(numbers)


def _alike(one: list[Ranked], other: list[Ranked]) -> bool:
    """Tell whether two rankings are the same, but for the order of passages whose scores are."""
    if len(one) != len(other) or not np.allclose(_scores(one), _scores(other), rtol=1e-5, atol=1e-5):
        return False
    theirs = {each.passage: each.score for each in other}
    last = other[-1].score if other else 0.0
    return all(abs(theirs.get(each.passage, last) - each.score) <= 2e-5 * max(1.0, abs(each.score)) for each in one)


def _scores(ranking: list[Ranked]) -> list[float]:
    return [each.score for each in ranking]
