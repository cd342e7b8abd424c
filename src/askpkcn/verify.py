"""Is an index what its manifest says, and is every passage the piece of its article that it claims to be?"""

from __future__ import annotations

import hashlib
from pathlib import Path

from askpkcn.catalogue import Catalogue
from askpkcn.errors import IndexCorrupt
from askpkcn.keywords import Keywords
from askpkcn.snapshot import open_snapshot, remedy
from askpkcn.vectors import Vectors


def verify(index: Path) -> dict[str, int | str]:
    """Return counts of what was checked. Raises IndexMissing, IndexMismatch or IndexCorrupt at the first fault."""
    snapshot = open_snapshot(index)
    catalogue = Catalogue(snapshot.catalogue)
    try:
        n_articles, n_passages = catalogue.counts()
        for source, _ in catalogue.sources():
            article = catalogue.article(source.id)
            if article is None or hashlib.sha256(article.text.encode()).hexdigest() != article.sha256:
                raise IndexCorrupt(f"the text of {source.id} is not the one that was indexed; {remedy(index)}")
        text, held = "", ""
        for passage in catalogue.all_passages():
            if passage.article_id != held:
                article = catalogue.article(passage.article_id)
                text, held = (article.text if article else ""), passage.article_id
            if text[passage.start : passage.end] != passage.text:
                raise IndexCorrupt(f"passage {passage.number} is not at its offsets in {held}; {remedy(index)}")
    finally:
        catalogue.close()
    listed = snapshot.manifest["counts"]
    counts = {
        "the manifest": listed["passages"],
        "the catalogue": n_passages,
        "vectors.faiss": len(Vectors(snapshot.vectors)),
        "keywords": len(Keywords(snapshot.keywords)),
    }
    if len(set(counts.values())) != 1 or n_articles != listed["articles"]:
        told = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise IndexCorrupt(f"{index} counts its passages differently ({told}); {remedy(index)}")
    files = len(snapshot.manifest["files"]) + len(snapshot.manifest["encoder"]["files"]) + 2
    return {"articles": n_articles, "passages": n_passages, "files": files, "snapshot": snapshot.name}
