"""Plain text as people paste it from a site: furniture goes, and what the text tells of itself is kept.

Two rules stand above all others. No sentence of a body is lost: a line goes only if it is furniture wherever it
stands, or a button in such company, or a headline under the line that announces other articles. And what is told
is right or unknown: a date in relation to today is none, nor is one that reads in two ways.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

from askpkcn.articles import byline, furniture, outlets
from askpkcn.articles.dates import DATE, PUBLISHED, is_date_line, is_updated_line, published_line, read_date
from askpkcn.articles.extracted import Extracted
from askpkcn.articles.lines import Page

_LEADING_DATE = re.compile(
    rf"\s*(?:{PUBLISHED})(?P<date>{DATE})[\s:.|–—-]+(?=(?-i:[^a-z\s])\S* \S+ \S+)", re.IGNORECASE
)


def read(text: str) -> Extracted:
    """Return the article in a normalised plain text, and what it tells of itself."""
    lead = _LEADING_DATE.match(text)
    leading = read_date(lead["date"]) if lead else None
    page = Page(text[lead.end() :] if lead and leading else text)
    _drop_mail_headers(page)
    _drop_furniture(page)
    title, outlet = _title(page)
    author = byline.find(page)
    _drop_related(page)
    published = leading or _published(page, title is not None or author is not None)
    outlet = _outlet(page, outlet)
    _drop_sections(page, title)
    kept = page.text()
    if not kept:
        return Extracted(text.strip())  # nothing but furniture: better all of it than nothing
    return Extracted(kept, title=title, outlet=outlet, author=author, published=published)


def without_furniture(text: str) -> str:
    """Return a text without the lines that are furniture wherever they stand: some stand within web pages' articles."""
    page = Page(text)
    page.mark(_certain(page) | {i for i in page.kept() if is_updated_line(page.lines[i])})
    return page.text()


def _certain(page: Page) -> set[int]:
    """Return the lines that are furniture wherever they stand."""
    lines = (i for i in page.kept() if not page.prose[i])
    return {i for i in lines if furniture.is_strong(page.lines[i]) or furniture.is_related_link(page.lines[i])}


def _drop_mail_headers(page: Page) -> None:
    """Drop the header that a mail program puts above a forwarded text: three lines such as "Subject: ..." in a row."""
    lines = page.kept()
    for at in range(min(len(lines), 8)):
        run = 0
        while at + run < len(lines) and furniture.MAIL_HEADER.fullmatch(page.lines[lines[at + run]]):
            run += 1
        if run >= 3:
            page.drop(*lines[at : at + run])
            return


def _drop_furniture(page: Page) -> None:
    strong = _certain(page)
    page.mark(strong)
    low, high = page.body()
    weak = {i for i in page.kept() if not page.prose[i] and furniture.is_weak(page.lines[i])}
    page.mark({i for i in weak if i < low or i > high or page.beside(i) & (weak | strong)})
    page.mark(_listed(page))
    # Counters stand beside the buttons that they count for.
    page.mark({i for i in page.kept() if furniture.is_counter(page.lines[i]) and page.beside(i) & page.furniture})


def _listed(page: Page) -> set[int]:
    """Return the headlines in a list of other articles that a page announces and ends in so many words."""
    lines = [i for i, line in enumerate(page.lines) if line]
    found: set[int] = set()
    for at, i in enumerate(lines):
        if furniture.LIST_BEGINS.fullmatch(page.lines[i]):
            under = lines[at + 1 : at + 24]
            end = next((j for j in under if furniture.LIST_ENDS.fullmatch(page.lines[j])), i)
            found |= {j for j in under if j < end and not page.prose[j]}
    return found


def _title(page: Page) -> tuple[str | None, str | None]:
    """Return the headline, and the outlet if the headline ends with its name; drop a site's head above it."""
    first, _ = page.body()
    candidates = [i for i in page.kept() if i < first and page.is_headline(i) and not _tells(page.lines[i])]
    if not candidates:
        return None, None
    times = Counter(page.lines[i] for i in candidates)
    again = next((i for i in reversed(candidates) if times[page.lines[i]] > 1), None)
    if again is not None:
        # The site's head names the article, and the article begins with its name once more.
        above = [i for i in page.kept() if i < again and not byline.read(page.lines[i])]
        page.above = [page.lines[i] for i in above]
        page.drop(*(i for i in above if not is_date_line(page.lines[i])))
        return page.lines[again], None
    title = candidates[0]
    suffixed = outlets.SUFFIXED.fullmatch(page.lines[title])
    if suffixed and suffixed["name"].strip().casefold() in outlets.KNOWN:
        page.lines[title] = suffixed["title"].strip()
        return page.lines[title], suffixed["name"].strip()
    return page.lines[title], None


def _tells(line: str) -> bool:
    """Tell a line of the head that is byline, date, outlet, section, credit or offer rather than headline."""
    return bool(
        byline.read(line)
        or outlets.is_known(line)
        or furniture.is_section(line)
        or furniture.is_no_headline(line)
        or re.search(DATE, line, re.IGNORECASE)
    )


def _published(page: Page, headed: bool) -> date | None:
    """Return the publication date that lines of the head or foot tell, if they agree; drop those that tell no more."""
    low, (_, last) = page.second_sentence(), page.body()
    told: set[date] = set()
    for i in [i for i in page.kept() if (i < low or i > last) and not page.prose[i]]:
        line = page.lines[i]
        day, labelled = published_line(line)
        # A bare date is the article's only beside its headline or byline; alone it may be the first thing told.
        if day and (labelled or (headed and i < low)):
            told.add(day)
            page.drop(i)
        elif is_updated_line(line):
            page.drop(i)
        elif day := byline.date_of(line):
            told.add(day)
    for i in page.kept()[-4:]:
        if (note := outlets.PUBLISHED_IN.fullmatch(page.lines[i])) and (day := read_date(note["date"])):
            told.add(day)
    return told.pop() if len(told) == 1 else None


def _outlet(page: Page, suffixed: str | None) -> str | None:
    """Return the outlet that head and foot name, if they name one; drop the head's line that does nothing else."""
    told = {suffixed} if suffixed else set[str]()
    whole = "\n".join(page.lines)
    low = page.second_sentence()
    for line in page.above[:2]:
        if _is_outlet(line, whole):
            told.add(line)
    for i in [i for i in page.kept() if i < low and not page.prose[i]]:
        line = page.lines[i]
        if _is_outlet(line, whole):
            told.add(line)
            page.drop(i)
        elif len(line.split()) <= 5 and outlets.is_known(line.split(",")[0]):  # "BBC News, Karachi"
            told.add(line.split(",")[0])
    for i in [i for i, line in enumerate(page.lines) if line][-12:]:
        line = page.lines[i]
        note, owner = outlets.PUBLISHED_IN.fullmatch(line), outlets.COPYRIGHT.fullmatch(line)
        if note:
            told.add(note["name"].strip())
        if owner and owner["name"].strip().casefold() in outlets.KNOWN - outlets.AGENCIES:
            told.add(owner["name"].strip())
    folded = {name.casefold().removesuffix(".com").removeprefix("the ") for name in told}
    return max(told, key=lambda name: (len(name), name)) if len(folded) == 1 else None


def _is_outlet(line: str, whole: str) -> bool:
    if not 1 <= len(line.split()) <= 5 or not line[0].isupper():
        return False
    return outlets.is_known(line) or outlets.confirmed(line, whole)


def _drop_sections(page: Page, title: str | None) -> None:
    """Drop names of a newspaper's sections above the body, where there is a headline besides."""
    first, _ = page.body()
    if title is not None:
        page.drop(*(i for i in page.kept() if i < first and furniture.is_section(page.lines[i])))


def _drop_related(page: Page) -> None:
    """Drop headlines of other articles: those that stand after the body, under a line of furniture."""
    end = page.end_of_body()
    last = page.body()[1]
    marks = [i for i in page.ends if i > end]
    related = min((i for i in marks if furniture.is_related(page.lines[i])), default=len(page.lines))
    first = min(marks, default=len(page.lines))
    for i in [i for i in page.kept() if i > first and not page.prose[i]]:
        line = page.lines[i]
        announced = related < i
        told = published_line(line)[1] or (is_date_line(line) and not announced)
        if told or byline.read(line) or outlets.PUBLISHED_IN.fullmatch(line):
            continue
        other = furniture.is_section(line) or len(line.split()) <= 3 or page.in_title_case(line)
        if announced or (i > last and other):
            page.drop(i)
