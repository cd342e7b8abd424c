"""Is an index what its manifest says, and is every passage the piece of its article that it claims to be?"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from askpkcn.catalogue import Catalogue
from askpkcn.errors import IndexCorrupt
from askpkcn.keywords import Keywords
from askpkcn.sentence_vectors import SentenceVectors
from askpkcn.snapshot import Snapshot, open_snapshot, remedy
from askpkcn.vectors import Vectors


def verify(index: Path) -> dict[str, int | str]:
    """Return counts of what was checked. Raises IndexMissing, IndexMismatch or IndexCorrupt at the first fault."""
    snapshot = open_snapshot(index)
    with closing(Catalogue(snapshot.catalogue)) as catalogue:
        _check_counts(snapshot, catalogue, index)
        n_articles, n_passages = catalogue.counts()
        for source, _ in catalogue.sources():
            catalogue.article(source.id)  # which holds its text against its digest
        _check_passages(catalogue, index)
    files = len(snapshot.manifest["files"]) + len(snapshot.manifest["encoder"]["files"]) + 2
    return {"articles": n_articles, "passages": n_passages, "files": files, "snapshot": snapshot.name}


def _check_counts(snapshot: Snapshot, catalogue: Catalogue, index: Path) -> None:
    listed, (n_articles, n_passages) = snapshot.manifest["counts"], catalogue.counts()
    _check_alike("articles", {"the manifest": listed["articles"], "the catalogue": n_articles}, index)
    passages = {
        "the manifest": listed["passages"],
        "the catalogue": n_passages,
        "vectors.faiss": len(Vectors(snapshot.vectors)),
        "keywords": len(Keywords(snapshot.keywords)),
    }
    _check_alike("passages", passages, index)
    sentences = {
        "the manifest": listed["sentences"],
        "the catalogue": catalogue.count_sentences(),
        snapshot.sentences.name: len(SentenceVectors(snapshot.sentences)),
    }
    _check_alike("sentences", sentences, index)


def _check_alike(what: str, counts: dict[str, int], index: Path) -> None:
    if len(set(counts.values())) != 1:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise IndexCorrupt(f"{index} counts its {what} differently ({told}); {remedy(index)}")


def _check_passages(catalogue: Catalogue, index: Path) -> None:
    """Check that every passage stands at its offsets, and that its rows are those of its sentences."""
    text, held, bounds, first = "", "", list[list[int]](), 0
    for passage in catalogue.all_passages():
        if passage.article_id != held:
            article, held = catalogue.article(passage.article_id), passage.article_id
            first += len(bounds)  # the row of the article's first sentence
            text, bounds = (article.text, catalogue.sentence_bounds(held).tolist()) if article else ("", [])
        if text[passage.start : passage.end] != passage.text:
            raise IndexCorrupt(f"passage {passage.number} is not at its offsets in {held}; {remedy(index)}")
        ((low, high),) = catalogue.sentence_rows([passage.number]).tolist()
        own = bounds[low - first : high - first] if low >= first else []
        if len(own) != high - low or not own or (own[0][0], own[-1][1]) != (passage.start, passage.end):
            raise IndexCorrupt(f"passage {passage.number} has the rows of other sentences; {remedy(index)}")
