"""Files to Articles: Markdown with front matter, and plain text.

The text of an article is normalised here, once, before any offset exists; title and byline become its
first lines, so that they can be found and quoted like everything else.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from html import unescape
from pathlib import Path, PurePosixPath

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from askpkcn.errors import ArticleError
from askpkcn.text import normalise
from askpkcn.types import Article, Source

SUFFIXES = {".md": "markdown", ".markdown": "markdown", ".txt": "text", ".text": "text"}
ABOUT_THE_FOLDER = re.compile(r"(readme|sources|license|licence|notice|changelog)(\.\w+)?\.\w+", re.IGNORECASE)
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
BYLINE = re.compile(r"[Bb]y ((?:[A-Z][\w.'’-]*)(?: (?:[A-Z][\w.'’-]*|al|bin|de|van|von|ul|and))*)")
UNKNOWN = {"", "unknown", "none", "null", "n/a"}
MAX_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Found:
    """A file to read, and the id that its article will have."""

    file: Path
    id: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that gives no article, and why, in one line."""

    file: Path
    why: str


def find(paths: list[Path]) -> list[Found]:
    """Return the article files under paths, in order of id.

    Ids are "folder/path/within.md" for a file of a folder and "name.md" for a file given alone. Files that
    speak about their folder (README, SOURCES, LICENSE, ...) and hidden ones are passed over.
    Raises ArticleError where a path does not exist, a given file has an unknown type, or two files share an id.
    """
    found: dict[str, Found] = {}
    for path in paths:
        for each in _under(path):
            if each.id in found and found[each.id].file.resolve() != each.file.resolve():
                raise ArticleError(
                    f"{found[each.id].file} and {each.file} would both be article {each.id!r}; "
                    "index the folder above both, or rename one"
                )
            found[each.id] = each
    return [found[id] for id in sorted(found)]


def _under(path: Path) -> Iterator[Found]:
    if not path.exists():
        raise ArticleError(f"{path} does not exist; name a folder of .md and .txt files, or such a file")
    if not path.is_dir():
        if path.suffix.lower() not in SUFFIXES:
            raise ArticleError(f"{path} is neither Markdown (.md) nor plain text (.txt); convert it to one of them")
        yield Found(path, _clean_id(path.name))
        return
    root = path.resolve()
    for file in sorted(path.rglob("*")):
        within = file.relative_to(path)
        if any(part.startswith(".") for part in within.parts) or file.suffix.lower() not in SUFFIXES:
            continue
        if not file.is_dir() and not ABOUT_THE_FOLDER.fullmatch(file.name):
            yield Found(file, _clean_id(PurePosixPath(root.name, *within.parts).as_posix()))


def _clean_id(text: str) -> str:
    """Replace what would break a line or a terminal; ids are shown and typed."""
    text = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join("_" if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)


def read(found: Found) -> Article:
    """Read one file. Raises ArticleError, naming the file, what is wrong and the remedy."""
    text = normalise(_decode(found.file))
    if not text.strip():
        raise ArticleError(f"{found.file} holds no text; remove it or fill it")
    if SUFFIXES[found.file.suffix.lower()] == "markdown":
        return _from_markdown(text, found)
    return _from_text(text, found)


def _decode(file: Path) -> str:
    try:
        if not file.is_file():
            raise ArticleError(f"{file} is not a regular file; remove it or name another folder")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise ArticleError(f"{file} is {size / 1e6:.0f} MB, over the limit of {MAX_BYTES / 1e6:.0f} MB; split it")
        data = file.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ArticleError(f"{file} cannot be read ({why}); check its permissions") from error
    if b"\0" in data:
        raise ArticleError(f"{file} is a binary file, not text; remove it or convert it to .txt or .md")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArticleError(
            f"{file} is not UTF-8 (byte 0x{data[error.start]:02x} at offset {error.start}); "
            "convert it, for example with `iconv -f windows-1252 -t utf-8`"
        ) from error


def _from_markdown(text: str, found: Found) -> Article:
    match = FRONT_MATTER.match(text)
    if match is None and re.match(r"---[ \t]*\n", text):
        raise ArticleError(f"{found.file} opens a front matter with --- that no second --- closes; add it")
    fields = _front_matter(match.group(1), found.file) if match else {}
    body = plain_text(text[match.end() :] if match else text)
    if not body:
        raise ArticleError(f"{found.file} has no text besides its front matter; add the article's text or remove it")
    first_line = body.split("\n", 1)[0]
    title = _field(fields, "title") or (first_line if _is_headline(first_line) else None)
    author = (_field(fields, "author") or "").removeprefix("By ") or None
    head = []
    if title and first_line != title:
        head.append(title)
    if author and not re.search(rf"\b[Bb]y {re.escape(author)}\b", body[:500]):
        head.append(f"By {author}")
    source = Source(
        id=found.id,
        title=title or _clean_id(found.file.stem),
        outlet=_field(fields, "outlet"),
        author=author,
        published=_published(fields, found.file),
        url=_field(fields, "url"),
    )
    return make(source, "\n\n".join([*head, body]))


def _from_text(text: str, found: Found) -> Article:
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    title = next((line for line in lines[:5] if _is_headline(line)), None)
    author = next((m.group(1) for line in lines[:12] if (m := BYLINE.fullmatch(line))), None)
    source = Source(found.id, title or _clean_id(found.file.stem), None, author, None, None)
    return make(source, text.strip())


def make(source: Source, text: str) -> Article:
    """Return an Article of normalised text with its digest."""
    text = normalise(text)
    return Article(source, text, hashlib.sha256(text.encode()).hexdigest())


def _is_headline(line: str) -> bool:
    """Tell a headline from a sentence or from site furniture: four to thirty words and no full stop."""
    return 4 <= len(line.split()) <= 30 and line[0].isalnum() and not line.endswith((".", ":", ";", ","))


def _front_matter(block: str, file: Path) -> Mapping[str, object]:
    try:
        fields = yaml.safe_load(block)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 2}" if mark else ""
        problem = str(getattr(error, "problem", None) or error).split("\n", 1)[0]
        raise ArticleError(f"{file} has broken front matter{where} ({problem}); mend its YAML") from error
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        raise ArticleError(f"{file} has front matter that is no list of `name: value` lines; mend its YAML")
    return {str(name).lower(): value for name, value in fields.items()}


def _field(fields: Mapping[str, object], name: str) -> str | None:
    value = fields.get(name)
    if value is None or isinstance(value, dict):
        return None
    try:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    except ValueError:  # Python writes no number of over 4,300 digits
        return None
    text = " ".join(normalise(text).split())
    return None if text.lower() in UNKNOWN else text


def _published(fields: Mapping[str, object], file: Path) -> date | None:
    told = (fields.get(name) for name in ("published", "date"))
    value = next((v for v in told if not (v is None or (isinstance(v, str) and v.strip().lower() in UNKNOWN))), None)
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = _field({"published": value}, "published")
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise ArticleError(f"{file} says published: {text!r}; write YYYY-MM-DD or unknown") from error


def plain_text(markdown: str) -> str:
    """Return what a reader of the rendered Markdown sees: a paragraph or a table row a line, blank lines between."""
    blocks: list[str] = []
    row: list[str] | None = None
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        text = None
        if token.type == "inline":
            text = _inline(token.children or [])
        elif token.type in ("fence", "code_block"):
            text = token.content.rstrip("\n")
        elif token.type == "html_block":
            text = _untagged(token.content)
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            text, row = " | ".join(row), None
        if text and text.strip():
            (blocks if row is None else row).append(text)
    return "\n\n".join(blocks)


def _inline(tokens: list[Token]) -> str:
    parts = []
    for token in tokens:
        if token.type in ("text", "code_inline", "image"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n" if token.type == "hardbreak" else " ")
    return "".join(parts).strip()


def _untagged(html: str) -> str:
    """Return the text of an HTML block; whole HTML pages are not Markdown and are not read here."""
    html = re.sub(r"<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1\s*>|\Z)", "", html, flags=re.DOTALL | re.IGNORECASE)
    return unescape(re.sub(r"</?[A-Za-z][^<>]*>", "", html)).strip()
