"""All articles under some paths, one at a time, each text once; and how they differ from those of the live snapshot.

What a file told stays when nothing can be read of it any more: only who removes the file removes its articles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from askpkcn import articles
from askpkcn.articles import Contents, Found, Piece, Readings, Skipped, Survey
from askpkcn.errors import ArticleError
from askpkcn.memory import Memory, Remembered, Stays, Told, written
from askpkcn.types import Article

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
    """What was left out and why, and how what was not differs from before.

    `others` counts files of kinds that are no articles, by suffix.
    """

    changes: Changes
    duplicates: tuple[Duplicate, ...]
    skipped: tuple[Skipped, ...]
    others: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """An article whose text another one has."""

    told: Told
    same_as: str


@dataclass(frozen=True, slots=True)
class FileRead:
    """A file that was read to its end: its id, its digest, and what it gave, as the next build is told it."""

    id: str
    digest: str
    told: str


@dataclass
class Gathering:
    """Goes through the files once; what it counted is `done` after that."""

    survey: Survey
    memory: Memory
    readings: Readings
    report: Report
    strict: bool = False
    _stays: dict[str, Skipped] = field(default_factory=dict)
    _digests: Mapping[str, str | None] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _skipped: list[Skipped] = field(default_factory=list)
    _duplicates: list[Duplicate] = field(default_factory=list)
    _notes: list[str] = field(default_factory=list)
    _counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Note which remembered files stand where nothing can be read now."""
        found = {each.id for each in self.survey.found}
        for skipped in self.survey.skipped:
            ids = set(self.memory.under(skipped.id)) - found
            self._stays |= {id: skipped for id in ids if self.memory.last(id)}

    def look(self) -> bool:
        """Compare every file with what is remembered, and tell whether all of them are just as they were."""
        found = self.survey.found
        digests = self.readings.digests(found, lambda n: self.report("looking", n, len(found)))
        self._digests = dict(zip((each.id for each in found), digests, strict=True))
        same = (self.memory.file(each.file, each.id, self._digests[each.id]) is not None for each in found)
        told = self._stays.keys() <= set(self.memory.stays())
        return told and self.memory.files() == len(found) + len(self._stays) and all(same)

    def run(self) -> Iterator[Article | Told | Repeat | FileRead]:
        """Yield every text's first article, in order of id, and what stands besides; Told is one that is remembered.

        Raises ArticleError for an articles.toml that is wrong, or, if strict, for the first file that gives none.
        """
        found = self.survey.found
        for skipped in self.survey.skipped:
            self._skip(skipped)
        fresh = self.readings.read([each for each in found if not self._remembered(each)])
        staying = [_behind(skipped, id) for id, skipped in self._stays.items()]
        done, stayed = 0, Counter[Path]()
        for each in sorted([*found, *staying], key=lambda one: one.id):
            if (shut := self._stays.get(each.id)) is not None:
                told: list[Told | Skipped | str] = []
                yield from self._stay(each.id, told)
                self.readings.plain.known(each, (piece.source.id for piece in told if isinstance(piece, Told)))
                stayed[shut.file] += len(told)
                yield FileRead(each.id, "", written([*told, _stays(shut.file, len(told))]))
                continue
            done += 1
            remembered = self._remembered(each)
            if remembered is None:
                yield from self._read(*next(fresh))
            else:
                yield from self._again(each, remembered)
            self.report("reading", done, len(found))
        self._notes += [_stays(*each) for each in stayed.items()]
        self._notes += self.readings.plain.notes()

    def done(self) -> Gathered:
        """Return what was counted."""
        new, updated, unchanged = (self._counts[name] for name in ("new", "updated", "unchanged"))
        changes = Changes(new, updated, unchanged, self.memory.counts()[0] - updated - unchanged)
        parts = tuple(self._duplicates), tuple(self._skipped), self.survey.others, tuple(self._notes)
        return Gathered(changes, *parts)

    def nothing(self, paths: Sequence[object]) -> ArticleError:
        """Return the error that says why there is no article."""
        where = ", ".join(map(str, paths))
        why = self._skipped[0].why if self._skipped else f"it needs files of {articles.ACCEPTED} with text"
        return ArticleError(f"no article found in {where}: {why}")

    def _remembered(self, each: Found) -> Remembered | None:
        return self.memory.file(each.file, each.id, self._digests.get(each.id))

    def _read(self, each: Found, pieces: Iterator[Piece]) -> Iterator[Article | Told | Repeat | FileRead]:
        told: list[Told | Skipped | str] = []
        for piece in pieces:
            if isinstance(piece, Article):
                told.append(Told(piece.source, piece.sha256))
                yield self._first(piece, Told(piece.source, piece.sha256))
            else:
                told.append(piece)
                self._take(piece)
        skipped = [piece for piece in told if isinstance(piece, Skipped)]
        if any(piece.hides for piece in skipped):
            given = len(told)
            yield from self._stay(each.id, told)
            if stayed := len(told) - given:
                told.append(_stays(each.file, stayed))
                self._notes.append(_stays(each.file, stayed))
        digest = self._digests.get(each.id)
        if any(piece.passing for piece in skipped):
            digest = None
        if digest or any(isinstance(piece, Told) for piece in told):
            yield FileRead(each.id, digest or "", written(told))

    def _stay(self, id: str, told: list[Told | Skipped | str]) -> Iterator[Article | Told | Repeat]:
        """Take what a file gave when it was last read and does not give now, and add it to what is told of it."""
        given = {piece.source.id for piece in told if isinstance(piece, Told)}
        for piece in self.memory.last(id):
            here = self.memory.article(piece.source.id)
            article = piece if here and here[1] == piece.sha256 else self.memory.text(piece)
            if article is not None and piece.source.id not in given:
                told.append(piece)
                yield self._first(article, piece)

    def _again(self, each: Found, remembered: Remembered) -> Iterator[Article | Told | Repeat | FileRead]:
        """Take an unchanged file as it was; where the snapshot lacks a text, because another had it, read it anew."""
        self.readings.plain.known(each, (p.source.id for p in remembered.pieces if isinstance(p, Told)))
        fresh: Contents | None = None
        for piece in remembered.pieces:
            if not isinstance(piece, Told):
                self._take(piece)
                continue
            article: Article | Told = piece
            if piece.sha256 not in self._seen and (self.memory.article(piece.source.id) or ("", ""))[1] != piece.sha256:
                fresh = fresh or self.readings.plain.contents(each)
                again = [one for one in fresh.articles if one.id == piece.source.id]
                if not again and not (again := [one for one in [self.memory.text(piece)] if one]):
                    for skipped in fresh.skipped:  # it could be read before, and cannot now
                        self._skip(skipped)
                    return
                (article,) = again
            yield self._first(article, piece)
        yield FileRead(each.id, self._digests[each.id] or "", written(remembered.pieces))

    def _first(self, article: Article | Told, told: Told) -> Article | Told | Repeat:
        """Count an article; of several with one text all but the first are repeats."""
        first = self._seen.setdefault(told.sha256, told.source.id)
        if first != told.source.id:
            self._duplicates.append(Duplicate(told.source.id, first))
            return Repeat(told, first)
        before = self.memory.article(told.source.id)
        same = before == (told.source, told.sha256)
        self._counts["new" if before is None else "unchanged" if same else "updated"] += 1
        return article

    def _take(self, piece: Skipped | str) -> None:
        if isinstance(piece, str):
            self._notes.append(piece)
        else:
            self._skip(piece)

    def _skip(self, skipped: Skipped) -> None:
        if self.strict:
            raise ArticleError(f"{skipped.why} (--strict: nothing was written)")
        self._skipped.append(skipped)


def _behind(skipped: Skipped, id: str) -> Found:
    """Return a remembered file that stands where nothing can be read now."""
    within = id.removeprefix(skipped.id).removeprefix("/")
    return Found(skipped.file / within if within else skipped.file, id, skipped.root)


def _stays(file: Path, count: int) -> Stays:
    what = "what it told before stays" if count == 1 else f"{count} articles that it held before stay"
    return Stays(f"{file}: {what} in the index until it can be read again or is removed")
