"""Pieces of HTML, as content systems export the text of an article: what a reader of the rendered piece sees."""

from __future__ import annotations

import re
from typing import Any

_BLOCKS = frozenset(
    "address article aside blockquote dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li main ol p "
    "pre section table tr ul".split()
)
_UNSEEN = frozenset("head iframe noscript script style svg template title".split())


def fragment(markup: str) -> str:
    """Return the text of a piece of HTML: a block a paragraph, cells between |, blank lines between."""
    from lxml import html

    try:
        root = html.fragment_fromstring(markup, create_parent="div", parser=html.HTMLParser(remove_comments=True))
    except (ValueError, html.etree.ParserError):  # nothing that HTML could be
        return markup
    parts: list[str] = []
    for event, element in html.etree.iterwalk(root, events=("start", "end")):
        _take(event, element, parts)
    blocks = (re.sub(r"[ \t\r\f]*\n[ \t\r\f]*", "\n", each).strip() for each in "".join(parts).split(_BREAK))
    told = "\n\n".join(block for block in blocks if block)
    return told or re.sub(r"<[^<>]*>", " ", markup)  # nested deeper than is read


_BREAK = "\0"


def _take(event: str, element: Any, parts: list[str]) -> None:
    """Add what stands before an element's content, or after it."""
    tag = element.tag if isinstance(element.tag, str) else ""
    unseen = tag in _UNSEEN or any(each.tag in _UNSEEN for each in element.iterancestors())
    if event == "start":
        parts.append(_BREAK if tag in _BLOCKS else "\n" if tag == "br" else "")
        if tag in ("td", "th") and element.getprevious() is not None:
            parts.append(" | ")
        parts.append(_spaced(element.text) if not unseen else "")
    else:
        parts.append(_BREAK if tag in _BLOCKS else "")
        if element.getparent() is not None and not any(each.tag in _UNSEEN for each in element.iterancestors()):
            parts.append(_spaced(element.tail))


def _spaced(text: str | None) -> str:
    """Return text with every run of white space as one blank, as HTML shows it."""
    return re.sub(r"\s+", " ", (text or "").replace(_BREAK, ""))
