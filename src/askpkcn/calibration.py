"""Scores to one probability, by a fitted logistic regression (Platt 1999, "Probabilistic Outputs for Support Vector
Machines and Comparisons to Regularized Likelihood Methods", extended to several scores).
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from askpkcn.errors import ModelError
from askpkcn.evidence import Evidence
from askpkcn.types import Hit, Span

FILE = Path(__file__).parent / "models" / "reader" / "calibration.json"


def features(hit: Hit, span: Span, best: float, form: float, evidence: Evidence) -> dict[str, float]:
    """Return what the probability depends on, by name.

    best is the highest margin of all spans of the question, form what `expected.fits` says of the span.
    """
    return {
        "margin": _squash(span.margin),
        "score": span.score / 10,
        "behind": min(best - span.margin, 12.0) / 10,
        "similarity": hit.dense.score if hit.dense else 0.0,
        "form": form,
        "keyword_rank": 1 / hit.keyword.rank if hit.keyword else 0.0,
        "missing_near": min(evidence.missing_near, 3),
        "missing_passage": min(evidence.missing_passage, 3),
        "missing_article": min(evidence.missing_article, 3),
        "rivals": min(evidence.rivals, 3),
        "overlap": evidence.overlap,
    }


def _squash(margin: float) -> float:
    """Bring a margin, in logits from about -25 to 25, near [-1, 1], steepest where the decision lies."""
    return math.tanh(margin / 10)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Weights by feature name, a bias, and the probability under which the answer is "not in these articles"."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    @classmethod
    def load(cls, file: Path = FILE) -> Calibration:
        """Read a fitted calibration. Raises ModelError if the file is none."""
        try:
            fields = json.loads(file.read_text(encoding="utf-8"))
            weights = {str(name): float(weight) for name, weight in dict(fields["weights"]).items()}
            return cls(weights, float(fields["bias"]), float(fields["threshold"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelError(f"{file} is no calibration ({error!r}); reinstall askpkcn") from error

    def probability(self, values: Mapping[str, float]) -> float:
        """Return the probability, 0 to 1, that the span answers the question."""
        logit = self.bias + sum(weight * values[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-30.0, min(30.0, logit))))
