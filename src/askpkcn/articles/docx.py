"""Word documents: paragraphs and tables in their order by python-docx; tracked insertions are read, deletions not."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from askpkcn.articles import pasted
from askpkcn.articles.extracted import Extracted
from askpkcn.errors import ArticleError
from askpkcn.text import normalise

MAX_BYTES = 200_000_000
MAX_UNPACKED = 500_000_000
MAX_PART = 100_000_000
_DEEP = 8
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_AROUND = {_W + name for name in "ins moveTo sdt sdtContent smartTag customXml hyperlink fldSimple dir bdo r".split()}
"""What may stand around paragraphs or in them, and is read through; python-docx leaves most of it out."""
_MARKS = {_W + "tab": "\t", _W + "br": "\n", _W + "cr": "\n", _W + "noBreakHyphen": "-"}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read(file: Path) -> Extracted:
    """Read a Word document. Raises ArticleError where it is broken, too big unpacked, or holds no text."""
    _check_archive(file)
    body = _body(file)
    blocks = [normalise(block).strip() for block in _blocks(body)]
    text = "\n\n".join(block for block in blocks if block)
    if not text:
        raise ArticleError(f"{file} is a Word document that holds no text; remove it or fill it")
    found = pasted.read(text)
    return replace(found, title=_styled_title(body, found.text) or found.title)


def _styled_title(body: Any, text: str) -> str | None:
    """Return the paragraph among the first that is styled as the document's title, if it is left in the text."""
    for paragraph in body.paragraphs[:10]:
        style = paragraph.style.name if paragraph.style is not None else ""
        title = " ".join(normalise(paragraph.text).split())
        if style == "Title" and title and title in text[:2000].split("\n"):
            return title
    return None


def _check_archive(file: Path) -> None:
    """Refuse what would unpack to more than any article is, before anything is unpacked."""
    size = file.stat().st_size
    if size > MAX_BYTES:
        raise ArticleError(f"{file} is {size / 1e6:.0f} MB, over the limit of {MAX_BYTES / 1e6:.0f} MB; split it")
    with file.open("rb") as stream:
        if stream.read(8) == _OLE:
            raise ArticleError(f"{file} is an encrypted or an old Word document; save it as .docx without a password")
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            with archive.open("word/document.xml") as part:
                head = part.read(4096)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ArticleError(f"{file} is a broken Word document ({error}); save it anew") from error
    total = sum(info.file_size for info in infos)
    largest_text = max((info.file_size for info in infos if info.filename.endswith(".xml")), default=0)
    if total > MAX_UNPACKED or largest_text > MAX_PART:
        raise ArticleError(
            f"{file} would unpack to {total / 1e6:,.0f} MB, over the limit of {MAX_UNPACKED / 1e6:.0f} MB "
            f"({MAX_PART / 1e6:.0f} MB a part); it was not opened"
        )
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise ArticleError(f"{file} declares entities, as no Word document does; it was not opened")


def _body(file: Path) -> Any:
    import docx
    from docx.opc.exceptions import PackageNotFoundError
    from lxml.etree import XMLSyntaxError

    try:
        return docx.Document(str(file))
    except (
        PackageNotFoundError,
        XMLSyntaxError,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        AttributeError,
        TypeError,
        OSError,
    ) as error:
        raise ArticleError(
            f"{file} is a broken Word document ({' '.join(str(error).split())[:80]}); save it anew"
        ) from error


def _blocks(holder: Any, depth: int = 0) -> Iterator[str]:
    """Yield paragraphs, and tables a row a line with cells between |."""
    from docx.table import Table

    for item in _items(holder._tc if depth else holder.element.body):
        if item.tag == _W + "p":
            yield _text(item)
        elif depth < _DEEP:
            for row in Table(item, holder).rows:
                # A merged cell is given once for each column that it spans.
                cells = list({id(cell._tc): cell for cell in row.cells}.values())
                told = [" ".join(part for b in _blocks(cell, depth + 1) if (part := b.strip())) for cell in cells]
                yield " | ".join(each.replace("\n", " ") for each in told if each)


def _items(element: Any) -> Iterator[Any]:
    """Yield the paragraphs and tables of a body or a cell, those inserted or in content controls too."""
    for child in element:
        if child.tag in (_W + "p", _W + "tbl"):
            yield child
        elif child.tag in _AROUND and not _asks(child):
            yield from _items(child)


def _text(element: Any) -> str:
    """Return the text of a paragraph; what was deleted from it is not there."""
    parts = []
    for child in element:
        if child.tag == _W + "t":
            parts.append(child.text or "")
        elif child.tag in _AROUND and not _asks(child):
            parts.append(_text(child))
        elif child.get(_W + "type") not in ("page", "column"):
            parts.append(_MARKS.get(child.tag, ""))
    return "".join(parts)


def _asks(element: Any) -> bool:
    """Tell a content control that nobody has filled: its text says what to do."""
    return element.find(f"{_W}sdtPr/{_W}showingPlcHdr") is not None
