"""Files to index: which of a folder's files are articles, and the ids that these will have."""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from askpkcn.articles.kinds import REFUSED, SUFFIXES, kind_of
from askpkcn.errors import ArticleError

ABOUT_THE_FOLDER = re.compile(r"(readme|sources|license|licence|notice|changelog)(\.\w+)?\.\w+", re.IGNORECASE)
SIDECAR = "articles.toml"
ACCEPTED = "Markdown, plain text, HTML, PDF, DOCX or JSON Lines"


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read, the id that its article will have, and the folder that was indexed, if it stands in one."""

    file: Path
    id: str
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that gives no article, and why, in one line.

    It is `passing` if it may give one another time, as it is, and `hides` what it may have told before unless it is a
    record that can be read. Where it is not known what stands there now, `id` is the article's that it would have held,
    or, of a folder, the beginning of those within; `root` is the folder that was indexed.
    """

    file: Path
    why: str
    passing: bool = False
    hides: bool = True
    id: str = ""
    root: Path | None = None


@dataclass(frozen=True, slots=True)
class Survey:
    """What stands under some paths: articles, files that look like such and are none, and how many others by suffix."""

    found: tuple[Found, ...]
    skipped: tuple[Skipped, ...]
    others: Mapping[str, int]


@dataclass
class _Walk:
    found: list[Found] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)

    def skip(self, file: Path, why: str, id: str = "", root: Path | None = None) -> None:
        self.skipped.append(Skipped(file, f"{file} {why}", id=id, root=root))


def find(paths: list[Path]) -> list[Found]:
    """Return the article files under paths, in order of id; see `survey` for the rest of what stands there."""
    return list(survey(paths).found)


def survey(paths: list[Path]) -> Survey:
    """Look for article files under paths.

    Ids are "folder/path/within.md" for a file of a folder and "name.md" for a file given alone. Hidden files, and
    those that speak about their folder (README, SOURCES, LICENSE, ...), are passed over.
    Raises ArticleError where a path does not exist, a given file has an unknown type, or two files share an id.
    """
    walk = _Walk()
    for path in paths:
        _under(path, walk)
    found: dict[str, Found] = {}
    for each in walk.found:
        if each.id in found and found[each.id].file.resolve() != each.file.resolve():
            raise ArticleError(
                f"{found[each.id].file} and {each.file} would both be article {each.id!r}; "
                "index the folder above both, or rename one"
            )
        found[each.id] = each
    return Survey(tuple(found[id] for id in sorted(found)), tuple(dict.fromkeys(walk.skipped)), dict(walk.others))


def _under(path: Path, walk: _Walk) -> None:
    if not path.exists():
        raise ArticleError(f"{path} does not exist; name a folder of articles, or one article's file")
    if not path.is_dir():
        if path.suffix.lower() not in SUFFIXES and (not path.is_file() or kind_of(path) is None):
            raise ArticleError(f"{path} is neither {ACCEPTED}; convert it to one of them")
        walk.found.append(Found(path, clean_id(path.name)))
        return
    root = path.resolve()

    def id_of(file: Path) -> str:
        return clean_id(PurePosixPath(root.name, *file.relative_to(path).parts).as_posix())

    def refuse(error: OSError) -> None:
        folder = Path(error.filename)
        walk.skip(folder, f"cannot be read ({error.strerror}); check its permissions", id_of(folder), path)

    for place, folders, files in os.walk(path, onerror=refuse):
        here = Path(place)
        pages = {Path(name).stem for name in files if SUFFIXES.get(Path(name).suffix.lower()) == "html"}
        folders[:] = sorted(name for name in folders if _enter(here / name, pages, walk))
        for name in sorted(files):
            if not name.startswith(".") and name != SIDECAR and not ABOUT_THE_FOLDER.fullmatch(name):
                _consider(here / name, id_of(here / name), path, root, walk)


def _enter(folder: Path, pages: set[str], walk: _Walk) -> bool:
    """Tell whether to look into a folder: not if it is hidden, a link, an index, or saved beside a page."""
    if folder.name.startswith(".") or (folder.name.endswith("_files") and folder.name[: -len("_files")] in pages):
        return False
    if _is_index(folder):
        return False
    if folder.is_symlink():
        why = "is a link to a folder, and these are not followed; index that folder too if you want it"
        walk.skip(folder, why)
        return False
    return True


def _is_index(folder: Path) -> bool:
    try:
        return (folder / "CURRENT").is_file() and (folder / "snapshots").is_dir()
    except PermissionError:  # the walk will say so
        return False


def _consider(file: Path, id: str, path: Path, root: Path, walk: _Walk) -> None:
    suffix = file.suffix.lower()
    if suffix in REFUSED:
        walk.skip(file, f"is {REFUSED[suffix]}")
        return
    try:
        if file.is_symlink():
            if not file.exists():
                walk.skip(file, "is a link that leads nowhere; remove it", id, path)
                return
            if not file.resolve().is_relative_to(root):
                walk.skip(file, "is a link out of the folder; index what it links to, or put a copy there")
                return
        if suffix not in SUFFIXES and (not file.is_file() or kind_of(file) is None):
            walk.others[suffix or "without suffix"] += 1
            return
        if not file.is_file():
            walk.skip(file, "is not a regular file; remove it or name another folder", id, path)
            return
    except (OSError, RuntimeError) as error:  # RuntimeError: a loop of links
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        walk.skip(file, f"cannot be read ({why}); check its permissions", id, path)
        return
    walk.found.append(Found(file, id, path))


def clean_id(text: str) -> str:
    """Replace what would break a line or a terminal; ids are shown and typed."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("_" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
