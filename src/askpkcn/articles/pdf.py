"""PDF: the text of each page by pypdf, its lines joined to paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from pathlib import Path

from askpkcn.articles import byline, pasted
from askpkcn.articles.dates import is_date_line
from askpkcn.articles.extracted import Extracted
from askpkcn.errors import ArticleError
from askpkcn.text import normalise

MAX_BYTES = 200_000_000
MAX_PAGES = 5_000
_ENDED = re.compile(r".*[.!?…:][\"”’'»)\]]*", re.DOTALL)
_PAGE_NUMBER = re.compile(r"(?:page )?[-–— ]*\d{1,4}[-–— ]*(?:(?:of|/) ?\d{1,4})?", re.IGNORECASE)


def read(file: Path) -> Extracted:
    """Read a PDF. Raises ArticleError where it is encrypted, broken, or holds no text."""
    pages, told = _pages(file)
    empty = sum(not page.strip() for page in pages)
    if empty == len(pages):
        raise ArticleError(f"{file} is a PDF that holds no text; if its pages are images, run text recognition over it")
    blocks, begins = paragraphs([page.split("\n") for page in pages])
    found = pasted.read("\n\n".join(blocks))
    title = _title(found, told)
    notes = (f"{file}: {empty} of {len(pages)} pages hold no text",) if empty else ()
    starts = _page_starts(blocks, begins, found.text.split("\n\n"))
    return Extracted(found.text, title, found.outlet, found.author, found.published, None, notes, pages=starts)


def _page_starts(blocks: list[str], begins: list[tuple[int, int]], kept: list[str]) -> tuple[int, ...]:
    """Return where each page begins in the text of those blocks that were kept; the first begins at 0."""
    offsets = [0]
    for text in kept:
        offsets.append(offsets[-1] + len(text) + 2)
    place: dict[int, int] = {}
    for one, other, size in SequenceMatcher(None, blocks, kept, autojunk=False).get_matching_blocks():
        place.update({one + i: other + i for i in range(size)})
    starts = []
    for block, within in begins:
        following = next((i for i in range(block, len(blocks)) if i in place), None)
        if following is None:
            starts.append(max(offsets[-1] - 2, 0))
        else:
            starts.append(offsets[place[following]] + (within if following == block else 0))
    return (0, *starts[1:])


def _title(found: Extracted, told: str) -> str | None:
    """Return the title: what the file calls so, if its text begins with that; else the headline, if it is one line."""
    told = " ".join(normalise(told).split())
    if len(told.split()) >= 3 and told.casefold() in " ".join(found.text[:1000].split()).casefold():
        return told
    blocks = found.text.split("\n\n")
    if found.title not in blocks:
        return None
    below = next(iter(blocks[blocks.index(found.title) + 1 :]), "")
    # A headline of two lines is two blocks here, and the first of them is not the title.
    whole = byline.read(below) or is_date_line(below) or _ENDED.fullmatch(below) or len(below.split()) > 20
    return found.title if whole else None


def _pages(file: Path) -> tuple[list[str], str]:
    """Return the text of each page, and the title among the file's properties."""
    import logging

    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise ArticleError(f"{file} is {size / 1e6:.0f} MB, over the limit of {MAX_BYTES / 1e6:.0f} MB; split it")
    try:
        with PdfReader(file) as pdf:
            if pdf.is_encrypted and not pdf.decrypt(""):
                raise ArticleError(f"{file} is an encrypted PDF; save a copy without a password")
            if len(pdf.pages) > MAX_PAGES:
                raise ArticleError(f"{file} has {len(pdf.pages):,} pages, over the limit of {MAX_PAGES:,}; split it")
            title = (pdf.metadata.title if pdf.metadata else None) or ""
            return [normalise(page.extract_text() or "") for page in pdf.pages], title
    except (DependencyError, NotImplementedError) as error:
        raise ArticleError(f"{file} is an encrypted PDF; save a copy without a password") from error
    except ArticleError:
        raise
    except (PyPdfError, ValueError, TypeError, KeyError, IndexError, AttributeError, OSError, AssertionError) as error:
        # What pypdf raises for broken files is of no one kind.
        raise ArticleError(f"{file} is a broken PDF ({_short(error)}); save it anew") from error


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:80] or type(error).__name__


def paragraphs(pages: list[list[str]]) -> tuple[list[str], list[tuple[int, int]]]:
    """Return the lines of pages joined to paragraphs, without running heads and page numbers.

    With them comes where each page begins: the number of a paragraph, and the offset in it.

    A line that is about as long as most goes on in the next one, as does a short one in the middle of a sentence, where
    that can be seen; another short one ends its paragraph. A word that was
    broken at a line's end is joined: without its hyphen, unless the text has the word with it elsewhere.
    """
    lines, firsts = _body_lines(pages)
    lengths = sorted(len(line) for line in lines if line)
    width = lengths[int(len(lengths) * 0.9)] if lengths else 0
    words = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", "\n".join(lines)))
    blocks: list[str] = []
    begins: list[tuple[int, int]] = []
    open_line = False
    for i, line in enumerate(lines):
        while len(begins) < len(firsts) and firsts[len(begins)] < i:  # pages before this one that hold nothing
            begins.append((len(blocks), 0))
        if not line:
            # A page's end is a blank line, too: a sentence that is not ended goes on over it.
            open_line = bool(blocks) and not _ENDED.fullmatch(blocks[-1]) and _continues(lines, i)
            continue
        blocks[-1:] = [_join(blocks[-1], line, words)] if open_line else [*blocks[-1:], line]
        if len(begins) < len(firsts) and firsts[len(begins)] == i:
            begins.append((len(blocks) - 1, len(blocks[-1]) - len(line)))
        long = len(line) >= 0.75 * width
        open_line = long and not (_ENDED.fullmatch(line) and len(line) < 0.92 * width)
        open_line = open_line or line.endswith("-") or _goes_on(line, lines[i + 1] if i + 1 < len(lines) else "")
    begins += [(len(blocks), 0)] * (len(firsts) - len(begins))
    return blocks, begins


def _goes_on(line: str, below: str) -> bool:
    """Tell a short line in the middle of a sentence, as narrow columns have."""
    return below[:1].islower() and len(line.split()) >= 3 and not _ENDED.fullmatch(line)


def _continues(lines: list[str], i: int) -> bool:
    return next((line[0].islower() for line in lines[i:] if line), False)


def _join(before: str, line: str, words: Counter[str]) -> str:
    broken = re.search(r"([^\W\d_]+)[-\u00ad]$", before)
    after = re.match(r"[^\W\d_]+", line)
    if not broken or not after or not after.group()[0].islower():
        return f"{before} {line}"
    if before.endswith("-") and words[f"{broken[1]}-{after[0]}"] > words[broken[1] + after[0]]:
        return before + line
    return before[:-1] + line


def _body_lines(pages: list[list[str]]) -> tuple[list[str], list[int]]:
    """Return all lines, a blank one between pages, without what stands at the top or foot of most pages.

    With them comes the number of each page's first line that is not blank, or of its end.
    """
    stripped = [[line.strip() for line in page] for page in pages]
    edges: Counter[str] = Counter()
    for page in stripped:
        edges.update({_key(page[i]) for i in _edge(page)})
    repeated = {key for key, times in edges.items() if key and times >= 3 and times > 0.5 * len(pages)}
    lines: list[str] = []
    firsts: list[int] = []
    for page in stripped:
        edge = set(_edge(page))
        dropped = {i for i in edge if _key(page[i]) in repeated or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(page[i]))}
        left = [line for i, line in enumerate(page) if i not in dropped] + [""]
        firsts.append(len(lines) + next((i for i, line in enumerate(left) if line), len(left) - 1))
        lines += left
    return lines, firsts


def _edge(page: list[str]) -> list[int]:
    full = [i for i, line in enumerate(page) if line]
    return full[:2] + full[2:][-2:]


def _key(line: str) -> str:
    return re.sub(r"\d+", "0", line)
