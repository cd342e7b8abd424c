"""All articles under some paths, each text once; and how they differ from those of the live snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from askpkcn import articles
from askpkcn.articles import Skipped
from askpkcn.catalogue import Catalogue
from askpkcn.errors import ArticleError, AskpkcnError
from askpkcn.snapshot import open_snapshot
from askpkcn.types import Article, Source

Report = Callable[[str, int, int], None]
"""Called with (stage, done, total) while an index is built."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An article that is not indexed, because another one has the same text."""

    id: str
    same_as: str


@dataclass(frozen=True, slots=True)
class Changes:
    """How many articles differ from the snapshot that was live before: in text, or in what is told of them."""

    new: int
    updated: int
    unchanged: int
    removed: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """What stands under the paths to index: the articles, and what was left out and why.

    `others` counts files of kinds that are no articles, by suffix.
    """

    articles: tuple[Article, ...]
    duplicates: tuple[Duplicate, ...]
    skipped: tuple[Skipped, ...]
    others: Mapping[str, int]
    notes: tuple[str, ...]


def gather(paths: list[Path], report: Report, *, strict: bool = False) -> Gathered:
    """Read every article under paths; what cannot be read is skipped, and of several with one text the first is kept.

    Raises ArticleError if there is none; with `strict`, for the first that cannot be read.
    """
    survey = articles.survey(paths)
    read: list[Article] = []
    duplicates: list[Duplicate] = []
    skipped = list(survey.skipped)
    notes: list[str] = []
    seen: dict[str, str] = {}
    with articles.open_reading() as reading:
        for i, each in enumerate(survey.found):
            if strict and skipped:
                raise ArticleError(f"{skipped[0].why} (--strict: nothing was written)")
            contents = reading.contents(each)
            skipped += contents.skipped
            notes += contents.notes
            for article in contents.articles:
                first = seen.setdefault(article.sha256, article.id)
                if first == article.id:
                    read.append(article)
                else:
                    duplicates.append(Duplicate(article.id, first))
            report("reading", i + 1, len(survey.found))
        notes += reading.notes()
    if strict and skipped:
        raise ArticleError(f"{skipped[0].why} (--strict: nothing was written)")
    if not read:
        where = ", ".join(map(str, paths))
        why = skipped[0].why if skipped else f"it needs files of {articles.ACCEPTED} with text"
        raise ArticleError(f"no article found in {where}: {why}")
    return Gathered(tuple(read), tuple(duplicates), tuple(skipped), survey.others, tuple(notes))


def compare(folder: Path, found: Sequence[Article]) -> Changes:
    """Compare with the live snapshot, by id; if there is none, or none that can be read, every article is new."""
    before = _known_articles(folder)
    new = sum(article.id not in before for article in found)
    unchanged = sum(before.get(article.id) == (article.source, article.sha256) for article in found)
    removed = len(before.keys() - {article.id for article in found})
    return Changes(new, len(found) - new - unchanged, unchanged, removed)


def _known_articles(folder: Path) -> dict[str, tuple[Source, str]]:
    """Return source and digest of the live snapshot's articles, by id."""
    try:
        old = Catalogue(open_snapshot(folder).catalogue)
    except (AskpkcnError, KeyError, TypeError):
        return {}
    try:
        return {source.id: (source, digest) for source, digest in old.digests()}
    finally:
        old.close()
