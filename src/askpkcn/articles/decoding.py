"""Bytes to text: UTF-8 where it is that, else what a mark or the file itself says, else charset-normalizer's guess."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from askpkcn.errors import ArticleError

MAX_BYTES = 50_000_000
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,100}encoding=["']([\w.:-]{2,40})""",
    re.IGNORECASE,
)
_PLAUSIBLE = (
    "cp1252 cp1250 cp1251 cp1253 cp1254 cp1256 cp1255 cp1257 iso8859_2 iso8859_5 iso8859_6 iso8859_7 iso8859_9 koi8_r "
    "gb18030 big5 shift_jis euc_jp euc_kr mac_roman"
).split()
WESTERN = "cp1252"
_SAMPLE = 200_000


def read_bytes(file: Path, limit: int | None = None) -> bytes:
    """Return a regular file's bytes. Raises ArticleError, naming the reason."""
    limit = MAX_BYTES if limit is None else limit
    try:
        if not file.is_file():
            raise ArticleError(f"{file} is not a regular file; remove it or name another folder")
        size = file.stat().st_size
        if size > limit:
            raise ArticleError(f"{file} is {size / 1e6:.0f} MB, over the limit of {limit / 1e6:.0f} MB; split it")
        return file.read_bytes()
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise ArticleError(f"{file} cannot be read ({why}); check its permissions") from error


def decode(data: bytes, file: Path, *, declares: bool = False) -> tuple[str, tuple[str, ...]]:
    """Return text and a note for the report where its encoding had to be assumed.

    With `declares`, a charset that HTML or XML names at its top is believed if the bytes fit it.
    Raises ArticleError for bytes that are no text.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name), ()
            except UnicodeDecodeError as error:
                problem = f"{file} begins with the mark of {name} but is not that; save it as UTF-8"
                raise ArticleError(problem) from error
    if b"\0" in data:
        raise ArticleError(f"{file} is a binary file, not text; remove it or convert it to .txt or .md")
    try:
        return data.decode("utf-8"), ()
    except UnicodeDecodeError:
        pass
    if declares and (found := _declared(data)):
        return found, ()
    return _mostly_utf8(data, file) or _guess(data, file)


def _mostly_utf8(data: bytes, file: Path) -> tuple[str, tuple[str, ...]] | None:
    """Return UTF-8 with U+FFFD for what is broken, if enough characters are whole: in other encodings few would be.

    In a Western text, which is ASCII for the most part, one dash or quote of UTF-8 is enough.
    """
    text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(c > "\x7f" for c in text) - broken
    if whole < (1 if _mostly_ascii(data) and _western(text.replace("\ufffd", "")) else broken):
        return None
    return text, (f"{file} holds bytes that are not UTF-8; \ufffd stands for each",)


def _declared(data: bytes) -> str | None:
    found = _DECLARED.search(data[:4096])
    if not found:
        return None
    name = (found[1] or found[2]).decode("ascii").lower()
    # As browsers do: what calls itself Latin-1 is windows-1252.
    name = WESTERN if name in ("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii") else name
    try:
        codecs.lookup(name)
        return data.decode(name)
    except (LookupError, UnicodeDecodeError, ValueError):
        return None


def _guess(data: bytes, file: Path) -> tuple[str, tuple[str, ...]]:
    from charset_normalizer import from_bytes

    name = None
    if _mostly_ascii(data) and _fits(data, WESTERN) and _western(data.decode(WESTERN)):
        name = WESTERN  # mostly ASCII, with dashes, curly quotes and accents where these belong
    else:
        best = from_bytes(data[:_SAMPLE], cp_isolation=_PLAUSIBLE).best()
        name = best.encoding if best else None
    if name is None or not _fits(data, name):
        raise ArticleError(f"{file} is neither UTF-8 nor text in another known encoding; convert it to UTF-8")
    return data.decode(name), (f"{file} is not UTF-8; it was read as {_shown(name)}",)


def _mostly_ascii(data: bytes) -> bool:
    return sum(byte > 127 for byte in data[:_SAMPLE]) < 0.1 * len(data[:_SAMPLE])


def _fits(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _western(text: str) -> bool:
    """Tell whether the characters past ASCII are those of Western news: accented letters in words, quotes, dashes."""
    others = set(re.findall(r"[^\x00-\x7f]", text[:_SAMPLE]))
    accented = {c for c in others if "À" <= c <= "ÿ" and c not in "×÷"}
    runs = re.search(r"[À-ÿ]{3,}", text[:_SAMPLE])  # Cyrillic or Chinese read as Western looks so
    return others - accented <= set("‘’“”–—…•€£§©®°·«»¡¿ŠšŽžŒœŸ\u00a0") and not runs


def _shown(name: str) -> str:
    return re.sub(r"^cp(125\d)$", r"windows-\1", name).replace("_", "-")
