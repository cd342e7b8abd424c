"""What kind of file a file is: its content decides, its name only where the content does not."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

SUFFIXES = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
REFUSED = {
    ".doc": "an old Word file; save it as .docx",
    ".odt": "an OpenDocument file; save it as .docx",
    ".rtf": "a Rich Text file; save it as .docx",
    ".epub": "an e-book; convert it to .html",
    ".mht": "a web archive; save the page as .html",
    ".mhtml": "a web archive; save the page as .html",
}
"""Files that look like articles to people but are not read; the report says what to do with each."""
HEAD = 4096
_HTML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)


def kind_of(file: Path) -> str | None:
    """Return markdown, text, html, pdf, docx or jsonl, or None for another kind. Raises OSError."""
    named = SUFFIXES.get(file.suffix.lower())
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    head = head.removeprefix(b"\xef\xbb\xbf")
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "docx" if named == "docx" or _is_docx(file) else None
    if _HTML.match(head) and named != "jsonl":
        return "html"
    if named == "html" and b"<" not in head and not _binary(head):
        return "text"
    if named in ("pdf", "docx"):
        # It is not what its name says: text is read as such, and what is not is refused by its reader.
        return named if _binary(head) or not head.strip() else "text"
    return named


def _binary(head: bytes) -> bool:
    return b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))


def _is_docx(file: Path) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return "word/document.xml" in archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError):
        return False
