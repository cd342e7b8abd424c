"""The report's plots, each an inline SVG, or "" where there is nothing to draw.

Text stays text in the page's font, colours are the page's (so that dark mode holds), and the same numbers give the
same bytes.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from html import escape
from io import StringIO
from typing import TYPE_CHECKING, Any

import numpy as np

from askpkcn.evaluation import measures
from askpkcn.evaluation.measures import Floats
from askpkcn.evaluation.ranking import CUTOFFS
from askpkcn.evaluation.rows import STAGES, Row
from askpkcn.evaluation.summary import STAGES_TIMED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Measured = Mapping[str, Mapping[str, Any]]
"""By measure: value, low, high and n."""

INK, ONE, TWO, THREE = "#010203", "#0072b2", "#d55e00", "#009e73"
"""Okabe and Ito's colours, which the colour-blind tell apart; a place for the text's colour."""
COLOURS = {
    INK: "currentColor",
    ONE: f"var(--one, {ONE})",
    TWO: f"var(--two, {TWO})",
    THREE: f"var(--three, {THREE})",
}
STYLE: Any = {  # matplotlib types its settings by name
    "svg.fonttype": "none",
    "text.parse_math": False,  # a $ in an article's name is a $
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.alpha": 0.2,
    "legend.frameon": False,
    "legend.fontsize": 8,
    **dict.fromkeys(
        ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color"), INK
    ),
    "grid.color": INK,
}
WIDTH, HEIGHT = 4.6, 3.2
"""In inches: so narrow that the text can still be read on a phone."""
SLICED = "answer_f1"
PER_SLICE = 20
"""So many values of one slice are drawn, those with the most questions."""
LABEL = 26


def ranking(measured: Measured) -> str:
    """Return success@k and recall@k with their intervals."""
    series = (
        ("success_at", "any gold place found", ONE, "o", -0.07),
        ("recall_at", "gold places found", TWO, "s", 0.07),
    )
    if all(measured[f"{name}_{k}"]["value"] is None for name, *_ in series for k in CUTOFFS):
        return ""

    def draw(axes: Axes) -> None:
        for name, label, colour, marker, shift in series:
            found = [(place + shift, measured[f"{name}_{k}"]) for place, k in enumerate(CUTOFFS)]
            there = [(x, m) for x, m in found if m["value"] is not None]
            places = [x for x, _ in there]
            axes.vlines(places, [m["low"] for _, m in there], [m["high"] for _, m in there], color=colour, lw=1.5)
            axes.plot(places, [m["value"] for _, m in there], f"{marker}-", color=colour, label=label, lw=1, ms=5)
        axes.set_xticks(range(len(CUTOFFS)), [str(k) for k in CUTOFFS])
        axes.set(xlabel="passages", ylabel="share", ylim=(0, 1.03))
        axes.grid(axis="y")
        axes.legend(loc="lower right")

    return _svg("ranking", "success and recall by number of passages", HEIGHT, draw)


def reliability(rows: Sequence[Row]) -> str:
    """Return the share of right candidates against their probability, with the counts."""
    bins = measures.reliability(_column(rows, "probability"), _column(rows, "right"))

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], "--", color=INK, lw=0.8, alpha=0.6, label="if p were true")
        axes.plot(
            [p for p, _, _ in bins], [share for _, share, _ in bins], "o-", color=ONE, lw=1, ms=5, label="share right"
        )
        for p, share, count in bins:
            axes.annotate(
                str(count),
                (p, share),
                (0, 6),
                textcoords="offset points",
                ha="center",
                fontsize=7,
                annotation_clip=False,
            )
        axes.set(xlabel="probability p", ylabel="share right", xlim=(0, 1.03), ylim=(-0.03, 1.09))
        axes.grid()
        axes.legend(loc="upper left")

    return _svg("reliability", "share right by probability", HEIGHT, draw) if rows else ""


def risk_coverage(rows: Sequence[Row], threshold: float) -> str:
    """Return the share of wrong candidates by the share answered, surest first, the threshold's point marked."""
    if not rows:
        return ""
    probability, wrong = _column(rows, "probability"), 1 - _column(rows, "right")
    coverage, risk = measures.risk_coverage(probability, wrong)
    answered = probability >= threshold

    def draw(axes: Axes) -> None:
        axes.plot(coverage, risk, color=ONE, lw=1.5)
        if answered.any():
            share, lost = float(answered.mean()), float(wrong[answered].mean())
            label = f"threshold {threshold:.2f}: {share:.0%} answered, {lost:.0%} of it wrong"
            axes.plot([share], [lost], "D", color=TWO, ms=7, label=label)
            axes.legend(loc="best")
        axes.set(xlabel="share answered", ylabel="share of it wrong", xlim=(0, 1.03), ylim=(0, 1.03))
        axes.grid()

    return _svg("risk-coverage", "share wrong by share answered", HEIGHT, draw)


def probabilities(rows: Sequence[Row], threshold: float) -> str:
    """Return how many answerable and unanswerable questions have which probability, with the threshold."""
    kinds = (("answerable", ONE, True), ("unanswerable", TWO, False))
    parts = [
        (_column([row for row in rows if row["answerable"] == wanted], "probability"), label, colour)
        for label, colour, wanted in kinds
    ]
    filled = [(values, label, colour) for values, label, colour in parts if len(values)]

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        values, labels, colours = zip(*filled, strict=True)
        axes.hist(values, bins=20, range=(0, 1), color=colours, label=labels)
        axes.axvline(threshold, color=INK, ls="--", lw=1, label=f"threshold {threshold:.2f}")
        axes.set(xlabel="probability of the best candidate", ylabel="questions", xlim=(0, 1))
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(axis="y")
        axes.legend(loc="best")

    return _svg("probabilities", "probability of answerable and unanswerable questions", HEIGHT, draw) if filled else ""


def by_slice(slices: Mapping[str, Mapping[str, Measured]]) -> str:
    """Return answer_f1 with its interval by kind, wording, category and article, the number of questions beside it."""
    lines: list[tuple[str, Mapping[str, Any] | None]] = []
    for name, parts in slices.items():
        found = [(value, part[SLICED]) for value, part in parts.items() if part[SLICED]["value"] is not None]
        most = sorted(found, key=lambda pair: -int(pair[1]["n"]))[:PER_SLICE]
        if most:
            lines.append((name, None))
            lines.extend(pair for pair in found if pair in most)

    def draw(axes: Axes) -> None:
        dots = [(place, measured) for place, (_, measured) in enumerate(lines) if measured]
        places = [place for place, _ in dots]
        axes.hlines(places, [m["low"] for _, m in dots], [m["high"] for _, m in dots], color=ONE, lw=1.5)
        axes.plot([m["value"] for _, m in dots], places, "o", color=ONE, ms=5)
        labels = axes.set_yticks(range(len(lines)), [f"{_short(a)} ({m['n']})" if m else a for a, m in lines])
        for tick, (_, measured) in zip(labels, lines, strict=True):
            tick.label1.set_fontweight("normal" if measured else "bold")
        axes.set(xlabel=SLICED, xlim=(-0.03, 1.03), ylim=(len(lines) - 0.4, -0.6))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x")

    return _svg("slices", f"{SLICED} by slice", 0.8 + 0.2 * len(lines), draw) if lines else ""


def times(measured: Measured) -> str:
    """Return the median, 95th and 99th percentile of the time of each stage."""
    percentiles = ((50, ONE), (95, TWO), (99, THREE))
    stages = [(name, "latency" if name == "total" else name) for name in STAGES_TIMED]
    if any(measured[f"{stage}_ms_p{q}"]["value"] is None for _, stage in stages for q, _ in percentiles):
        return ""

    def draw(axes: Axes) -> None:
        for row, (q, colour) in enumerate(percentiles):
            values = [measured[f"{stage}_ms_p{q}"]["value"] for _, stage in stages]
            bars = axes.barh([place + 0.27 * (row - 1) for place in range(len(stages))], values, 0.25, color=colour)
            bars.set_label(f"p{q}")
            axes.bar_label(bars, [f"{value:.1f}" for value in values], padding=2, fontsize=7)
        axes.set_yticks(range(len(stages)), [name for name, _ in stages])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set(xlabel="milliseconds")
        axes.grid(axis="x")
        axes.legend(loc="best")

    return _svg("times", "time by stage", HEIGHT, draw)


def stages(rows: Sequence[Row]) -> str:
    """Return how many questions came out right and how many each stage lost."""
    counts = [sum(row["stage"] == stage for row in rows) for stage in STAGES]

    def draw(axes: Axes) -> None:
        from matplotlib.ticker import MaxNLocator

        bars = axes.barh(STAGES, counts, 0.6, color=[THREE, *[TWO] * (len(STAGES) - 1)])
        axes.bar_label(bars, [str(count) for count in counts], padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set(xlabel="questions")
        axes.grid(axis="x")

    return _svg("stages", "questions by outcome", 2.2, draw) if rows else ""


def _column(rows: Sequence[Row], name: str) -> Floats:
    return np.array([float(row["values"][name]) for row in rows])


def _short(label: str) -> str:
    """Return a label on one line, its end if it is long: that tells articles of one folder apart."""
    line = " ".join(label.split())
    return line if len(line) <= LABEL else f"…{line[1 - LABEL :]}"


def _svg(name: str, title: str, height: float, draw: Callable[[Axes], None]) -> str:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(), warnings.catch_warnings():
        # The font that measures the text lacks a glyph; the browser's will have it.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({**STYLE, "svg.hashsalt": name})
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.add_subplot())
        file = StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    return _inline(file.getvalue(), name, title)


def _inline(svg: str, name: str, title: str) -> str:
    """Make a file's SVG part of a page: without prolog, style sheet and size, its ids its own, its colours the page's.

    Angle brackets stand in no text and no attribute, since matplotlib escapes them, so that tags are told by them.
    """
    svg = re.sub(r"<defs>\s*<style\b.*?</style>\s*</defs>|<!--.*?-->", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    svg = re.sub(r"<[^>]+>", lambda tag: _tag(tag[0], name), svg)
    head, rest = svg.split(">", 1)
    head = re.sub(r' (width|height)="[^"]*"', "", head).replace("<svg", f'<svg role="img" aria-label="{escape(title)}"')
    return f"{head}>{rest}".strip()


def _tag(tag: str, name: str) -> str:
    tag = re.sub(r'(\sid="|url\(#|href="#)', rf"\g<1>{name}-", tag)
    tag = re.sub(r"; font-family: [^;\"]*", "", tag)
    for colour, shown in COLOURS.items():
        tag = tag.replace(colour, shown)
    return tag
