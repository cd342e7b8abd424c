"""Web pages: the article and its metadata by trafilatura, which is handed the text and fetches nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from askpkcn.articles import byline, outlets, pasted
from askpkcn.articles.dates import read_date
from askpkcn.articles.decoding import decode, read_bytes
from askpkcn.articles.extracted import WEB_ADDRESS, Extracted, joined
from askpkcn.errors import ArticleError
from askpkcn.text import normalise

if TYPE_CHECKING:
    from trafilatura.settings import Document

MAX_DEPTH = 250
"""libxml2 stops at 256; deeper pages are refused rather than cut off in silence."""
_SAVED_FROM = re.compile(r"<!--\s*saved from url=\(\d+\)(https?://\S+?)\s*-->", re.IGNORECASE)
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,500}\[.{0,20000}?\]\s*>", re.IGNORECASE | re.DOTALL)
"""A document type with entities of its own, which are not read."""
_BESIDES = re.compile(r"\b(?:published|posted|(?:last )?updated|modified)\b(?! by\b).*", re.IGNORECASE | re.DOTALL)
_BY = re.compile(r"\s*(?:published|posted) by ", re.IGNORECASE)
MIN_WORDS = 5
MIN_CHARACTERS = 40
_PUBLISHED = {
    "article:published_time",
    "og:published_time",
    "og:article:published_time",
    "datepublished",
    "date_published",
    "dc.date.issued",
    "dcterms.issued",
    "dc.date",
    "dcterms.date",
    "citation_publication_date",
    "parsely-pub-date",
    "sailthru.date",
    "pubdate",
    "publishdate",
    "publish_date",
    "publish-date",
    "publication_date",
    "publication-date",
    "date",
}


def read(file: Path) -> Extracted:
    """Read a web page. Raises ArticleError where it holds no article."""
    markup, notes = decode(read_bytes(file), file, declares=True)
    from trafilatura.utils import load_html

    # The declaration of an encoding that the text no longer has would be refused or believed.
    markup = re.sub(r"^\s*<\?xml[^>]*>", "", markup.lstrip("\ufeff").replace("\0", ""))
    # A piece of a page is a page to us, if its name says so; trafilatura wants to see the word.
    if re.search(r"<body\b", markup, re.IGNORECASE) and not re.search(r"</(?:body|html)\s*>", markup, re.IGNORECASE):
        notes = (*notes, f"{file} ends without </body>: if it was cut off, save it anew")
    markup = "<!DOCTYPE html>" + _DOCTYPE.sub("", markup, count=1)
    tree = load_html(markup)
    if tree is None:
        raise ArticleError(f"{file} holds no web page that can be read; save the page anew")
    _check_depth(tree, file)
    for each in list(tree.iter("noscript")):
        each.drop_tree()
    days = set(_dates(tree))
    found = _extract(tree)
    text = pasted.without_furniture(_lines(found.text or "")) if found else ""
    if found is None or len(text.split()) < MIN_WORDS:
        raise ArticleError(f"{file} is a web page without an article's text; save the article's own page")
    title, outlet = _title(found.title, found.sitename)
    saved = _SAVED_FROM.search(markup[:4096])
    url = found.url or (saved.group(1) if saved else None)
    return Extracted(
        text,
        title=title,
        outlet=outlet,
        author=_author(found.author, outlet),
        published=days.pop() if len(days) == 1 else None,
        url=url if url and WEB_ADDRESS.fullmatch(url) else None,
        notes=notes,
    )


def _extract(tree: Any) -> Document | None:
    import trafilatura
    from trafilatura.settings import DEFAULT_CONFIG, Document

    config = deepcopy(DEFAULT_CONFIG)
    # Under this many characters it takes all text that stands anywhere near, furniture and all.
    config.set("DEFAULT", "MIN_EXTRACTED_SIZE", str(MIN_CHARACTERS))
    found = trafilatura.bare_extraction(
        tree,
        config=config,
        with_metadata=True,
        include_comments=False,
        include_tables=True,
        favor_recall=True,
        date_extraction_params={"original_date": True, "extensive_search": False},
    )
    return found if isinstance(found, Document) else None


def _check_depth(tree: Any, file: Path) -> None:
    from lxml import etree

    depth = 0
    for event, _ in etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise ArticleError(f"{file} is HTML nested over {MAX_DEPTH} deep, as no article is; save the page anew")


def _lines(text: str) -> str:
    """Return trafilatura's text as blocks: list items without marks, a table row a line with its cells between |."""
    blocks = []
    for line in normalise(text).split("\n"):
        row = re.fullmatch(r"\|(.*)\|\s*", line)
        if row and not re.sub(r"[|\s:-]", "", line):
            continue
        line = " | ".join(cell.strip() for cell in row[1].split("|")) if row else re.sub(r"^\s*- ", "", line)
        if line.strip():
            blocks.append(line.strip())
    return "\n\n".join(blocks)


def _title(title: str | None, site: str | None) -> tuple[str | None, str | None]:
    """Return title and outlet; a title that ends with the outlet's name loses it."""
    title, site = (" ".join(normalise(each or "").split()) or None for each in (title, site))
    if title and (suffixed := outlets.SUFFIXED.fullmatch(title)):
        name = suffixed["name"].strip()
        if (site and name.casefold() == site.casefold()) or name.casefold() in outlets.KNOWN:
            return suffixed["title"].strip(), site or name
    return title, site


def _author(told: str | None, outlet: str | None) -> str | None:
    """Return the persons that are told, without when and from where; an outlet that calls itself the author is none."""
    parts = [part.strip() for each in re.split(r";|\n", told or "") for part in _alone(each).split(",")]
    if len(parts[0].split()) > 1:  # then a single word is no person, but where it was sent from
        parts = [part for part in parts if len(part.split()) > 1]
    names = (byline.clean(normalise(part)) for part in parts)
    return joined([name for name in names if name and name.casefold() != (outlet or "").casefold()])


def _alone(told: str) -> str:
    return _BESIDES.sub("", _BY.sub("", told, count=1)).strip(" \t|,•·–—-")


def _dates(tree: Any) -> Iterator[date]:
    """Yield the days that the page itself calls its publication: of the best source that tells any."""
    for source in (_from_linked_data, _from_meta, _from_time):
        days = [day for told in source(tree) if (day := _day(told))]
        if days:
            yield from days
            return


def _day(told: str) -> date | None:
    """Return the day as the page writes it: no time zone is applied."""
    told = told.strip()
    if iso := re.match(r"\d{4}-\d{2}-\d{2}(?=$|[T\s])", told):
        told = iso.group()
    return read_date(told)


def _from_linked_data(tree: Any) -> Iterator[str]:
    for script in tree.xpath('//script[@type="application/ld+json"]'):
        try:
            told = json.loads(script.text or "")
        except (ValueError, RecursionError):
            continue
        yield from _published_in(told)


def _published_in(told: object, depth: int = 0) -> Iterator[str]:
    """Yield datePublished of the articles at the top of linked data, not of what they mention."""
    if isinstance(told, list) and depth < 3:
        for each in told:
            yield from _published_in(each, depth + 1)
    elif isinstance(told, dict):
        if "@graph" in told and depth < 3:
            yield from _published_in(told["@graph"], depth + 1)
        kinds = told.get("@type")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        if any(isinstance(kind, str) and re.search(r"Article|BlogPosting|Report", kind) for kind in kinds):
            day = told.get("datePublished")
            if isinstance(day, str):
                yield day


def _from_meta(tree: Any) -> Iterator[str]:
    for meta in tree.iter("meta"):
        name = meta.get("property") or meta.get("name") or meta.get("itemprop") or ""
        if name.strip().lower() in _PUBLISHED:
            yield meta.get("content") or ""


def _from_time(tree: Any) -> Iterator[str]:
    for time in tree.iter("time", "abbr", "span"):
        marked = "pubdate" in time.attrib or time.get("itemprop", "").lower() == "datepublished"
        if marked or "entry-date published" in time.get("class", ""):
            yield time.get("datetime") or time.get("content") or time.get("title") or "".join(time.itertext())
