"""When do two quotes say the same?

They agree if their normalised words are equal; if one is a date and the other a part of that date; if one is a
figure and the other the same figure with its unit; or if one names a person or thing by a part of the other's name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from askpkcn.names import country_of, fold

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
        (
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
            "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
        ).split(),
        1,
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
MONTH_NAMES = {n: name for name, n in reversed(MONTHS.items())}
MONTH_DIGITS = {f"{n:02d}" for n in MONTH_NAMES}
SILENT = {"a", "an", "the", "in", "on", "at", "of", "about", "around", "some", "s"}
LIMITS = {"less", "fewer", "under", "below", "over", "more", "above", "nearly", "almost", "up", "not", "no", "half"}
"""Beside a figure, one of these makes another statement of it."""
CHANGERS = set(
    "north south east west northern southern eastern western new former ex vice deputy acting non anti azad "
    "people".split()
)
"""Before a name, one of these makes another name of it."""
GENERIC = set(
    "minister president prime secretary ambassador general ministry army bank state republic ocean port city province "
    "party government agency office council committee group embassy university corridor commission muslims".split()
)
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+(?:\.[^\W\d_]+)*\.?|[$€£¥%₨]", re.UNICODE)
ISO_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")


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
    merged = merge_numbers(lower)
    # A quote of nothing but small words or signs is compared by these.
    words = tuple(word for word in merged if word not in SILENT) or tuple(merged) or (_plain(text).strip(),)
    letters = [token for token, low in zip(raw, lower, strict=True) if token[0].isalpha() and low not in SILENT]
    named = bool(letters) and all(token[0].isupper() or token in ("ul", "bin", "al") for token in letters)
    numbers = frozenset(word for word in words if word[:1].isdigit())
    thousands = any("," in token for token in raw)  # "2,000" is no year
    return Said(words, numbers, (None, None, None) if thousands else _date(words), named)


def _plain(text: str) -> str:
    """Return text with compatibility forms, typographic quotes and accents made plain."""
    text = unicodedata.normalize("NFKD", fold(text).replace("‘", "'"))
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = re.sub(r"\b(\d{3}0)'?s\b", r"\1 decade", text)
    text = re.sub(r"(?i)\bper ?cent\b", "%", text)
    text = re.sub(r"(?i)(\d[\d.,]*(?: (?:thousand|million|billion|trillion))?) (?:us )?dollars?\b", r"$\1", text)
    text = ISO_DATE.sub(
        lambda m: f"{int(m[3])} {MONTH_NAMES[int(m[2])]} {m[1]}" if m[2] in MONTH_DIGITS else m[0], text
    )
    return re.sub(r"'s\b", "", text)


def merge_numbers(words: Sequence[str]) -> list[str]:
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
        if any(one.day) or any(other.day) or (set(longer.words) - set(shorter.words)) & LIMITS:
            return False
        return _contains(longer.words, shorter.words)
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
    if not shorter.named or all(word in GENERIC or country_of(word) for word in shorter.words):
        return False
    size = len(shorter.words)
    if longer.words[-size:] == shorter.words:
        return not set(longer.words[:-size]) & CHANGERS
    return longer.named and len(longer.words) == 2 and longer.words[0] == shorter.words[0] and size == 1


def group(texts: Sequence[str]) -> list[list[int]]:
    """Group texts, given best first, each into the first group all of whose members it agrees with, in order.

    All of them: Nawaz Sharif and Shehbaz Sharif both agree with Sharif, and not with one another.
    """
    groups: list[list[int]] = []
    normal = [said(text) for text in texts]
    for i, one in enumerate(normal):
        for members in groups:
            if all(agree(normal[member], one) for member in members):
                members.append(i)
                break
        else:
            groups.append([i])
    return groups
