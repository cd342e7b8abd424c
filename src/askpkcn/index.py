"""Building an index: a new snapshot beside the old one, live by one atomic rename (see snapshot for the layout)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from askpkcn import articles, catalogue, embedding, keywords, stories, vectors
from askpkcn.articles import Readings, Skipped, code_digest
from askpkcn.catalogue import Catalogue, Entry
from askpkcn.encoder import EncoderCard, PassageEncoder
from askpkcn.exporting import export
from askpkcn.gathering import Changes, Duplicate, FileRead, Gathering, Repeat, Report
from askpkcn.memory import Memory, Told, remembering
from askpkcn.passages import ENCODING, PassageSettings, passages, sentences
from askpkcn.snapshot import FORMAT, JOURNAL, facts_of
from askpkcn.store import STAMP, drop_old, go_live, live_or_none, next_moment, only_writer, staging
from askpkcn.types import Article


@dataclass(frozen=True, slots=True)
class Built:
    """What a build did; if nothing was new, it made no snapshot, and tells the one that was live before."""

    snapshot: str
    articles: int
    passages: int
    reused: int
    changes: Changes
    duplicates: tuple[Duplicate, ...]
    skipped: tuple[Skipped, ...]
    others: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """The model that embeds passages: how to open it, and, if that can be told unopened, what it is.

    `named` is what the user called it, for a build that proves this one. `digest` differs where vectors might.
    """

    open: Callable[[], PassageEncoder]
    named: str | None = None
    digest: str | None = None


def build(
    paths: list[Path],
    folder: Path,
    model: Model | Callable[[], PassageEncoder],
    settings: PassageSettings | None = None,
    report: Report = lambda _stage, _done, _total: None,
    *,
    strict: bool = False,
) -> Built:
    """Index the articles under paths as a new snapshot, make it live, and drop the oldest ones.

    A crash at any moment leaves the last snapshot live, and the vectors that were made for the next build. Where
    nothing has changed, no snapshot is made. Raises ArticleError if no file gives an article, or, with `strict`, if one
    file gives none; IndexUnwritable if the folder cannot be written or another build writes to it.
    """
    model = model if isinstance(model, Model) else Model(model)
    wanted = _wanted(paths, settings or PassageSettings(), model)
    survey = articles.survey(paths)
    with only_writer(folder), remembering(folder) as memory, Readings() as readings:
        gathering = Gathering(survey, memory, readings, report, strict)
        if (
            gathering.look()
            and memory.snapshot
            and model.digest
            and all(_same(memory, wanted, part) for part in wanted)
        ):
            for _ in gathering.run():
                pass  # for what is told of the files
            name, (n_articles, n_passages), reused = memory.snapshot.name, memory.counts(), memory.counts()[1]
        else:
            with staging(folder) as staged:
                name, n_articles, n_passages, reused = _stage(gathering, folder, staged, wanted, model)
        done = gathering.done()
    parts = done.changes, done.duplicates, done.skipped, done.others, done.notes
    return Built(name, n_articles, n_passages, reused, *parts)


def _wanted(paths: list[Path], settings: PassageSettings, model: Model) -> dict[str, Any]:
    """Return all that a snapshot depends on besides the files."""
    return {
        "paths": [str(path.absolute()) for path in paths],
        "model": {"named": model.named, "digest": model.digest},
        "articles": {"code": code_digest()},
        "passages": {
            **asdict(settings),
            "tokens": ENCODING,
            "sentences": f"nupunkt {version('nupunkt')}",
            "code": _passages_digest(),
        },
        "vectors": {"method": embedding.METHOD},
        "stories": {"method": stories.METHOD},
    }


@cache
def _passages_digest() -> str:
    return hashlib.sha256((Path(__file__).parent / "passages.py").read_bytes()).hexdigest()


def _stage(
    gathering: Gathering, folder: Path, staged: Path, wanted: dict[str, Any], model: Model
) -> tuple[str, int, int, int]:
    """Make a new snapshot live; return its name, counts of articles and passages, and how many vectors were kept."""
    report, memory = gathering.report, gathering.memory
    n_articles = _write_texts(gathering, staged, wanted)
    if not n_articles:
        raise gathering.nothing(wanted["paths"])
    with closing(Catalogue(staged / "catalogue.sqlite")) as made:
        (_, n_passages), n_sentences = made.counts(), made.count_sentences()
        keywords.write(made.passages_with_sources(), staged / "keywords")
        opened = cache(model.open)
        card = _known_card(memory, model) or opened().card
        rows, reused = embedding.embed(made, folder, staged, card, opened, report)
        vectors.write(rows, staged / "vectors.faiss")
    del rows
    (staged / "rows").unlink()
    encoder_folder = export(folder, card, opened, report)
    counts = {"articles": n_articles, "passages": n_passages, "sentences": n_sentences}
    name = _write_manifest(staged, encoder_folder, card, wanted, counts, next_moment(folder))
    before = live_or_none(folder)
    go_live(folder, staged, name)
    (folder / JOURNAL).unlink(missing_ok=True)
    drop_old(folder, {name, before})
    return name, n_articles, n_passages, reused


def _write_texts(gathering: Gathering, staged: Path, wanted: dict[str, Any]) -> int:
    """Write the catalogue and return the number of its articles."""
    settings = PassageSettings(wanted["passages"]["budget"], wanted["passages"]["overlap"])
    memory, ids, bands = gathering.memory, list[str](), list[stories.Bands]()
    cut_alike = _same(memory, wanted, "passages")
    sketched_alike = _same(memory, wanted, "stories")
    first = 0
    with catalogue.Writer(staged / "catalogue.sqlite") as writer:
        for each in gathering.run():
            if isinstance(each, FileRead):
                writer.file(each.id, each.digest, each.told)
            elif isinstance(each, Repeat):
                writer.repeat(each.told.source, each.same_as)
            else:
                entry = _entry(each, memory, settings, first, cut_alike, sketched_alike)
                writer.add(entry)
                first += len(entry.passages)
                ids.append(entry.article.id)
                bands.append(entry.bands)
        gathering.report("stories", 0, 1)
        for members in stories.group(bands, lambda i: writer.text(ids[i])):
            writer.story([ids[i] for i in members])
        gathering.report("stories", 1, 1)
    return len(ids)


def _same(memory: Memory, wanted: dict[str, Any], part: str) -> bool:
    return bool(memory.manifest.get(part) == wanted[part])


def _entry(
    each: Article | Told, memory: Memory, settings: PassageSettings, first: int, cut_alike: bool, sketched_alike: bool
) -> Entry:
    """Return an article with all that is made of it; what the memory has is taken from there."""
    known = memory.entry(each if isinstance(each, Told) else Told(each.source, each.sha256))
    if isinstance(each, Article):
        article = each
    else:
        assert known is not None  # noqa: S101 - gathering looked
        article = known.article
    bands = known.bands if known and sketched_alike else stories.bands_of(article.text)
    if known and cut_alike:
        made = [replace(passage, number=first + i) for i, passage in enumerate(known.passages)]
        return Entry(article, known.sentences, made, bands)
    bounds = sentences(article.text)
    return Entry(article, bounds, passages(article, bounds, settings, first=first), bands)


def _known_card(memory: Memory, model: Model) -> EncoderCard | None:
    """Return the encoder's card if the model is the one that made the live snapshot: it need not be opened to tell."""
    same = model.digest and memory.manifest.get("model", {}).get("digest") == model.digest
    return memory.snapshot.encoder if memory.snapshot and same else None


def _write_manifest(
    staged: Path, encoder_folder: Path, card: EncoderCard, wanted: dict[str, Any], counts: dict[str, int], now: datetime
) -> str:
    """Write the manifest and return the snapshot's name."""
    names = sorted(file.relative_to(staged).as_posix() for file in staged.rglob("*") if file.is_file())
    manifest = {
        "format": FORMAT,
        "askpkcn": version("askpkcn"),
        "created": now.isoformat(timespec="seconds"),
        "encoder": {
            "folder": encoder_folder.name,
            "card": asdict(card),
            "files": {file.name: facts_of(file) for file in sorted(encoder_folder.iterdir())},
        },
        **wanted,
        "counts": counts,
        # tantivy's lock files are no part of the index
        "files": {name: facts_of(staged / name) for name in names if not name.endswith(".lock")},
    }
    data = (json.dumps(manifest, indent=1) + "\n").encode()
    (staged / "manifest.json").write_bytes(data)
    return f"{now.strftime(STAMP)}-{hashlib.sha256(data).hexdigest()[:16]}"
