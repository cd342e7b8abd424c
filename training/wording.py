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
SEATS = dict(
    pair.split("/")
    for pair in (
        "China/Beijing India/Delhi Pakistan/Islamabad Afghanistan/Kabul Iran/Tehran Russia/Moscow Japan/Tokyo "
        "Germany/Berlin France/Paris Britain/London England/London Italy/Rome Spain/Madrid Turkey/Ankara Egypt/Cairo "
        "America/Washington US/Washington Canada/Ottawa Australia/Canberra Korea/Seoul Thailand/Bangkok "
        "Indonesia/Jakarta Bangladesh/Dhaka Nepal/Kathmandu Iraq/Baghdad Syria/Damascus Israel/Jerusalem "
        "Poland/Warsaw Ukraine/Kyiv Greece/Athens Portugal/Lisbon Austria/Vienna Cuba/Havana Kenya/Nairobi"
    ).split()
)
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
BE = r"(?P<be>is|was|were|are|did|does|do|has|had|have|can|could|will|would|should)\b"
FRAMES = [
    (re.compile(pattern, re.IGNORECASE), others)
    for pattern, others in (
        (r"^how many\b", ["what number of", "what count of", "what total of"]),
        (r"^how much (?:money )?(?=did|does|do|was|is)", ["what sum ", "what amount ", "how large a sum "]),
        (r"^how much\b", ["what amount of", "what quantity of"]),
        (
            r"^when " + BE,
            [r"in what year \g<be>", r"on what date \g<be>", r"at what time \g<be>", r"how far back \g<be>"],
        ),
        (
            r"^(?:in |on |at )?(?:what|which) (?:year|date|day|month|time)\b",
            ["when", "at what point", "what was the time"],
        ),
        (r"^where " + BE, [r"in what place \g<be>", r"at which spot \g<be>", r"in which location \g<be>"]),
        (r"^(?:in |at )?(?:what|which) (?:city|country|place|location|town|state)\b", ["where", "in what spot"]),
        (r"^who\b", ["which person", "what individual", "whose name is it that", "which figure"]),
        (r"^what (?:is|was) the name of\b", ["what do they call", "name", "how is one to call"]),
        (r"^why " + BE, [r"for what reason \g<be>", r"how come \g<be>", r"on what grounds \g<be>"]),
        (r"^how long " + BE, [r"for how much time \g<be>", r"over what span of time \g<be>"]),
        (r"^how often\b", ["how frequently", "at what intervals"]),
        (r"^how old (?:is|was)\b", ["what is the age of", "how many years has"]),
        (r"^(what|which) (?:type|kind|sort|form) of\b", [r"\1 variety of", r"\1 kind of", r"\1 sort of", r"\1"]),
        (r"^what caused\b", ["what led to", "what brought about", "what was behind"]),
        (r"^what happened to\b", ["what became of", "what was the fate of"]),
        (r"^which\b", ["what"]),
        (r"^what (?=[a-z]+ (?:did|does|do|was|were|is|are|has|have)\b)", ["which "]),
        (r"^according to [^,]{3,40}, ", [""]),
    )
]
STOP = set(
    "the and for are was were who whom whose what when where which why how many much does did doing has had have been "
    "being from with that this these those they them their there than then into onto over under about your you our his "
    "number count total sum amount point spot reason grounds interval intervals "
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
        """Read the table that `synonyms.py` writes: a word and its substitutes a line, between tabs."""
        rows = (line.split("\t") for line in file.read_text(encoding="utf-8").splitlines())
        return cls({row[0]: tuple(row[1:]) for row in rows})


def reword(question: str, passage: str, neighbours: Neighbours, rng: random.Random) -> str:
    """Say the question otherwise: another way of asking, and substitutes for a share of the words that the passage has.

    The share is a third, two thirds or all of them, so that the reader meets questions with hardly a word of the text;
    now and then a word is left out instead.
    """
    below = passage.lower()
    if rng.random() < 0.5:
        question = reframe(question, rng)
    share = rng.choice((0.34, 0.67, 1.0))
    for match in reversed(list(WORD.finditer(question))[1:]):
        word = match.group()
        if word in SEATS and rng.random() < share / 2:  # a government is called by its seat
            question = question[: match.start()] + SEATS[word] + question[match.end() :]
            continue
        if not word.islower() or word in STOP or rng.random() > (share if word in below else share / 4):
            continue
        options = [w for w in neighbours.of.get(word, ()) if w not in below] or list(neighbours.of.get(word, ()))
        if rng.random() < 0.7:  # another word rather than another form of the same
            options = [w for w in options if w[:4] != word[:4]] or options
        if options:
            # The nearest come first in the table, and are taken more often.
            other = options[min(rng.randrange(len(options)), rng.randrange(len(options)))]
        elif len(word) > 3 and rng.random() < 0.15:
            other = ""
        else:
            continue
        question = question[: match.start()] + other + question[match.end() :]
    return re.sub(r"\s+", " ", question)


def reframe(question: str, rng: random.Random) -> str:
    """Return the question under another question word, where a rule fits."""
    fitting = [(pattern, others) for pattern, others in FRAMES if pattern.match(question)]
    if not fitting:
        return question
    pattern, others = rng.choice(fitting)
    asked = pattern.sub(rng.choice(others), question, count=1)
    return asked[:1].upper() + asked[1:]


def antonyms() -> set[frozenset[str]]:
    """Return the pairs that must not stand for one another."""
    return {frozenset(pair) for pair in ANTONYMS}


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
    banned = antonyms()
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
