"""Dates as articles write them. A date that can be read in two ways, or only in relation to today, is none."""

from __future__ import annotations

import re
from datetime import date

MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+)?"
_ZONE = r"(?:\s*(?:Z|[A-Z]{2,5}|\(?(?:UTC|GMT)?\s?[+-]\d{1,2}:?\d{0,2}\)?))?"
_CLOCK = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?\s*(?:[ap]\.?m\.?)?"
_TIME = rf"(?:(?:T|,?\s*(?:at|@|\||-|–|—|•|·)?\s*){_CLOCK}{_ZONE})?"
_FORMS = (
    r"\d{4}-\d{2}-\d{2}",
    r"\d{4}/\d{2}/\d{2}",
    r"\d{1,2}[/.-]\d{1,2}[/.-]\d{4}",
    rf"{_MONTH}\s+{_DAY},?\s+\d{{4}}",
    rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+\d{{4}}",
    rf"\d{{1,2}}-{_MONTH}-\d{{4}}",
)
_LEAD = rf"(?:{_CLOCK}{_ZONE},?\s+)?{_WEEKDAY}"
DATE = rf"(?:{_LEAD}(?:{'|'.join(_FORMS)}){_TIME})"
"""A pattern of one written date with its weekday and time, if it has them; use it with re.IGNORECASE."""
RELATIVE = re.compile(
    r"(?:(?:published|posted|updated|last updated)[:\s]+)?"
    r"(?:(?:about |over |almost )?(?:an?|\d{1,3}) ?(?:s|m|h|d|w|y|secs?|mins?|hrs?|seconds?|minutes?|hours?|days?"
    r"|weeks?|months?|years?) ago|just now|yesterday|today)",
    re.IGNORECASE,
)
PUBLISHED = (
    r"(?:(?:first |originally )?(?:published|posted)(?: on| at)?|(?:publication )?dated?|pub(?:lish)? date)"
    r"\s*[:|–-]?\s*"
)
UPDATED = r"(?:last |also )?(?:updated|modified|edited|revised|retrieved|accessed)(?: on| at)?\s*[:|–-]?\s*"
_LINE = re.compile(
    rf"(?P<label>{PUBLISHED})?(?P<date>{DATE})(?:\s*[|,;•·/(–—-]*\s*{UPDATED}(?:{DATE}|{_TIME})\)?)?\.?", re.IGNORECASE
)
_UPDATED_LINE = re.compile(rf"{UPDATED}{DATE}\.?", re.IGNORECASE)


def read_date(text: str) -> date | None:
    """Return the calendar day that a text is, as it is written there (no time zone is applied), or None."""
    if not re.fullmatch(DATE, text.strip(), re.IGNORECASE):
        return None
    day = re.sub(rf"^{_LEAD}", "", text.strip(), flags=re.IGNORECASE)
    if found := re.match(r"(\d{4})[-/](\d{2})[-/](\d{2})", day):
        return _day(*map(int, found.groups()))
    if found := re.match(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", day):
        return _numeric(*map(int, found.groups()))
    month = re.search(_MONTH, day, re.IGNORECASE)
    number = re.search(r"(?<!\d)(\d{1,2})(?!\d)", day)
    year = re.search(r"(?<!\d)(\d{4})(?!\d)", day)
    if not (month and number and year):
        return None
    return _day(int(year[1]), MONTHS.index(month[0][:3].lower()) + 1, int(number[1]))


def _numeric(first: int, second: int, year: int) -> date | None:
    """Return the day of 07/02/2022 only where one reading is possible."""
    if first > 12 >= second or first == second:
        return _day(year, second, first)
    return _day(year, first, second) if second > 12 >= first else None


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1600 <= year <= 2199 else None
    except ValueError:
        return None


def is_date_line(line: str) -> bool:
    """Tell whether a line is nothing but a date, its label and what was updated when."""
    return bool(_LINE.fullmatch(line) or _UPDATED_LINE.fullmatch(line))


def is_updated_line(line: str) -> bool:
    """Tell whether a line says when the article was changed, and nothing else."""
    return bool(_UPDATED_LINE.fullmatch(line))


def published_line(line: str) -> tuple[date | None, bool]:
    """Return the publication date of such a line, and whether the line says that this is what it is."""
    found = _LINE.fullmatch(line)
    return (read_date(found["date"]), bool(found["label"])) if found else (None, False)
