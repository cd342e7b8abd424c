"""Authors: a line "By ..." at the head or foot, or the note about the author under the body."""

from __future__ import annotations

import re
from datetime import date

from askpkcn.articles import outlets
from askpkcn.articles.dates import DATE, read_date
from askpkcn.articles.lines import Page

_NAME_WORD = r"(?:(?:[A-Z]\.){1,3}|[^\W\d_a-z][^\W\d_]*(?:[.'’-][^\W\d_]+)*\.?)"
_PARTICLE = r"(?:al|bin|ibn|bint|de|da|del|den|der|di|du|la|le|van|von|ul|ur|ud|e)"
_ONE = rf"{_NAME_WORD}(?: (?:{_NAME_WORD}|{_PARTICLE})){{0,5}}"
_NAMES = rf"{_ONE}(?:(?:, | and | & ){_ONE}){{0,4}}"
_PREFIX = r"(?:(?:[Ww]ritten |[Rr]eported |[Ww]ords )?[Bb][Yy]:? |(?:[Aa]uthor|AUTHOR|[Ww]riter)s?: ?)"
BYLINE = re.compile(
    rf"{_PREFIX}(?P<names>{_NAMES})(?:,? ?(?:[|·•/–—-]|,) ?(?P<rest>.{{1,60}})|\s+(?P<date>(?i:{DATE})))?"
)
_PUBLISHED = re.compile(rf"(?P<names>{_ONE} {_NAME_WORD}) (?:\| )?Published (?P<date>{DATE})(?: Updated .{{6,40}})?")
_REPORTING = re.compile(rf"\(?Reporting by (?P<names>{_NAMES})(?: in [^;.]{{2,40}})?(?:[;.,] ?.{{0,200}})?")
NOBODY = re.compile(
    r"\b(?:staff|desk|correspondents?|reporters?|monitoring|agenc(?:y|ies)|editorial|editors?|news|bureau|team|admin"
    r"|webmaster|our|special|web|online|report|newsroom|contributors?|guest|reuters|afp|ap|app|ani|pti|xinhua|user|author"
    r"|unknown|anonymous|press|dawn|com|www|land|sea|air|night|day|law|default|way|and large)\b",
    re.IGNORECASE,
)
_CALENDAR = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|october"
    r"|november|december|\d+",
    re.IGNORECASE,
)
_ROLE = (
    r"(?:writer|journalist|correspondent|columnist|reporter|analyst|researcher|research (?:fellow|associate|scholar)"
    r"|lecturer|professor|contributor|editor|commentator|freelancer?|author|fellow|scholar)"
)
_ABOUT = re.compile(rf"(?P<name>{_ONE}) is (?:an? |the |currently |now |MS|M\.?Phil|PhD)(?P<rest>.{{3,400}})")


def read(line: str) -> str | None:
    """Return the names that a byline tells, or None if the line is none or names nobody."""
    if len(line) > 160:
        return None
    found = BYLINE.fullmatch(line) or _PUBLISHED.fullmatch(line)
    return clean(found["names"]) if found else None


def date_of(line: str) -> date | None:
    """Return the date that a byline tells besides the names."""
    if len(line) > 160:
        return None
    if published := _PUBLISHED.fullmatch(line):
        return read_date(published["date"])
    found = BYLINE.fullmatch(line)
    rest = (found["date"] or found["rest"] or "") if found else ""
    dates = [read_date(m[0]) for m in re.finditer(DATE, rest, re.IGNORECASE)]
    updated = re.search(r"updated|modified", rest, re.IGNORECASE)
    return dates[0] if len(dates) == 1 and not updated else None


def clean(names: str | None) -> str | None:
    """Return names without "By" and space, or None for what stands where no person is named."""
    names = re.sub(rf"^{_PREFIX}", "", " ".join((names or "").split())).strip(" ,;|-–—")
    *persons, last = re.split(r"(, )", names)
    if len(persons) > 1 and last.casefold() in outlets.KNOWN:  # "By Ann Li, CNN"
        names = "".join(persons[:-1])
    if not names or NOBODY.search(names) or _CALENDAR.fullmatch(names) or not names[0].isalpha():
        return None
    return names


def find(page: Page) -> str | None:
    """Return the author that the head tells, else the foot, else the note under the body; two that differ are none."""
    low, (_, last) = page.second_sentence(), page.body()
    kept = page.kept()
    head = [name for i in kept if i < low and not page.wrapped[i] and (name := read(page.lines[i]))]
    if head:
        return head[0] if len(set(head)) == 1 else None
    foot = [name for i in kept if i > last and (name := read(page.lines[i])) and " " in name]
    reporting = (_REPORTING.fullmatch(page.lines[i]) for i in kept[-4:])
    foot += [name for found in reporting if found and (name := clean(found["names"]))]
    if foot:
        return foot[0] if len(set(foot)) == 1 else None
    return _about(page.lines[last], page) if last >= 0 and not page.wrapped[last] else None


def _about(line: str, page: Page) -> str | None:
    """Return whom a last line such as "X is a writer ..." is about, unless the article speaks of X elsewhere."""
    found = _ABOUT.fullmatch(line)
    if not found or not re.search(rf"\b{_ROLE}\b", found["rest"], re.IGNORECASE):
        return None
    name = clean(found["name"])
    last_name = name.split()[-1] if name else ""
    others = [other for other in page.lines if other and other != line]
    if len(others) < 3 or any(re.search(rf"\b{re.escape(last_name)}\b", other) for other in others):
        return None
    return name
