"""When do two quotes say the same?

They agree if their normalised words are equal; if one is a date and the other a part of that date; if one is a
figure and the other the same figure with its unit; or if one names a person or thing by a part of the other's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SMALL = {word: n for n, word in enumerate(ONES)} | {word: 10 * n for n, word in enumerate(TENS, 2)}
LARGE = {"hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000, "trillion": 10**12}
LARGE |= {"lakh": 100_000, "crore": 10_000_000, "mn": 1_000_000, "bn": 1_000_000_000}
ORDINALS = {
    word: n
    for n, word in enumerate(
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split(), 1
    )
}
MONTHS = {
    name: n
    for n, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        1,
    )
    for name in names
}
SILENT = {
    "a",
    "an",
    "the",
    "in",
    "on",
    "at",
    "of",
    "by",
    "from",
    "to",
    "about",
    "around",
    "some",
    "over",
    "nearly",
    "s",
}
PLACES = set("pakistan china india afghanistan russia us america beijing islamabad taliban chinese pakistani".split())
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:\.[^\W\d_]+)*\.?|[$€£¥%₨]", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Said:
    """A quote's text, normalised: words in order, the numbers among them, the date if it is one, case of the names."""

    words: tuple[str, ...]
    numbers: frozenset[str]
    day: tuple[int | None, int | None, int | None]
    named: bool


def said(text: str) -> Said:
    """Normalise a quote for comparison."""
    raw = TOKEN.findall(_plain(text))
    lower = [token.lower().replace(".", "") if token[0].isalpha() else token.replace(",", "") for token in raw]
    merged = _merge_numbers(lower)
    # A quote of nothing but small words or signs is compared by these.
    words = tuple(word for word in merged if word not in SILENT) or tuple(merged) or (_plain(text).strip(),)
    letters = [token for token, low in zip(raw, lower, strict=True) if token[0].isalpha() and low not in SILENT]
    named = bool(letters) and all(token[0].isupper() or low in ("ul", "bin", "al") for token, low in _pairs(letters))
    numbers = frozenset(word for word in words if word[:1].isdigit())
    return Said(words, numbers, _date(words), named)


def _pairs(tokens: Sequence[str]) -> list[tuple[str, str]]:
    return [(token, token.lower()) for token in tokens]


def _plain(text: str) -> str:
    """Return text with compatibility forms, typographic quotes and accents made plain."""
    text = unicodedata.normalize("NFKD", text.replace("’", "'").replace("‘", "'"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    return re.sub(r"'s\b", "", text)


def _merge_numbers(words: Sequence[str]) -> list[str]:
    """Replace runs of number words, digits and magnitudes by one number in digits."""
    made: list[str] = []
    total: float | None = None
    part: float | None = None

    def flush() -> None:
        nonlocal total, part
        if total is not None or part is not None:
            made.append(f"{(total or 0) + (part or 0):.15g}")
        total = part = None

    for word, following in zip(words, [*words[1:], ""], strict=False):
        if word == "and" and part and part % 100 == 0 and following in SMALL:
            continue  # one hundred and five
        if word in SMALL:
            # "twenty two" continues a number, "one two" begins another
            if part is not None and not ((part % 100 >= 20 and part % 10 == 0 and SMALL[word] < 10) or part % 100 == 0):
                flush()
            part = (part or 0) + SMALL[word]
        elif word in LARGE and (part is not None or total is not None):
            if LARGE[word] == 100:
                part = (part or 1) * 100
            else:
                total = (total or 0) + (part if part is not None else 1) * LARGE[word]
                part = None
        elif re.fullmatch(r"\d+(\.\d+)?", word):
            flush()
            part = float(word)
        else:
            flush()
            made.append(str(ORDINALS[word]) if word in ORDINALS else word)
    flush()
    return [word for word in made if word not in ("st", "nd", "rd", "th")]


def _date(words: Sequence[str]) -> tuple[int | None, int | None, int | None]:
    """Return (year, month, day) as far as the words tell them; all None if they say anything else too."""
    year = month = day = None
    for word in words:
        if word in MONTHS and month is None:
            month = MONTHS[word]
        elif word.isdecimal() and 1000 <= int(word) <= 2999 and year is None:
            year = int(word)
        elif word.isdecimal() and 1 <= int(word) <= 31 and day is None:
            day = int(word)
        else:
            return None, None, None
    return (None, None, None) if year is None and month is None else (year, month, day)


def agree(one: Said, other: Said) -> bool:
    """Tell whether two quotes say the same. Symmetric, and true of equals; not transitive ("May", of two years)."""
    if one.words == other.words:
        return True
    if any(one.day) and any(other.day):
        return _dates_agree(one.day, other.day)
    shorter, longer = sorted((one, other), key=lambda s: (len(s.words), s.words))
    if not shorter.words or shorter.numbers != longer.numbers:
        return False
    if shorter.numbers:
        return _contains(longer.words, shorter.words) and not any(one.day) and not any(other.day)
    return _names_agree(shorter, longer)


def _dates_agree(one: tuple[int | None, ...], other: tuple[int | None, ...]) -> bool:
    """Tell whether one date is the other with parts left out."""
    pairs = list(zip(one, other, strict=True))
    if any(a is not None and b is not None and a != b for a, b in pairs):
        return False
    return all(a is None or b is not None for a, b in pairs) or all(b is None or a is not None for a, b in pairs)


def _contains(longer: Sequence[str], shorter: Sequence[str]) -> bool:
    size = len(shorter)
    return any(tuple(longer[i : i + size]) == tuple(shorter) for i in range(len(longer) - size + 1))


def _names_agree(shorter: Said, longer: Said) -> bool:
    """Tell whether the shorter is the last part of the longer name, or the family name before a given one."""
    if not shorter.named or set(shorter.words) <= PLACES:
        return False
    if longer.words[-len(shorter.words) :] == shorter.words:
        return True
    return longer.named and len(longer.words) == 2 and longer.words[0] == shorter.words[0] and len(shorter.words) == 1


def group(texts: Sequence[str]) -> list[list[int]]:
    """Group texts, given best first, by agreement with the first of a group; groups and members keep the order."""
    groups: list[list[int]] = []
    normal = [said(text) for text in texts]
    for i, one in enumerate(normal):
        for members in groups:
            if agree(normal[members[0]], one):
                members.append(i)
                break
        else:
            groups.append([i])
    return groups
