"""articles.toml: what a person sets about articles whose files tell it wrongly, or not at all."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from threading import Lock

from askpkcn.articles.decoding import read_bytes
from askpkcn.articles.extracted import Extracted
from askpkcn.articles.finding import SIDECAR, Found
from askpkcn.articles.markdown import field as text_of
from askpkcn.articles.markdown import published
from askpkcn.errors import ArticleError
from askpkcn.unknown import FIELDS

MAX_BYTES = 5_000_000


@dataclass
class _Entry:
    """One table of an articles.toml: a pattern, what it sets (None for unknown), and whether any file matched it."""

    pattern: str
    fields: Mapping[str, str | date | None]
    used: bool = False


@dataclass
class Sidecars:
    """The articles.toml files of the folders that are read, each read once."""

    _of: dict[Path, list[_Entry]] = field(default_factory=dict)
    _digests: dict[Path, bytes] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def told(self, found: Found, record: str | None = None) -> dict[str, str | date | None]:
        """Return what is set for a file, or for one record of it. Raises ArticleError for an articles.toml in error.

        A nearer folder's file wins over a farther one's, and in one file the later table over the earlier.
        """
        merged: dict[str, str | date | None] = {}
        for folder in _folders(found):
            for entry in self._entries(folder):
                if _matches(entry.pattern, found.file.relative_to(folder).as_posix(), record):
                    entry.used = True
                    merged.update(entry.fields)
        return merged

    def digest(self, found: Found) -> bytes:
        """Return a digest of the articles.toml files that may set something for a file."""
        told = hashlib.sha256()
        for folder in _folders(found):
            if folder not in self._digests:
                file = folder / SIDECAR
                data = read_bytes(file, MAX_BYTES) if file.is_file() else b""
                self._digests[folder] = hashlib.sha256(data).digest()
            told.update(self._digests[folder])
        return told.digest()

    def notes(self) -> list[str]:
        """Return a line for every pattern that matched nothing: it is misspelt, perhaps."""
        return [
            f'{folder / SIDECAR}: ["{entry.pattern}"] matches no article; mend the name or remove the table'
            for folder, entries in self._of.items()
            for entry in entries
            if not entry.used
        ]

    def _entries(self, folder: Path) -> list[_Entry]:
        with self._lock:  # several threads read files, and which entries were used is told of one list
            if folder not in self._of:
                file = folder / SIDECAR
                self._of[folder] = _load(file) if file.is_file() else []
            return self._of[folder]


def apply(made: Extracted, told: Mapping[str, str | date | None]) -> tuple[Extracted, frozenset[str]]:
    """Return an article with what is set for it, and which fields these were; front matter stays."""
    new = {name: value for name, value in told.items() if name not in made.own}
    return replace(made, **new), frozenset(new)  # type: ignore[arg-type]


def _folders(found: Found) -> list[Path]:
    """Return the folders from the one that was indexed down to the file's own."""
    if found.root is None:
        return [found.file.parent]
    parents = list(found.file.relative_to(found.root).parents)  # nearest first, the root's "." last
    return [found.root / parent for parent in reversed(parents)]


def _matches(pattern: str, path: str, record: str | None) -> bool:
    whole = path if "/" in pattern else path.rsplit("/", 1)[-1]
    return fnmatchcase(whole, pattern) or (record is not None and fnmatchcase(f"{whole}#{record}", pattern))


def _load(file: Path) -> list[_Entry]:
    try:
        told = tomllib.loads(read_bytes(file, MAX_BYTES).decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ArticleError(f"{file} is no TOML ({error}); mend it") from error
    return [_Entry(pattern, _checked(values, pattern, file)) for pattern, values in told.items()]


def _checked(values: object, pattern: str, file: Path) -> Mapping[str, str | date | None]:
    allowed = ", ".join(FIELDS)
    if not isinstance(values, dict):
        raise ArticleError(f'{file} sets {pattern!r} outside a table; write ["file name"] above it')
    for name, value in values.items():
        if isinstance(value, dict):
            raise ArticleError(
                f'{file} has a table [{pattern}.{name}]; write file names in quotes: ["{pattern}.{name}"]'
            )
        if name not in FIELDS:
            raise ArticleError(f'{file} sets {name!r} for "{pattern}"; what can be set is {allowed}')
        if not isinstance(value, (str, list) if name != "published" else (str, date, datetime)):
            raise ArticleError(f'{file} sets {name} of "{pattern}" to {value!r}; write it as text in quotes')
    where = f'{file} ["{pattern}"]'
    return {n: published(values, ("published",), where) if n == "published" else text_of(values, n) for n in values}
