"""Which names, numbers and dates of a question does the text around a span lack?

A question about the 10th meeting, the year 2020 or India, where the text tells of the 9th, of 2019 or of China, is a
near miss: a reader finds the span convincing, but the article does not tell. These counts go into the calibration.
Aliases (Beijing for China, PM for Prime Minister, CPEC for China-Pakistan Economic Corridor) and inflections are
allowed for; a lack is a sign, not a verdict, because questions may use words of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from askpkcn.agreement import LARGE, MONTHS, ORDINALS, SMALL

PEOPLES = {
    "chinese": "china",
    "pakistani": "pakistan",
    "pakistanis": "pakistan",
    "indian": "india",
    "indians": "india",
    "afghan": "afghanistan",
    "afghans": "afghanistan",
    "american": "us",
    "americans": "us",
    "russian": "russia",
    "russians": "russia",
    "japanese": "japan",
    "iranian": "iran",
    "french": "france",
    "british": "britain",
    "english": "england",
    "german": "germany",
    "turkish": "turkey",
    "saudi": "saudi",
    "israeli": "israel",
    "israelis": "israel",
    "palestinian": "palestine",
    "palestinians": "palestine",
    "sudanese": "sudan",
    "kyrgyz": "kyrgyzstan",
    "canadian": "canada",
    "australian": "australia",
    "nepali": "nepal",
    "nepalese": "nepal",
    "bangladeshi": "bangladesh",
    "sri": "srilanka",
    "korean": "korea",
    "tibetan": "tibet",
    "tibetans": "tibet",
    "taiwanese": "taiwan",
    "ukrainian": "ukraine",
    "european": "europe",
    "asian": "asia",
    "asians": "asia",
    "african": "africa",
    "arab": "arabia",
    "muslims": "muslim",
    "islamic": "islam",
    "uyghurs": "uyghur",
    "uighur": "uyghur",
    "uighurs": "uyghur",
    "baloch": "balochistan",
    "spanish": "spain",
    "italian": "italy",
    "vietnamese": "vietnam",
    "indonesian": "indonesia",
    "malaysian": "malaysia",
    "emirati": "emirates",
    "qatari": "qatar",
    "iraqi": "iraq",
    "syrian": "syria",
    "egyptian": "egypt",
    "kazakh": "kazakhstan",
    "uzbek": "uzbekistan",
    "tajik": "tajikistan",
}
COUNTRIES = set(PEOPLES.values()) - {"muslim", "islam", "uyghur", "asia", "africa", "europe", "arabia"}
ALIASES = {
    "beijing": "china",
    "prc": "china",
    "islamabad": "pakistan",
    "delhi": "india",
    "washington": "us",
    "america": "us",
    "usa": "us",
    "moscow": "russia",
    "kabul": "afghanistan",
    "london": "britain",
    "uk": "britain",
    "tokyo": "japan",
    "tehran": "iran",
    "paris": "france",
    "berlin": "germany",
    "ankara": "turkey",
}
ACRONYMS = {"pm": "prime minister", "coas": "army chief", "fm": "foreign minister", "mou": "memorandum"}
ASKING = set(
    "who whom whose what when where which why how is are was were did does do has have had can could will would should "
    "in on at by for from to of and or the a an as with if name list tell give according during after before since "
    "i me my mr mrs ms dr please".split()
)
TOKEN = re.compile(r"\d+(?:[.,]\d+)*|(?:[^\W\d_]\.){2,}|[^\W\d_]+", re.UNICODE)


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
    for i, match in enumerate(TOKEN.finditer(question.replace("’", "'"))):
        raw = match.group()
        low = raw.lower().replace(".", "")
        if low in ASKING or low == "s":
            continue
        term = _term(raw, low, question[match.end() : match.end() + 2].lower())
        if term:
            hard.add(term)
        elif raw[0].isupper() and not shouted and (i > 0 or low not in ASKING) and len(low) > 1:
            hard.add(("name", low))
        elif len(low) > 2:
            soft.add(stem(low))
    return Terms(frozenset(hard), frozenset(soft))


@lru_cache(maxsize=512)
def words_of(text: str) -> Words:
    """Return what a text holds, for `Terms` to be looked up in; cached, for passages overlap and questions repeat."""
    terms: set[tuple[str, str]] = set()
    stems: set[str] = set()
    initials: list[str] = []
    text = text.replace("’", "'")
    for match in TOKEN.finditer(text):
        raw = match.group()
        low = raw.lower().replace(".", "")
        term = _term(raw, low, text[match.end() : match.end() + 2].lower())
        if term:
            terms.add(term)
        stems.add(stem(low))
        initials.append(low[0] if raw[0].isupper() else "" if low in ("of", "and", "the", "for") else " ")
    return Words(frozenset(terms), frozenset(stems), "".join(initials))


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


def _term(raw: str, low: str, after: str) -> tuple[str, str] | None:
    """Return the kind and value of a number, date part or country; None for any other word."""
    if raw[0].isdigit():
        value = raw.replace(",", "")
        if after[:2] in ("st", "nd", "rd", "th"):
            return "ordinal", value
        return ("year" if re.fullmatch(r"1[5-9]\d\d|20\d\d", raw) else "number", value)
    if low in MONTHS and raw[0].isupper():
        return "month", str(MONTHS[low])
    if low in ORDINALS and low != "first":  # "at first", "for the first time": no ordinal to check
        return "ordinal", str(ORDINALS[low])
    if low in SMALL and low not in ("one", "zero"):
        return "number", str(SMALL[low])
    country = PEOPLES.get(low, ALIASES.get(low, low))
    if country in COUNTRIES and (low != "us" or raw.isupper()):
        return "country", country
    return ("number", low) if low in LARGE and low not in ("hundred", "mn", "bn") else None


def _holds(words: Words, term: tuple[str, str]) -> bool:
    kind, value = term
    if term in words.terms:
        return True
    if kind == "name":
        if stem(value) in words.stems:
            return True
        spelled = ACRONYMS.get(value)
        if spelled:
            return all(stem(part) in words.stems for part in spelled.split())
        return 3 <= len(value) <= 6 and value in words.initials
    return False


def stem(word: str) -> str:
    """Cut the commonest English endings; the same form for question and text is all that counts."""
    word = PEOPLES.get(word, ALIASES.get(word, word))
    for ending, least in (("'s", 1), ("ings", 4), ("ing", 4), ("ies", 3), ("ed", 4), ("es", 4), ("s", 3), ("e", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= least:
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word


def missing(terms: Terms, texts: Iterable[str]) -> int:
    """Return how many hard terms stand in none of the texts."""
    held = [words_of(text) for text in texts]
    return sum(1 for term in terms.hard if not any(_holds(words, term) for words in held))
