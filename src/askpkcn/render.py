"""Answers as lines for people; everything from an article is printed as text, never as markup."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from askpkcn.types import Answer, Article, Extent, Hit, Place, Quote, Reason, Source, earliest, other_outlets

if TYPE_CHECKING:
    from askpkcn.index import Built
    from askpkcn.store import Stored

NEAR_CHARACTERS = 240
"""How much of a near passage people see; `--json` gives all of it."""
REASONS = {
    Reason.NOTHING_RETRIEVED: "no passage shares a word or a meaning with the question",
    Reason.FILTERED_OUT: "the filters leave no article; see `askpkcn articles` for outlets and dates",
    Reason.BELOW_THRESHOLD: "the best candidate is too unlikely to be the answer",
}


def answer(value: Answer, console: Console) -> None:
    """Print the groups of an answer with their citations, or why there is none."""
    if value.answered:
        for number, group in enumerate(value.groups):
            if number:
                console.print()
            head = Text(_one_line(group.text), style="bold")
            head.append(f"   probability {group.probability:.2f}", style="dim")
            _print(console, head)
            for quote in group.quotes:
                _print(console, Text("  ").append(marked(quote.sentence, quote.start, quote.end)))
                _print(console, Text(f"  — {citation(quote)}", style="cyan"))
                if quote.copies:
                    _print(console, Text(f"    {elsewhere(quote)}", style="dim"))
    else:
        _print(console, Text("not in these articles", style="bold").append(f"   {_why(value)}", style="dim"))
        for near in value.nearest:
            _print(console, Text(f"  nearest, not an answer: {near.source.id} [{near.start}:{near.end}]", style="dim"))
            _print(console, Text(f"    {shorten(near.text, NEAR_CHARACTERS, placeholder=' …')}", style="dim"))
    times = value.timings
    stages = (
        f"encode {times.encode:.0f}, retrieve {times.retrieve:.0f}, read {times.read:.0f}, decide {times.decide:.0f}"
    )
    line = f"{times.total:.0f} ms ({stages})"
    _print(console, Text(line, style="dim"))


def _why(value: Answer) -> str:
    if value.reason is None:
        return ""
    chance = f" (probability {value.probability:.2f})" if value.reason is Reason.BELOW_THRESHOLD else ""
    return REASONS[value.reason] + chance


def marked(around: Extent, start: int, end: int) -> Text:
    """Return text on one line with the article's [start, end) between « and »."""
    low, high = start - around.start, end - around.start
    line = Text(_one_line(around.text[:low]))
    line.append(f"«{_one_line(around.text[low:high])}»", style="bold yellow")
    return line.append(_one_line(around.text[high:]))


def citation(quote: Quote) -> str:
    """Return title, outlet, author, date, id, page and offsets of a quote on one line."""
    page = "" if quote.page is None else f" page {quote.page}"
    return f"{about(quote.source)}, {quote.source.id}{page} [{quote.start}:{quote.end}]"


def elsewhere(quote: Quote) -> str:
    """Return in how many other outlets the story of a quote stands, and where first."""
    outlets = len(other_outlets(quote))
    count, what = (outlets, "outlet") if outlets else (len(quote.copies), "article")
    also = f"also in {count} {what}{'s' if count > 1 else ''}"
    first = min((quote.source, *quote.copies), key=earliest)
    if first.id != quote.source.id:
        return f"{also}; the earliest: {about(first)}, {first.id}"
    return f"{also}; this is the earliest" if first.published else also


def stories(found: Iterable[tuple[Source, ...]], console: Console) -> int:
    """Print the stories that stand in several articles, each earliest first, and return how many there are."""
    count = 0
    for count, members in enumerate(found, 1):
        _print(console, Text(f"{count}. {len(members)} articles", style="bold"))
        for each in members:
            _print(console, Text(f"   {each.id}: {about(each)}"))
    return count


def snapshots(found: Iterable[Stored], console: Console) -> None:
    """Print snapshots, the newest first."""
    for each in found:
        counts = "damaged" if each.articles is None else f"{each.articles:,} articles, {each.passages:,} passages"
        created = each.created or "date unknown"
        mark = "   live" if each.live else ""
        _print(console, Text(f"{each.name}   {created}   {each.bytes / 1e6:,.1f} MB   {counts}{mark}"))


def about(source: Source) -> str:
    """Return title, outlet, author and date of an article, saying what is unknown."""
    author = [f"by {source.author}"] if source.author else []
    outlet = source.outlet or "outlet unknown"
    published = source.published.isoformat() if source.published else "date unknown"
    return ", ".join([_one_line(source.title), *author, outlet, published])


def hits(found: list[tuple[Hit, Source]], console: Console) -> None:
    """Print retrieved passages with their place in both rankings."""
    for number, (hit, source) in enumerate(found, 1):
        head = Text(f"{number}. {source.id} [{hit.passage.start}:{hit.passage.end}]", style="bold")
        head.append(f"   dense {_place(hit.dense)}, keyword {_place(hit.keyword)}", style="dim")
        _print(console, head)
        _print(console, Text(f"   {_one_line(hit.passage.text)}"))


def article(value: Article, quote: tuple[int, int] | None, console: Console) -> None:
    """Print an article, the quote marked."""
    _print(console, Text(f"{about(value.source)}, {value.id}", style="cyan"))
    text = Text(value.text)
    if quote is not None:
        start, end = quote
        text = Text(value.text[:start])
        text.append(f"«{value.text[start:end]}»", style="bold yellow")
        text.append(value.text[end:])
    console.print()
    _print(console, text)


def built(value: Built, index: Path, console: Console) -> None:
    """Print what a build did: counts first, then why anything was left out."""
    head = f"{index}: {value.articles:,} articles, {value.passages:,} passages ({value.reused:,} vectors kept)"
    _print(console, Text(f"{head}; snapshot {value.snapshot}"))
    changes = value.changes
    counts = {
        "new": changes.new,
        "updated": changes.updated,
        "unchanged": changes.unchanged,
        "removed": changes.removed,
        "duplicates": len(value.duplicates),
        "skipped": len(value.skipped),
    }
    for name, count in counts.items():
        _print(console, Text(f"  {name:10} {count:>9,}"))
        if name == "duplicates":
            for each in value.duplicates:
                _print(console, Text(f"    {each.id} has the same text as {each.same_as}", style="dim"))
        elif name == "skipped":
            for skipped in value.skipped:
                _print(console, Text(f"    {_printable(skipped.why)}", style="dim"))
    if value.others:
        told = ", ".join(f"{count:,} {suffix}" for suffix, count in sorted(value.others.items()))
        _print(console, Text(f"  passed over, as no articles: {_printable(told)}", style="dim"))


def _printable(text: str) -> str:
    """Return a line with nothing in it that could move a terminal's cursor: file names may hold anything."""
    return "".join(c if c.isprintable() else "_" for c in text)


def _place(place: Place | None) -> str:
    return f"#{place.rank} ({place.score:.2f})" if place else "–"


def _one_line(text: str) -> str:
    return text.replace("\n", " ").replace("\t", " ")


def _print(console: Console, text: Text) -> None:
    # Wrapped for people's terminals only: a pipe gets each line whole.
    console.print(text, soft_wrap=not console.is_terminal)
