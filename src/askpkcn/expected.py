"""What form a question asks for (a number, a time, a name), and whether a span has it.

A reader that finds none of the question's words in the text marks what stands out, often of the wrong sort. The form is
told by the question's first words alone; where they tell none, nothing is held against a span.
"""

from __future__ import annotations

import re

from askpkcn.agreement import LARGE, MONTHS, ORDINALS, SMALL
from askpkcn.names import COUNTRIES, PEOPLES

NUMBER = re.compile(
    r"(?:(?:in|by|for|to|of|at|from|with|on) )?(?:how (?:many|much|large|big|long|far|old|tall|high|wide|often)"
    r"|what (?:number|sum|amount|price|share|percentage|proportion|total|figure)|how great a)\b"
)
TIME = re.compile(
    r"(?:when|since when|until when|by when|(?:in|on|by|since|from|until|at|during) (?:what|which) "
    r"(?:year|month|date|day|decade|time|season|century)|(?:what|which) (?:year|month|date|day|decade)|how long ago"
    r"|how far back)\b"
)
NAME = re.compile(
    r"(?:who|whom|whose|where|(?:(?:in|at|from|to|by|near|on|for|with|through|of) )?(?:what|which) (?:\w+ )?"
    r"(?:city|country|region|province|state|capital|port|nation|newspaper|magazine|outlet|person|official|minister|"
    r"president|leader|journalist|author|diplomat|politician|ambassador|company|organisation|organization))\b"
)
CITY = re.compile(r"(?:(?:in|at|from|to|by|near) )?(?:what|which) (?:\w+ )?(?:city|town|capital)\b")
YEAR = re.compile(r"(?:(?:in|by|since|from|until|during) )?(?:what|which) year\b")
MONTH = re.compile(r"(?:(?:in|by|since|from|until|during) )?(?:what|which) month\b")
WEEKDAY = re.compile(r"(?:(?:on|by|since|from|until) )?(?:what|which) (?:day of the week|weekday)\b")
NO_CITIES = COUNTRIES | PEOPLES.keys() | {"the"}
WEEKDAYS = frozenset("monday tuesday wednesday thursday friday saturday sunday".split())
WHEN_WORDS = WEEKDAYS | frozenset(
    "today yesterday tomorrow year years month months week weeks day days decade decades century spring summer autumn "
    "fall winter early late recently ago since".split()
)


def fits(question: str, span: str) -> float:
    """Return 1.0 if a span has the form that the question asks for, -1.0 if it lacks it, 0.0 if none is asked for."""
    asked = " ".join(question.lower().split())
    words = re.findall(r"[^\W_]+", span)
    low = {word.lower() for word in words}
    number = any(word[0].isdigit() for word in words) or bool(low & (SMALL.keys() | LARGE.keys() | ORDINALS.keys()))
    named = any(word[0].isupper() or not word.isascii() for word in words)
    if WEEKDAY.match(asked):
        fit = bool(low & WEEKDAYS)
    elif MONTH.match(asked):
        fit = bool(low & MONTHS.keys())
    elif YEAR.match(asked):
        fit = bool(low & {"year", "years"}) or any(re.fullmatch(r"\d{4}s?", word) for word in words)
    elif TIME.match(asked):
        fit = number or bool(low & (MONTHS.keys() | WHEN_WORDS))
    elif NUMBER.match(asked):
        fit = number
    elif CITY.match(asked):
        fit = named and not low <= NO_CITIES
    elif NAME.match(asked):
        fit = named
    else:
        return 0.0
    return 1.0 if fit else -1.0
