"""The one normalisation of text, for articles before any offset exists and for questions."""

from __future__ import annotations

import re
import unicodedata


def normalise(text: str) -> str:
    r"""Return text in NFC with \n as its only line break and without control characters.

    Idempotent. Line breaks of every kind (\r\n, \r, NEL, U+2028, \f, ...) become \n; other control characters
    but the tab are dropped, because they have no glyph to quote and can harm a terminal; so are U+FEFF and the
    bidirectional overrides and isolates, which make a quote look like another text. Surrogates, as YAML's escapes
    and undecodable arguments give them, are joined to the character that they mean, or dropped: no library takes them.
    """
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    text = re.sub("\r\n|[\r\x0b\x0c\x85\u2028\u2029]", "\n", text)
    text = re.sub("[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\u202a-\u202e\u2066-\u2069]", "", text)
    return unicodedata.normalize("NFC", text)
