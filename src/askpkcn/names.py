"""Countries, their peoples and capitals, and names that news writes in two ways."""

from __future__ import annotations

import re

PEOPLES = {
    "chinese": "china",
    "pakistani": "pakistan",
    "indian": "india",
    "afghan": "afghanistan",
    "american": "us",
    "russian": "russia",
    "japanese": "japan",
    "iranian": "iran",
    "french": "france",
    "british": "britain",
    "english": "england",
    "german": "germany",
    "turkish": "turkey",
    "saudi": "saudi",
    "israeli": "israel",
    "palestinian": "palestine",
    "sudanese": "sudan",
    "kyrgyz": "kyrgyzstan",
    "canadian": "canada",
    "australian": "australia",
    "nepali": "nepal",
    "nepalese": "nepal",
    "bangladeshi": "bangladesh",
    "lankan": "srilanka",
    "lanka": "srilanka",
    "turk": "turkey",
    "korean": "korea",
    "tibetan": "tibet",
    "taiwanese": "taiwan",
    "ukrainian": "ukraine",
    "european": "europe",
    "asian": "asia",
    "african": "africa",
    "arab": "arabia",
    "islamic": "islam",
    "uighur": "uyghur",
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
COUNTRIES = set(PEOPLES.values()) - {"islam", "uyghur", "asia", "africa", "europe", "arabia"}
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
PHRASES = tuple(
    (re.compile(pattern), short)
    for pattern, short in (
        (r"\bUnited States(?: of America)?\b|\bU\.S\.(?:A\.)?", "US"),
        (r"\bUnited Kingdom\b|\bU\.K\.", "UK"),
        (r"\bUnited Nations\b|\bU\.N\.", "UN"),
        (r"\bNew Delhi\b", "Delhi"),
        (r"\b[Pp]rime [Mm]inister\b", "PM"),
        (r"\b[Ff]oreign [Mm]inister\b", "FM"),
        (r"\bChina[-–— ]Pakistan Economic Corridor\b", "CPEC"),
        (r"\bBelt and Road Initiative\b", "BRI"),
        (r"\b[Mm]emorand(?:um|a|ums) of [Uu]nderstanding\b", "MoU"),
        (r"\bGeneral\b", "Gen"),
    )
)
"""The long form of a name and the short one that replaces it, so that either finds the other."""


def country_of(word: str) -> str | None:
    """Return the country that a lower-case word names, directly or by its people or capital; None for other words."""
    for form in (word, word.removesuffix("s")):
        country = PEOPLES.get(form, ALIASES.get(form, form))
        if country in COUNTRIES:
            return country
    return None


def fold(text: str) -> str:
    """Return text with possessives cut, apostrophes made plain and long forms of PHRASES made short."""
    text = re.sub(r"['’]s\b", "", text).replace("’", "'")
    for pattern, short in PHRASES:
        text = pattern.sub(short, text)
    return text
