"""Which names, numbers and dates of a question does the text around a span lack?

A question about the 10th meeting, the year 2020 or India, where the text tells of the 9th, of 2019 or of China, is a
near miss: a reader finds the span convincing, but the article does not tell. These counts go into the calibration.
Aliases (Beijing for China, PM for Prime Minister, CPEC for China-Pakistan Economic Corridor) and inflections are
allowed for; a lack is a sign, not a verdict, because questions may use words of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from askpkcn.agreement import LARGE, MONTHS, ORDINALS, SMALL, merge_numbers
from askpkcn.names import ALIASES, PEOPLES, country_of, fold

ASKING = set(
    "who whom whose what when where which why how is are was were did does do has have had can could will would should "
    "in on at by for from to of and or the a an as with if name list tell give according during after before since "
    "i me my mr mrs ms dr please between through about under into against within explain describe apart "
    "besides".split()
)
TOKEN = re.compile(r"\d+(?:[.,]\d+)*(st|nd|rd|th)?(?![^\W_])|\d+(?:[.,]\d+)*|(?:[^\W\d_]\.){2,}|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Counts of the question's names, numbers and dates that a text lacks, and shares of its other words.

    missing_* count terms that stand nowhere in the sentence and its neighbours, the passage, or the article;
    rivals counts those missing near the span in whose place another of their kind stands there: another country,
    ordinal, year, month or figure. overlap is the share of the question's content words in the passage.
    """

    missing_near: int
    missing_passage: int
    missing_article: int
    rivals: int
    overlap: float


@dataclass(frozen=True, slots=True)
class Terms:
    """A question's terms that a text should hold: (kind, value), and its other content words, stemmed."""

    hard: frozenset[tuple[str, str]]
    soft: frozenset[str]


@dataclass(frozen=True, slots=True)
class Words:
    """What a text holds: terms by kind, all its words in lower case and stemmed, and initials of its names."""

    terms: frozenset[tuple[str, str]]
    stems: frozenset[str]
    initials: str


def question_terms(question: str) -> Terms:
    """Return the terms of a question; capitalised words but the first count as names."""
    hard: set[tuple[str, str]] = set()
    soft: set[str] = set()
    shouted = question.upper() == question
    for i, (raw, low, term) in enumerate(_tokens(question)):
        if low in ASKING:
            continue
        if term:
            hard.add(term)
        elif raw[0].isupper() and not shouted and i > 0 and len(low) > 1:
            hard.add(("name", low))
        elif len(low) > 2:
            soft.add(stem(low))
    return Terms(frozenset(hard), frozenset(soft))


@lru_cache(maxsize=128)
def words_of(text: str) -> Words:
    """Return what a text holds, for `Terms` to be looked up in; cached, for passages overlap and questions repeat."""
    terms: set[tuple[str, str]] = set()
    stems: set[str] = set()
    initials: list[str] = []
    for raw, low, term in _tokens(text):
        if term:
            terms.add(term)
        if low == "first":
            terms.add(("ordinal", "1"))
        stems.add(stem(low))
        initials.append(low[0] if raw[0].isupper() else "" if low in ("of", "and", "the", "for") else " ")
    return Words(frozenset(terms), frozenset(stems), "".join(initials))


def _tokens(text: str) -> Iterator[tuple[str, str, tuple[str, str] | None]]:
    """Yield each token as written, in lower case, and its term; number words are read together, as agreement does."""
    found = list(TOKEN.finditer(fold(text)))
    at = 0
    while at < len(found):
        raw = found[at].group()
        low = raw.lower().replace(".", "")
        run = at + 1
        if _numeric(low) and not found[at].group(1):
            while run < len(found) and _continues(found[run]):
                run += 1
            words = [match.group().lower().replace(",", "") for match in found[at:run]]
            for value in merge_numbers(words):
                yield raw, low, _number_term(value, raw)
        else:
            yield raw, low, _term(raw, low, found[at].group(1))
        at = run


def _numeric(low: str) -> bool:
    return low[0].isdigit() or low in LARGE or (low in SMALL and low not in ("one", "zero"))


def _continues(match: re.Match[str]) -> bool:
    """Tell whether a token can go on with a number: "one" can (twenty-one), though alone it is seldom a figure."""
    low = match.group().lower()
    return (_numeric(low) or low == "one") and not match.group(1)


def _number_term(value: str, raw: str) -> tuple[str, str]:
    year = re.fullmatch(r"1[5-9]\d\d|20\d\d", value) and raw[0].isdigit() and "," not in raw
    return ("year" if year else "number", value)


def weigh(terms: Terms, near: str, passage: str, article: str) -> Evidence:
    """Compare a question's terms with three texts, each holding the one before it."""
    close, around, whole = words_of(near), words_of(passage), words_of(article)
    lacking = [term for term in terms.hard if not _holds(close, term)]
    rivals = sum(1 for kind, _ in lacking if kind != "name" and any(k == kind for k, _ in close.terms - terms.hard))
    shared = sum(1 for word in terms.soft if word in around.stems)
    return Evidence(
        missing_near=len(lacking),
        missing_passage=sum(1 for term in terms.hard if not _holds(around, term)),
        missing_article=sum(1 for term in terms.hard if not _holds(whole, term)),
        rivals=rivals,
        overlap=shared / len(terms.soft) if terms.soft else 1.0,
    )


@lru_cache(maxsize=10_000)
def _term(raw: str, low: str, ordinal: str | None) -> tuple[str, str] | None:
    """Return the kind and value of an ordinal, month or country; None for any other word."""
    if raw[0].isdigit() and ordinal:
        return "ordinal", raw.replace(",", "")[:-2]
    if low in MONTHS and raw[0].isupper():
        return "month", str(MONTHS[low])
    if low in ORDINALS and low != "first":  # "at first", "for the first time": no ordinal to check
        return "ordinal", str(ORDINALS[low])
    country = country_of(low)
    return ("country", country) if country and (low != "us" or raw.isupper()) else None


def _holds(words: Words, term: tuple[str, str]) -> bool:
    kind, value = term
    if term in words.terms:
        return True
    if kind != "name":
        return False
    # An acronym may be spelled out: its letters are the initials of capitalised words in a row.
    return stem(value) in words.stems or (2 <= len(value) <= 6 and value in words.initials)


@lru_cache(maxsize=10_000)
def stem(word: str) -> str:
    """Cut the commonest English endings; the same form for question and text is all that counts."""
    word = PEOPLES.get(word, ALIASES.get(word, word))
    for ending, least in (("ings", 4), ("ing", 4), ("ies", 3), ("ed", 4), ("es", 4), ("s", 3), ("e", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word
