"""Are copies found, and different articles on one event kept apart? `python benchmarks/copies.py [--seed N]`.

Makes N events; on each an article, edited copies of it (5 to 30 % of the words, paragraphs moved, another headline and
byline), and a second article by another reporter. Puts all of them into stories at once, as building an index does, and
prints precision and recall over pairs of articles: right is a pair of copies of one article, wrong any other pair.
"""

from __future__ import annotations

import argparse
import random
from itertools import combinations
from pathlib import Path
from time import perf_counter

import made

from askpkcn import stories
from askpkcn.articles import find, read

SHARES = (0.05, 0.1, 0.2, 0.3)
SEEDS = Path(__file__).parent.parent / "seeds"


def collection(events: int, chance: random.Random, facts: int) -> list[tuple[str, int, float, str]]:
    """Return rows of kind, original's number, share of edited words, and text."""
    rows = []
    for number in range(0, 3 * events, 3):
        on = made.event(chance)
        first, second = made.report(on, chance, facts), made.report(on, chance, facts)
        rows.append(("original", number, 0.0, first.text))
        rows += [("copy", number, share, made.copy(first, share, chance).text) for share in SHARES]
        rows.append(("second", number + 1, 0.0, second.text))
    for number, found in enumerate(find([SEEDS])):
        text = read(found).text
        head, *body = text.split("\n\n")
        piece = made.Piece(head, "Nobody", "Dawn", made.date(2022, 1, 1), tuple(body))
        rows.append(("original", 3 * number + 2, 0.0, text))
        rows += [("copy", 3 * number + 2, share, made.copy(piece, share, chance).text) for share in SHARES]
    return rows


def main() -> None:
    """Make, group and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--facts", type=int, default=9, help="facts a reporter tells: the fewer, the shorter")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    rows = collection(options.events, random.Random(options.seed), options.facts)
    started = perf_counter()
    bands = [stories.bands_of(text) for _, _, _, text in rows]
    sketched = perf_counter()
    groups = stories.group(bands, lambda i: rows[i][3])
    grouped = perf_counter()
    found = {pair for members in groups for pair in combinations(members, 2)}
    by_original: dict[int, list[int]] = {}
    for i, (_, number, _, _) in enumerate(rows):
        by_original.setdefault(number, []).append(i)
    right = {pair for members in by_original.values() for pair in combinations(members, 2)}
    print(f"{len(rows)} articles, {len(right):,} pairs of copies; seed {options.seed}")
    print(f"precision {len(found & right) / len(found):.4f}   recall {len(found & right) / len(right):.4f}")
    for share in SHARES:
        mine = {p for p in right if rows[p[0]][0] == "original" and rows[p[1]][2] == share}
        print(f"  recall, original and a copy with {share:.0%} edited: {len(found & mine) / len(mine):.4f}")
    events = {
        (i, j) for i, j in combinations(range(len(rows)), 2) if rows[j][0] == "second" and rows[j][1] - rows[i][1] == 1
    }
    events = {p for p in events if rows[p[0]][0] == "original"}
    print(f"  second articles on an event taken for copies: {len(found & events)} of {len(events)}")
    print(
        f"  sketches {1000 * (sketched - started) / len(rows):.2f} ms an article, grouping {grouped - sketched:.2f} s"
    )


if __name__ == "__main__":
    main()
