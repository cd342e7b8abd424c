"""Pieces of HTML, as content systems export the text of an article: what a reader of the rendered piece sees."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    "address article aside blockquote dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p "
    "pre section table tr ul".split()
)
_UNSEEN = frozenset("iframe noscript script style svg template title".split())
_BREAK = "\0"


def fragment(markup: str) -> str:
    """Return the text of a piece of HTML: a block a paragraph, cells between |, blank lines between.

    Blank lines of the piece itself part paragraphs, too, as content systems have it. The time it takes grows with the
    piece, however deep it is nested, and an element that is never closed hides nothing.
    """
    reader = _Reader(markup)
    reader.feed(markup)
    reader.close()
    told = re.sub(r"[ \t]+", " ", "".join(reader.parts))
    blocks = (re.sub(r" ?\n ?", "\n", block).strip() for block in told.split(_BREAK))
    return "\n\n".join(block for block in blocks if block)


class _Reader(HTMLParser):
    def __init__(self, markup: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        below = markup.lower()
        self._hidden = frozenset(name for name in _UNSEEN if f"</{name}" in below)
        self._unseen: list[str] = []
        self._cells = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self._hidden:
            self._unseen.append(tag)
        elif tag == "br":
            self._add("\n")
        elif tag in ("td", "th"):
            self._add(" | " if self._cells else "")
            self._cells += 1
        elif tag in _BLOCKS:
            self._cells = 0
            self._add(_BREAK)

    def set_cdata_mode(self, elem: str, **named: bool) -> None:
        """Read on to the end of a script, unless it has none: then prose speaks of it, perhaps."""
        if elem in self._hidden:
            super().set_cdata_mode(elem, **named)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]
        elif tag in _BLOCKS:
            self._add(_BREAK)

    def handle_data(self, data: str) -> None:
        data = re.sub(r"\s*\n\s*\n\s*", _BREAK, data.replace(_BREAK, ""))
        self._add(re.sub(r"\s+", " ", data))

    def _add(self, text: str) -> None:
        if not self._unseen:
            self.parts.append(text)
