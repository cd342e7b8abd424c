"""A run as one HTML page that needs nothing else: figures, plots, slices, and every question that was lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from askpkcn.evaluation import plots
from askpkcn.evaluation.ranking import CUTOFFS, overlap
from askpkcn.evaluation.rows import ABSTAINED, ANSWERED_ANYWAY, MISREAD, NOT_RETRIEVED, Row
from askpkcn.evaluation.summary import IN_SLICES, LOWER_IS_BETTER, STAGES_TIMED

HEADLINE = (
    "success_at_5",
    "answer_f1",
    "quote_holds_gold",
    "article_right",
    "quote_exactness",
    "answerable_auroc",
    "abstain_recall",
    "ece",
    "latency_ms_p50",
)
LOST_SHOWN = 200
"""So many lost questions of a stage are shown, and so many values of a slice."""
NOTHING = "–"

MEASURES: Mapping[str, Mapping[str, str]] = {
    "Retrieval": {
        **{f"success_at_{k}": f"questions with a gold place among the first {k} passages" for k in CUTOFFS},
        **{f"recall_at_{k}": f"gold places that the first {k} passages hold, mean over questions" for k in CUTOFFS},
        "mrr_at_10": "one over the rank of the first passage with gold, 0 if below 10",
        "ndcg_at_10": "how high all gold places stand among the first 10",
        **{f"first_stage_success_at_{k}": f"success_at_{k} before the passages were read" for k in CUTOFFS},
        "first_stage_mrr_at_10": "mrr_at_10 before the passages were read",
    },
    "Answers": {
        "answer_em": "the first answer equals an acceptable one",
        "answer_f1": "words that the first answer shares with the nearest acceptable one",
        "quote_holds_gold": "a quote of the first answer is in a gold article and holds, or is held by, an answer",
        "article_right": "the first quote is from a gold article",
        "all_sides_shown": "where the golds differ: the share of them that is shown",
        "span_f1": "answer_f1 of the best candidate, given or not",
        "span_right": "quote_holds_gold of the best candidate, given or not",
        "quote_exactness": "quotes and sentences shown that stand in the article letter by letter",
    },
    "Abstention": {
        "answerable_auroc": "how often an answerable question is more probable than an unanswerable one",
        "aurc": "share of wrong candidates, mean over all shares answered",
        "abstain_precision": "of the questions not answered, those that the articles do not tell",
        "abstain_recall": "of the questions that the articles do not tell, those not answered",
        "ece": "gap between probability and share right",
    },
    "Time": {
        f"{measure}_ms_p{q}": f"{stage}, milliseconds, {'median' if q == 50 else f'{q}th percentile'}"
        for stage, measure in [("whole question", "latency"), *((name, name) for name in STAGES_TIMED[:-1])]
        for q in (50, 95, 99)
    },
}
"""A line on each measure; docs/evaluation.md defines them."""

LOST = {
    NOT_RETRIEVED: "No passage that was read holds a gold place.",
    MISREAD: "A gold place was retrieved, but it was not read, or another place was preferred.",
    ABSTAINED: "The best candidate was right, but its probability is under the threshold.",
    ANSWERED_ANYWAY: "The articles do not tell, but an answer was given.",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A measure as it is shown."""

    value: str
    interval: str
    n: int


@dataclass(frozen=True, slots=True)
class Marked:
    """A quote in its sentence; without the sentence, before and after are empty."""

    before: str
    quote: str
    after: str
    article: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A lost question: its golds, what was given or else rejected, and where its first gold stood."""

    row: Row
    split: int
    golds: tuple[Marked, ...]
    given: tuple[Marked, ...]
    others: tuple[str, ...]
    rejected: Marked | None
    found: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The questions that one stage lost; `left_out` of them are not shown."""

    name: str
    about: str
    lost: tuple[Lost, ...]
    left_out: int

    @property
    def anchor(self) -> str:
        """The name of its place in the page."""
        return f"lost-{self.name.replace(' ', '-')}"


@dataclass(frozen=True, slots=True)
class Slice:
    """The figures of one slice's values, in order of IN_SLICES; `left_out` values are not shown."""

    name: str
    parts: tuple[tuple[str, int, tuple[Figure, ...]], ...]
    left_out: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with what it shows; svg is empty where nothing counts."""

    title: str
    about: str
    svg: str


def render(metrics: dict[str, Any], rows: Sequence[Row]) -> str:
    """Return the page of a run, made of what its metrics.json and predictions.jsonl hold."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    splits = list(metrics["slices"])
    drawn = "test" if "test" in splits else next(iter(splits), None)
    environment = Environment(
        loader=PackageLoader("askpkcn.evaluation"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html").render(
        run=metrics["run"],
        facts=list(_facts(metrics)),
        missing=metrics["missing_articles"],
        splits={split: sum(row["split"] == split for row in rows) for split in splits},
        figures={split: {name: _figure(name, found) for name, found in metrics[split].items()} for split in splits},
        headline=HEADLINE,
        measures=MEASURES,
        lower_is_better=LOWER_IS_BETTER,
        drawn=drawn,
        plots=list(_plots(metrics, [row for row in rows if row["split"] == drawn], drawn)) if drawn else [],
        slices={split: [_slice(*part) for part in metrics["slices"][split].items() if part[1]] for split in splits},
        in_slices=IN_SLICES,
        stages=[_stage(name, rows, splits) for name in LOST],
        threshold=metrics["settings"]["threshold"],
        as_picture=Markup,
    )


def _facts(metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield name and text of what tells this run from another."""
    asked, machine, settings = metrics["questions"], metrics["machine"], metrics["settings"]
    yield "asked", f"{asked['count']} questions of {asked['source']}, on {machine['when']}"
    for split, count in metrics["counted_out"].items():
        yield f"counted out, {split}", f"{count} questions without gold, which count in no answer measure"
    yield "settings", f"{settings['passages']} passages looked at, threshold {settings['threshold']:.4f}"
    yield "index", ", ".join(_flat(metrics["index"]))
    yield "machine", ", ".join(_flat({name: value for name, value in machine.items() if name != "when"}))
    yield "time", ", ".join(f"{name} {value} s" for name, value in metrics["seconds"].items())


def _flat(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value)
        else:
            yield f"{name} {value}"


def _figure(name: str, measured: Mapping[str, Any]) -> Figure:
    places = 1 if "_ms_" in name else 3
    value, low, high = (
        NOTHING if x is None else f"{x:.{places}f}" for x in map(measured.get, ("value", "low", "high"))
    )
    return Figure(value, NOTHING if NOTHING in (low, high) else f"{low} … {high}", measured["n"])


def _plots(metrics: Mapping[str, Any], rows: Sequence[Row], split: str) -> Iterator[Plot]:
    threshold = metrics["settings"]["threshold"]
    yield Plot("What was lost where", "Questions by outcome; the list is below.", plots.stages(rows))
    yield Plot("Retrieval", "Success and recall at k, with 95 % intervals.", plots.ranking(metrics[split]))
    yield Plot(
        "Probability and truth",
        "How often the best candidate is right, by its probability; the numbers count questions.",
        plots.reliability(rows),
    )
    yield Plot(
        "Risk and coverage",
        "How much of the answers would be wrong if only the surest were given.",
        plots.risk_coverage(rows, threshold),
    )
    yield Plot(
        "Answerable or not",
        "The probability of the best candidate; right of the line it is given.",
        plots.probabilities(rows, threshold),
    )
    yield Plot("Time", "Milliseconds by stage of a question.", plots.times(metrics[split]))
    about = f"With 95 % intervals and the number of questions; at most {plots.PER_SLICE} values a slice, the largest."
    yield Plot(f"{plots.SLICED} by slice", about, plots.by_slice(metrics["slices"][split]))


def _slice(name: str, parts: Mapping[str, plots.Measured]) -> Slice:
    sized = [(value, max(found["n"] for found in part.values()), part) for value, part in parts.items()]
    most = {value for value, *_ in sorted(sized, key=lambda part: -part[1])[:LOST_SHOWN]}
    shown = ((value, n, tuple(_figure(m, part[m]) for m in IN_SLICES)) for value, n, part in sized if value in most)
    return Slice(name, tuple(shown), len(parts) - len(most))


def _stage(name: str, rows: Sequence[Row], splits: Sequence[str]) -> Stage:
    lost = [row for row in rows if row["stage"] == name]
    shown = tuple(_lost(row, splits.index(row["split"])) for row in lost[:LOST_SHOWN])
    return Stage(name, LOST[name], shown, len(lost) - len(shown))


def _lost(row: Row, split: int) -> Lost:
    groups, best = row["answer"]["groups"], row["best"]
    return Lost(
        row=row,
        split=split,
        golds=tuple(_marked(g["quote"], g, g["article"], "" if g["sentence"] else "not indexed") for g in row["gold"]),
        given=tuple(_marked(q["text"], q, q["article"]["id"], _chance(q)) for g in groups[:1] for q in g["quotes"]),
        others=tuple(f"{group['text']} ({_chance(group)})" for group in groups[1:]),
        rejected=_marked(best["text"], best, best["article"], _chance(best)) if best and not groups else None,
        found=_found(row),
    )


def _chance(given: Mapping[str, Any]) -> str:
    return f"probability {given['probability']:.2f}"


def _marked(quote: str, place: Mapping[str, Any], article: str, note: str) -> Marked:
    """Mark a quote in its sentence; both have their offsets in the article."""
    sentence = place["sentence"]
    if not sentence or not sentence["start"] <= place["start"] <= place["end"] <= sentence["end"]:
        return Marked("", quote, "", article, note)
    text, start, end = sentence["text"], place["start"] - sentence["start"], place["end"] - sentence["start"]
    return Marked(text[:start], text[start:end], text[end:], article, note)


def _found(row: Row) -> str:
    """Say where the first passage with gold stood; nothing for a question without gold."""
    if not row["gold"]:
        return ""
    hits = row["hits"]
    for rank, hit in enumerate(hits, 1):
        if any(overlap(gold, hit) for gold in row["gold"]):
            return f"rank {rank} of {len(hits)}"
    return f"not among the {len(hits)} hits"
