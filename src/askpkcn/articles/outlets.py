"""Names of outlets that a text may carry at its head or foot; any other name needs a second sign."""

from __future__ import annotations

import re

KNOWN = frozenset(
    name.casefold()
    for name in (
        "The Diplomat|Dawn|Dawn.com|DAWN.COM|The Express Tribune|Express Tribune|The News|The News International"
        "|The Nation|Geo News|ARY News|Business Recorder|Daily Times|Pakistan Today|Pakistan Observer"
        "|Pakistan Times|The Friday Times|Samaa|Samaa TV|Radio Pakistan|Associated Press of Pakistan|Profit"
        "|Minute Mirror|Daily Pakistan|Hum News|Dunya News|China Daily|Global Times|Xinhua|Xinhua News Agency"
        "|CGTN|People's Daily|People’s Daily|South China Morning Post|Caixin|Caixin Global|Sixth Tone|The Paper"
        "|Taipei Times|Nikkei Asia|The Japan Times|The Straits Times|The Hindu|The Times of India|Hindustan Times"
        "|The Indian Express|NDTV|India Today|ThePrint|The Wire|Scroll.in|ANI|The Economic Times|Mint|Firstpost"
        "|Republic World|WION|The Kathmandu Post|The Daily Star|Tolo News|TOLOnews|Khaama Press|Reuters"
        "|Associated Press|AP News|Agence France-Presse|AFP|BBC|BBC News|CNN|Al Jazeera|Al-Jazeera|Al Arabiya"
        "|Arab News|Gulf News|Khaleej Times|Middle East Eye|TRT World|Anadolu Agency|The Guardian"
        "|The New York Times|The Washington Post|The Wall Street Journal|Financial Times|The Economist|Bloomberg"
        "|Foreign Policy|Foreign Affairs|The Atlantic|Time|Newsweek|Los Angeles Times|Politico|Axios|NPR|VOA"
        "|VOA News|Voice of America|Radio Free Asia|Radio Free Europe/Radio Liberty|Deutsche Welle|DW|France 24"
        "|Le Monde|The Independent|The Telegraph|The Sunday Telegraph|The Times|Sky News|The Conversation"
        "|War on the Rocks|The National Interest|Modern Diplomacy|Eurasia Review|Asia Times|East Asia Forum"
        "|Al-Estiklal|The Intercept|Quartz"
    ).split("|")
)
AMBIGUOUS = frozenset(
    "the news|the nation|the times|time|profit|mint|quartz|the paper|the wire|dawn|the atlantic".split("|")
)
"""Known names that are also words: these need a second sign."""
AGENCIES = frozenset(
    "reuters|afp|agence france-presse|ap news|associated press|ani|xinhua|xinhua news agency|anadolu agency|bloomberg"
    "|associated press of pakistan".split("|")
)
"""Alone on a line, or after ©, an agency may be whom the outlet had the story from."""
PUBLISHED_IN = re.compile(
    r"\(?published in (?P<name>[A-Z][\w.'’ -]{1,40}?)[,:]? (?:on )?(?P<date>(?:[A-Z]|\d)[^()]{6,30}?)\.?\)?",
    re.IGNORECASE,
)
"""A newspaper's own note at the foot. "First published in" tells of another outlet than this text's, perhaps."""
COPYRIGHT = re.compile(
    r"(?:©|copyright ©?|\(c\))\s*(?:\d{4}(?:[-–]\d{2,4})?\s*)?(?P<name>[A-Z][\w.'’ -]{1,40}?)(?:[.,|].*)?", re.I
)
SUFFIXED = re.compile(r"(?P<title>.{15,}?) (?:[|–—-]|::) (?P<name>[A-Z][\w.'’ -]{1,40})")


def is_known(name: str) -> bool:
    """Tell whether a line is the name of an outlet, and can be nothing else."""
    folded = name.strip().casefold()
    return folded in KNOWN and folded not in AMBIGUOUS | AGENCIES


def confirmed(name: str, text: str) -> bool:
    """Tell whether a text speaks of somebody who works for what a line at its head names."""
    named = re.escape(name.strip())
    works = (
        r"(?:correspondent|reporter|writer|editor|columnist|contributor|journalist|author|analyst|staff|bureau chief)s?"
        rf"(?: \w+){{0,3}} (?:for|at|of|with|to) {named}\b"
    )
    return bool(re.search(works, text) or re.search(rf"(?:[Pp]ublished in|©(?: \d{{4}})?) {named}\b", text))
