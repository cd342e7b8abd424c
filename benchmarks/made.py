"""News made for measuring: events, articles on them by several reporters, edited copies, and files of every format.

Everything is made up. An event is a set of facts; a reporter picks some of them, says each in one of several ways,
and quotes the same official; so two articles on one event share names, figures, a quotation and a sentence or two,
as real ones do. A copy is one article with words exchanged, dropped and put in, paragraphs moved and another headline.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import date, timedelta

OUTLETS = "The Harbour Post|Northern Courier|Daily Lantern|The Plain Dealer|Valley Herald|Coast Tribune".split("|")
GIVEN = (
    "Asad Bilal Farah Hina Iqbal Junaid Kiran Lubna Mahira Nadia Omar Rabia Saad Tania Usman Zara Lena Viktor".split()
)
FAMILY = (
    "Rehmani Qazi Dar Lodhi Bhatti Soomro Mengal Tareen Wattoo Afridi Okonjo Petrov Lindqvist Moreau Tanaka".split()
)
PLACES = (
    "Tarnol Kasur Gwalmandi Sorang Berun Haripur Lasbela Mastuj Dunmore Velika Osterby Karun Talash Jandola".split()
)
GOODS = "cement|rice|copper cable|medicines|solar panels|cotton|fertiliser|steel pipes|tea|machine parts".split("|")
SPARE = (
    "quiet lantern orchard gravel ledger morning distant barrel window copper willow margin silver thread pocket "
    "engine meadow candle harvest marble pepper velvet anchor basket saddle timber whistle garden feather mirror"
).split()

CONSONANTS = "b d f g h k l m n p r s t v z br dr gr kl pl st tr".split()
VOWELS = "a e i o u ai ea ou".split()
SMALL = "the of and to in a for on with by from that was were has it as at which after before under over".split()

KINDS: dict[str, tuple[str, list[list[str]]]] = {
    "fire": (
        "Fire at {place} port destroys {good}",
        [
            [
                "A fire broke out at the port of {place} on {day} and burned through {n1} warehouses.",
                "Flames that were first seen shortly before dawn on {day} swept {n1} storage halls at {place}'s docks.",
                "{n1} warehouses stand in ruins at the {place} waterfront after a blaze on {day}.",
            ],
            [
                "{n2} dock workers were taken to hospital, most of them for smoke.",
                "Doctors treated {n2} people, nearly all of whom had breathed in smoke while carrying sacks.",
                "The injured number {n2}; a hospital spokeswoman said that none is in danger.",
            ],
            [
                "The halls held {good} worth {n3} million rupees, according to the port's books.",
                "Insurers put the loss of {good} at {n3} million rupees for now.",
                "Traders who stored {good} there speak of {n3} million rupees that went up in smoke.",
            ],
            [
                "Investigators suspect a welding torch that a contractor had left burning.",
                "A contractor's welding work the evening before is being looked at as the cause.",
                "How it began is open, though a report of the night watch mentions welders on the roof.",
            ],
            [
                "It took {n4} crews until the afternoon to bring the flames under control.",
                "{n4} fire engines, some from the neighbouring district, pumped sea water for eight hours.",
                "By late afternoon {n4} brigades had ringed the blaze, helped by a falling wind.",
            ],
            [
                "Two ships were towed out to sea so that they would not catch fire.",
                "The harbour master ordered a pair of freighters to leave their berths at once.",
                "Tugs pulled two vessels away from the quay within the first hour.",
            ],
        ],
    ),
    "accord": (
        "{place} signs trade accord on {good}",
        [
            [
                "Negotiators signed a trade accord in {place} on {day} for {good} and {n1} other kinds of goods.",
                "After two years of talks, delegations put their names to an agreement on {good} in {place} on {day}.",
                "{good} will cross the border without duty under a treaty concluded at {place} on {day}.",
            ],
            [
                "Tariffs are to fall by {n2} per cent over five years.",
                "Within five years importers will pay {n2} per cent less at the customs house.",
                "The schedule annexed to the text lowers duties step by step, {n2} per cent in all.",
            ],
            [
                "The ministry expects {n3} million dollars of new trade a year.",
                "Economists at the state bank are more careful and reckon with {n3} million dollars annually.",
                "Exporters hope that sales will grow by {n3} million dollars every year.",
            ],
            [
                "Small mills fear that they cannot compete.",
                "Owners of family mills protested outside the hall and asked for a longer transition.",
                "Not everyone is pleased: the association of weavers calls the opening hasty.",
            ],
            [
                "{n4} customs posts will be enlarged before the accord takes effect.",
                "Before anything changes, {n4} border crossings must get new scanners and longer lanes.",
                "Work at {n4} checkpoints has to be finished first, the annex says.",
            ],
            [
                "Parliament must ratify the text before the summer.",
                "The lower house is expected to vote in spring; the opposition has not said how it will vote.",
                "Ratification is due within six months, or the signatures lapse.",
            ],
        ],
    ),
    "flood": (
        "Flood near {place} cuts off villages",
        [
            [
                "The river burst its banks near {place} on {day} and cut off {n1} villages.",
                "{n1} settlements around {place} could be reached only by boat after {day}'s downpour.",
                "Water stood knee-deep in the bazaar of {place} on {day}; {n1} hamlets downstream are isolated.",
            ],
            [
                "{n2} families have moved into schools on higher ground.",
                "Teachers opened their classrooms to {n2} households who had lost their homes.",
                "Rescuers brought {n2} families to safety overnight, the relief office said.",
            ],
            [
                "Stocks of {good} worth {n3} million rupees are spoiled.",
                "Merchants lost {good} for which they had paid {n3} million rupees only last month.",
                "In the market's cellars {good} rotted; the damage is put at {n3} million rupees.",
            ],
            [
                "A breach in an embankment that was repaired last year made it worse.",
                "Engineers want to know why a dyke that had been mended twelve months ago gave way.",
                "The embankment failed at the very spot that a contractor had strengthened.",
            ],
            [
                "The army sent {n4} boats and a field hospital.",
                "{n4} army boats ply between the roofs, carrying flour in and the sick out.",
                "Soldiers arrived with {n4} inflatable craft and a medical tent.",
            ],
            [
                "More rain is forecast for the weekend.",
                "Meteorologists see no end to the wet spell before Monday.",
                "Forecasters warn that the crest of the flood is still to come.",
            ],
        ],
    ),
}
COMMON = [
    [
        "{official}, who heads the district administration, visited the site.",
        "The district's chief, {official}, came in the morning and stayed for an hour.",
        "{official} of the district administration spoke to residents and promised an inquiry.",
    ],
    [
        "An inquiry is to report within {n5} weeks.",
        "A committee of three has been given {n5} weeks to find out what happened.",
        "The findings are due in {n5} weeks, and will be published in full.",
    ],
    [
        "Residents complained that nobody had warned them.",
        "People on the spot asked why warnings reached them so late.",
        '"We heard of it from the neighbours," said a shopkeeper who did not give a name.',
    ],
    [
        "The last event of this kind in {place} was in {year}.",
        "Older people in {place} remember {year}, when something similar occurred.",
        "Not since {year} had {place} seen the like.",
    ],
    [
        "The provincial assembly will debate the matter on Thursday.",
        "Members of the provincial assembly asked for a debate, which the speaker has set for Thursday.",
        "On Thursday it will be the first item before the provincial assembly.",
    ],
    [
        "Bus services to {other} are suspended.",
        "Travellers to {other} must take the road over the pass, since no buses run.",
        "The bus company has stopped all its services towards {other}.",
    ],
]
QUOTE = '"We shall do what is needed, and we shall do it before {month}," {official} told reporters.'
MONTHS = "January February March April May June July August September October November December".split()
LEADS = [
    "What is known so far comes from the administration and from people on the spot.",
    "The news spread quickly through the province.",
    "Details were slow to come in.",
    "Officials confirmed the outlines in the evening.",
]


@dataclass(frozen=True)
class Event:
    """What happened: its kind, and the words that fill its sentences."""

    kind: str
    slots: dict[str, str]


@dataclass(frozen=True)
class Piece:
    """One article: what its file would tell."""

    title: str
    author: str
    outlet: str
    published: date
    paragraphs: tuple[str, ...]

    @property
    def text(self) -> str:
        """Headline, byline and body as a page shows them."""
        return "\n\n".join([self.title, f"By {self.author}", *self.paragraphs])


def event(chance: random.Random) -> Event:
    """Return an event that nobody heard of before."""
    place, other = chance.sample(PLACES, 2)
    numbers = {f"n{i}": str(chance.randint(3, 97)) for i in range(1, 6)}
    names = {"official": f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}", "place": place, "other": other}
    times = {"day": f"{chance.choice(MONTHS)} {chance.randint(1, 28)}", "year": str(chance.randint(1950, 2010))}
    slots = {**numbers, **names, **times, "good": chance.choice(GOODS), "month": chance.choice(MONTHS)}
    return Event(chance.choice(sorted(KINDS)), slots)


def report(on: Event, chance: random.Random, facts: int = 9) -> Piece:
    """Return one reporter's article on an event."""
    headline, own = KINDS[on.kind]
    chosen = chance.sample(own, min(len(own), max(3, facts - 4))) + chance.sample(COMMON, min(len(COMMON), 4))
    said = [chance.choice(ways).format(**on.slots) for ways in chosen]
    said.insert(chance.randint(1, len(said)), QUOTE.format(**on.slots))
    said.insert(1, chance.choice(LEADS))
    size = chance.choice((2, 3))
    paragraphs = tuple(" ".join(said[i : i + size]) for i in range(0, len(said), size))
    title = headline.format(**on.slots)
    day = date(2020, 1, 1) + timedelta(days=chance.randint(0, 1800))
    author = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
    return Piece(title[:1].upper() + title[1:], author, chance.choice(OUTLETS), day, paragraphs)


def copy(of: Piece, share: float, chance: random.Random, *, move: bool = True) -> Piece:
    """Return an article with `share` of its words edited, its paragraphs moved, under another headline and byline."""
    paragraphs = [_edited(paragraph, share, chance) for paragraph in of.paragraphs]
    if move:
        chance.shuffle(paragraphs)
    title = " ".join(chance.sample(SPARE, 5)).capitalize()
    author = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}"
    later = of.published + timedelta(days=chance.randint(0, 3))
    return Piece(title, author, chance.choice(OUTLETS), later, tuple(paragraphs))


def _edited(text: str, share: float, chance: random.Random) -> str:
    words = text.split()
    edited = set(chance.sample(range(len(words)), round(share * len(words))))
    made: list[str] = []
    for i, word in enumerate(words):
        if i not in edited:
            made.append(word)
            continue
        way = chance.random()
        if way < 0.6:  # another word stands there
            made.append(re.sub(r"\w+", chance.choice(SPARE), word, count=1))
        elif way < 0.8:  # one more
            made += [chance.choice(SPARE), word]
    return " ".join(made)


def prose(chance: random.Random, sentences: int) -> str:
    """Return sentences of words that mean nothing, with English ones among them, in the frequencies of a language."""
    said = []
    for _ in range(sentences):
        words = [
            _word(chance) if chance.random() < 0.55 else chance.choice(SMALL) for _ in range(chance.randint(9, 18))
        ]
        said.append(" ".join(words).capitalize() + ".")
    return " ".join(said)


def _word(chance: random.Random) -> str:
    """Return one of some ten thousand words; the first of them are common, the last rare."""
    number = int(10_000 * chance.random() ** 3)
    made = []
    for _ in range(2 + number % 2):
        number, consonant = divmod(number, len(CONSONANTS))
        number, vowel = divmod(number, len(VOWELS))
        made.append(CONSONANTS[consonant] + VOWELS[vowel])
    return "".join(made)


def filler(chance: random.Random, sentences: int = 6) -> Piece:
    """Return a short article that shares little with any other: two facts of an event, and prose."""
    head = report(event(chance), chance)
    lead = " ".join(head.paragraphs[0].split(". ")[:1]).rstrip(".") + "."
    half = sentences // 2
    body = (lead, prose(chance, half), prose(chance, sentences - half))
    return Piece(head.title, head.author, head.outlet, head.published, body)
