"""Changes to a question: the same thing in other words, or another thing in nearly the same words.

`reword` keeps the answer: a word that the passage shares is replaced by a near neighbour in meaning, so that the
reader does not learn that an unknown word means "no answer". `near_miss` takes the answer away: a number, date,
name or antonym is swapped for another of its type. The two must stay in balance.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
CARDINALS = "one two three four five six seven eight nine ten eleven twelve".split()
ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
PLACES = (
    "China India Pakistan Afghanistan Iran Russia Japan Germany France Britain England Italy Spain Turkey Egypt "
    "Canada Australia Brazil Mexico Argentina Nigeria Kenya Ethiopia Indonesia Malaysia Thailand Vietnam Korea "
    "Nepal Bangladesh Iraq Syria Israel Poland Ukraine Sweden Norway Denmark Finland Greece Portugal Austria "
    "Switzerland Belgium Netherlands Ireland Scotland Chile Peru Colombia Cuba Sudan Kazakhstan Kyrgyzstan "
    "Uzbekistan Tajikistan Mongolia Taiwan Singapore Philippines Qatar Oman Yemen Jordan Lebanon Morocco"
).split()
PEOPLES = (
    "Chinese Indian Pakistani Afghan Iranian Russian Japanese German French British English Italian Spanish Turkish "
    "Egyptian Canadian Australian Brazilian Mexican Nigerian Kenyan Indonesian Malaysian Thai Vietnamese Korean "
    "American Greek Polish Ukrainian Swedish Dutch Irish Saudi Arab Israeli Syrian Iraqi"
).split()
CITIES = (
    "Beijing Shanghai Islamabad Karachi Lahore Delhi Mumbai Kabul Tehran Moscow London Paris Berlin Rome Madrid Tokyo "
    "Seoul Washington Chicago Boston Toronto Sydney Cairo Istanbul Baghdad Dubai Singapore Bangkok Jakarta Dhaka "
    "Kathmandu Colombo Geneva Vienna Brussels Peshawar Quetta Gwadar Kashgar Urumqi Lhasa Vancouver"
).split()
CLOSED = [MONTHS, DAYS, CARDINALS, ORDINALS, PLACES, PEOPLES, CITIES]
ANTONYMS = [
    pair.split("/")
    for pair in (
        "more/less most/least before/after first/last increase/decrease increased/decreased rise/fall rose/fell "
        "largest/smallest biggest/smallest highest/lowest oldest/youngest oldest/newest longest/shortest best/worst "
        "earliest/latest large/small high/low old/new long/short good/bad hot/cold north/south east/west "
        "northern/southern eastern/western win/lose won/lost begin/end began/ended start/stop started/stopped "
        "open/close opened/closed buy/sell bought/sold join/leave joined/left accept/reject accepted/rejected "
        "support/oppose supported/opposed approve/veto approved/vetoed import/export imports/exports love/hate "
        "liked/disliked like/dislike easy/difficult easier/harder strong/weak stronger/weaker stronger/weaker "
        "arrive/depart arrived/departed born/died birth/death married/divorced male/female man/woman men/women "
        "father/mother son/daughter husband/wife brother/sister boy/girl king/queen attack/defend attacked/defended "
        "friend/enemy friends/enemies ally/enemy minimum/maximum upper/lower inside/outside above/below "
        "legal/illegal success/failure successful/unsuccessful always/never cheap/expensive advantage/disadvantage "
        "advantages/disadvantages positive/negative agree/disagree agreed/disagreed allow/forbid "
        "allowed/forbidden include/exclude included/excluded built/destroyed build/destroy create/destroy "
        "created/destroyed strengthen/weaken strengthened/weakened recommend/discourage recommends/discourages "
        "president/minister minister/ambassador general/colonel teacher/student employer/employee lender/borrower"
    ).split()
]
STOP = set(
    "the and for are was were who whom whose what when where which why how many much does did doing has had have been "
    "being from with that this these those they them their there than then into onto over under about your you our his "
    "her him she its it's not but can could will would shall should may might must per any some other another one two "
    "three get got give gave given say says said tell told name named kind type year years person people thing things "
    "someone something according article passage text author poster reviewer writer user person's website".split()
)
WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*|\d[\d,.]*(?:st|nd|rd|th)?", re.ASCII)


@dataclass(frozen=True)
class Neighbours:
    """For each known lower-case word, words that are near it in meaning."""

    of: dict[str, tuple[str, ...]]

    @classmethod
    def load(cls, file: Path) -> Neighbours:
        """Read the table that `neighbours.py` writes: a word and its neighbours a line."""
        rows = (line.split() for line in file.read_text(encoding="utf-8").splitlines())
        return cls({row[0]: tuple(row[1:]) for row in rows})


def reword(question: str, passage: str, neighbours: Neighbours, rng: random.Random) -> str:
    """Replace one to three words of the question, best those that the passage shares, by near neighbours."""
    below = passage.lower()
    places = [
        m
        for i, m in enumerate(WORD.finditer(question))
        if i and (w := m.group()).islower() and w not in STOP and w in neighbours.of
    ]
    shared = [m for m in places if m.group() in below]
    chosen = rng.sample(shared, min(len(shared), rng.choice((1, 2, 2, 3)))) or places[:1]
    for match in sorted(chosen, key=lambda m: -m.start()):
        options = [w for w in neighbours.of[match.group()] if w not in below] or list(neighbours.of[match.group()])
        if rng.random() < 0.7:  # another word rather than another form of the same
            options = [w for w in options if w[:4] != match.group()[:4]] or options
        question = question[: match.start()] + rng.choice(options) + question[match.end() :]
    return question


def near_miss(question: str, passage: str, pool: Sequence[str], answers: Sequence[str], rng: random.Random) -> str:
    """Return the question about another number, date, name or opposite; the question itself if none can be made.

    Half of the swaps take a value of the same type that the passage holds: an absent word alone must not give
    the near miss away. Values that an answer holds are never put in.
    """
    said = " ".join(answers).lower()
    below = passage.lower()
    swaps: list[tuple[int, int, str]] = []
    for i, match in enumerate(WORD.finditer(question)):
        other = _another(match.group(), i == 0, below, passage, pool, rng)
        if other and other.lower() not in said and other.lower() != match.group().lower():
            swaps.append((match.start(), match.end(), other))
    if not swaps:
        return question
    start, end, other = rng.choice(swaps)
    return question[:start] + other + question[end:]


def names(text: str) -> list[str]:
    """Return the capitalised words of a text that no sentence start explains."""
    found = re.findall(r"(?<=[a-z,;] )[A-Z][a-z]{2,}\b", text)
    return [n for n in dict.fromkeys(found) if n not in MONTHS and n not in DAYS]


def _another(word: str, first: bool, below: str, passage: str, pool: Sequence[str], rng: random.Random) -> str | None:
    for family in CLOSED:
        for form in (word, word.capitalize(), word.lower()):
            if form in family and not (form in ("May", "March", "second", "one") and word.islower()):
                return _pick([w for w in family if w != form], below, rng)
    if word[0].isdigit():
        return _number(word, passage, rng)
    for pair in ANTONYMS:
        if word in pair:
            return pair[1 - pair.index(word)]
    if not first and word[0].isupper() and word[1:].islower() and len(word) > 2 and word.lower() in below:
        here = [n for n in names(passage) if n != word]
        return rng.choice(here) if here and rng.random() < 0.5 else rng.choice(pool)
    return None


def _pick(options: list[str], below: str, rng: random.Random) -> str:
    here = [w for w in options if re.search(rf"\b{w.lower()}\b", below)]
    return rng.choice(here) if here and rng.random() < 0.5 else rng.choice(options)


def _number(word: str, passage: str, rng: random.Random) -> str | None:
    digits = re.match(r"\d+", word)
    if digits is None:
        return None
    value, rest = int(digits.group()), word[digits.end() :]
    if rest in ("st", "nd", "rd", "th"):
        other = max(1, value + rng.choice((-3, -2, -1, 1, 2, 3, 10)))
        return f"{other}{'th' if 10 < other % 100 < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(other % 10, 'th')}"
    year = 1200 < value < 2100 and not rest.strip(",.")
    here = [n for n in re.findall(r"\b\d+\b", passage) if n != digits.group() and (len(n) == 4) == year]
    if here and rng.random() < 0.5:
        return rng.choice(here)
    shift = rng.choice((1, 1, 2, 3, 5, 10)) * rng.choice((-1, 1))
    return str(max(1, value + shift if year or value < 100 else value + shift * 10)) + rest


def build_neighbours(words: Sequence[str], rows: np.ndarray, least: float, most: int = 4) -> Neighbours:
    """Return up to `most` words at least `least` similar for each word; rows are unit vectors (n_words, dim)."""
    banned = {frozenset(pair) for pair in ANTONYMS}
    banned |= {frozenset((a.lower(), b.lower())) for family in CLOSED for a in family for b in family}
    table = {}
    for start in range(0, len(words), 1024):
        similar = rows[start : start + 1024] @ rows.T
        for i, row in enumerate(similar, start):
            near = [j for j in np.argsort(-row)[1 : most + 4] if row[j] >= least]
            kept = [words[j] for j in near if frozenset((words[i], words[j])) not in banned]
            if kept:
                table[words[i]] = tuple(kept[:most])
    return Neighbours(table)
