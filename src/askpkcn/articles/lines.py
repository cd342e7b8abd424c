"""A pasted page as lines: which of them are sentences of a body, and which are left."""

from __future__ import annotations

import re
from bisect import bisect_right

from askpkcn.articles import furniture

_ENDED = re.compile(r".*[.!?…。۔؟][\"”’'»)\]]*(?:\[\d+\])*", re.DOTALL)
_ASKED = re.compile(r".*[!?؟][\"”’')\]]*", re.DOTALL)


class Page:
    """The lines of a text, without space around them; "" stands for a blank one. Lines are dropped, never moved."""

    def __init__(self, text: str) -> None:
        self.lines = [line.strip() for line in text.split("\n")]
        self.wrapped = _wrapped(self.lines)
        self._first = next((i for i, line in enumerate(self.lines) if line and not furniture.is_weak(line)), -1)
        self.prose = [self._is_prose(i) for i in range(len(self.lines))]
        self._full = [i for i, line in enumerate(self.lines) if line]
        self._place = {i: place for place, i in enumerate(self._full)}
        self.furniture: set[int] = set()
        self.ends: set[int] = set()
        """Furniture under which a body may have ended."""
        self.above: list[str] = []
        """The lines of a site's head that stood above the headline and were dropped."""
        self._dropped: set[int] = set()

    def kept(self) -> list[int]:
        """Return the numbers of the lines that are left and not blank."""
        return [i for i, line in enumerate(self.lines) if line and i not in self._dropped]

    def drop(self, *numbers: int) -> None:
        """Drop lines, but never a sentence of a wrapped paragraph."""
        self._dropped.update(i for i in numbers if not self.wrapped[i])

    def mark(self, numbers: set[int]) -> None:
        """Drop lines as furniture."""
        self.furniture.update(numbers)
        self.ends.update(i for i in numbers if not furniture.is_midway(self.lines[i]))
        self.drop(*numbers)

    def beside(self, i: int) -> set[int]:
        """Return the numbers of the lines above and below a line, blank ones passed over."""
        at = self._place[i]
        return set(self._full[max(0, at - 1) : at] + self._full[at + 1 : at + 2])

    def body(self) -> tuple[int, int]:
        """Return the numbers of the first and the last line that is a sentence, or (number of lines, -1)."""
        prose = [i for i in self.kept() if self.prose[i]]
        return (prose[0], prose[-1]) if prose else (len(self.lines), -1)

    def second_sentence(self) -> int:
        """Return the number of the second line that is a sentence: a standfirst may stand above the byline."""
        prose = [i for i in self.kept() if self.prose[i] and not (i and self.wrapped[i] and self.prose[i - 1])]
        return prose[1] if len(prose) > 1 else (prose[0] + 1 if prose else len(self.lines))

    def end_of_body(self) -> int:
        """Return the number of the body's last line; two sentences at most under furniture are about the author."""
        prose = [i for i in self.kept() if self.prose[i]]
        if not prose:
            return -1
        for mark in sorted(self.ends, reverse=True):
            under = prose[bisect_right(prose, mark) :]
            if len(under) > 2 or sum(len(self.lines[i].split()) for i in under) > 80 or len(under) * 2 >= len(prose):
                break
            del prose[len(prose) - len(under) :]
        return prose[-1]

    def is_headline(self, i: int) -> bool:
        """Tell whether a line may be a headline: four to thirty words that are no sentence and lead to none."""
        line = self.lines[i]
        if self.prose[i] or not 4 <= len(line.split()) <= 30 or line.endswith((".", ":", ";", ",")):
            return False
        if not (line[0].isalnum() or line[0] in "‘“'\"«"):
            return False
        below = self.lines[i + 1] if i + 1 < len(self.lines) else ""
        # Two lines may be a paragraph that was broken once: then the first of them is no headline.
        broken = len(line) >= 50 and below and len(below) <= 100 and self.prose[i + 1]
        return not broken or self.in_title_case(line)

    def in_title_case(self, line: str) -> bool:
        """Tell whether a line of five words or more is capitalised as headlines are."""
        words = [word.strip("‘’“”'\"().,:;!?") for word in line.split()]
        long = [word for word in words if len(word) >= 4]
        return len(words) >= 5 and len(long) >= 3 and sum(not w[0].islower() for w in long) >= 0.8 * len(long)

    def text(self) -> str:
        """Return what is left; blank lines stay, one where there were several or where something was dropped."""
        parts: list[str] = []
        gap = False
        for i, line in enumerate(self.lines):
            if not line or i in self._dropped:
                gap = gap or bool(parts)
                continue
            if parts:
                parts.append("\n\n" if gap else "\n")
            parts.append(line)
            gap = False
        return "".join(parts)

    def _is_prose(self, i: int) -> bool:
        """Tell a line of a body: it ends as a sentence does, or is long, or goes on in the next line."""
        line = self.lines[i]
        if self.wrapped[i]:
            return True
        words = len(line.split())
        if words < 2 or furniture.is_strong(line):
            return False
        if words > 30:
            return True
        if _ASKED.fullmatch(line):
            return words > 20 or not (self.in_title_case(line) or i == self._first)
        below = self.lines[i + 1] if i + 1 < len(self.lines) else ""
        if _ENDED.fullmatch(line):
            return True
        goes_on = below[:1].islower() and words >= 4
        return goes_on and not furniture.is_strong(below) and not furniture.is_weak(below)


def _wrapped(lines: list[str]) -> list[bool]:
    """Tell for each line whether it stands in a paragraph that was broken into lines of about one length."""
    told = [False] * len(lines)
    start = 0
    for i in range(len(lines) + 1):
        if i < len(lines) and lines[i]:
            continue
        full = [len(line) for line in lines[start : i - 1]]
        if len(full) >= 2 and min(full) >= 50 and max(full) <= 100 and max(full) - min(full) <= 25:
            told[start:i] = [True] * (i - start)
        start = i + 1
    return told
