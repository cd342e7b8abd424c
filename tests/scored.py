"""Rows of an evaluation run, as `askpkcn.evaluation.rows` makes them, without an engine."""

from typing import Any

from askpkcn.evaluation import rows, summary


def row(
    id: str,
    *,
    answerable: bool = True,
    right: bool = True,
    given: bool = True,
    found: bool = True,
    p: float = 0.9,
    ms: float = 40.0,
    **changed: Any,
) -> rows.Row:
    """Make the row of a question whose answer is "1951": whether it was found, and given, and right."""
    text = "1951" if right and answerable else "1950"
    article = {"id": "a.md"}
    quote = {"article": article, "text": text, "start": 10, "end": 14, "probability": p}
    quote["sentence"] = {"text": text, "start": 10, "end": 14}
    values: dict[str, float | None] = {
        "probability": p,
        "right": float(right and answerable),
        "abstained": float(not given),
        "quote_exactness": 1.0 if given else None,
    }
    if answerable:
        lookup = {"span_f1": right, "span_right": right}
        values |= {name: float(found) for name in summary.MEANS if "_at_" in name}
        values |= {name: float(lookup.get(name, right and given)) for name in summary.MEANS if name not in values}
        values["all_sides_shown"] = None
    made = {
        "id": id,
        "question": f"When was {id}?",
        "split": "test",
        "kind": "when",
        "wording": "near",
        "category": "plain" if answerable else "not told",
        "answerable": answerable,
        "answers": ["1951"] if answerable else [],
        "gold": [{"article": "a.md", "quote": "1951", "start": 10, "end": 14, "sentence": None}] * answerable,
        "answer": {
            "answered": given,
            "groups": [{"text": text, "probability": p, "quotes": [quote]}] if given else [],
            "timings_ms": {"encode": ms / 4, "retrieve": ms / 8, "read": ms / 2, "decide": ms / 8, "total": ms},
        },
        "best": {"article": "a.md", "text": text, "start": 10, "end": 14, "probability": p},
        "hits": [{"article": "a.md" if found else "b.md", "start": 0, "end": 50, "score": 0.1, "retrieved": 1}],
        "values": values,
    }
    made["stage"] = rows.stage(made)
    return made | changed
