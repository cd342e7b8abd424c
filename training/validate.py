"""Quick measures on the validation paragraphs while training runs."""

from __future__ import annotations

import random

import numpy as np
import torch

from askpkcn.evaluation.measures import f1
from askpkcn.reader import best_span
from training.corpus import Corpus
from training.examples import Example, Maker, collate
from training.measures import auroc
from training.model import SpanReader
from training.wording import near_miss


def validate(reader: SpanReader, corpus: Corpus, maker: Maker, found: np.ndarray, limit: int) -> dict[str, float]:
    """Return F1 by file and two AUROCs over up to `limit` validation questions of each file."""
    measures: dict[str, float] = {}
    rng = random.Random(7)
    kept: dict[str, list[float]] = {"right": [], "retrieved": [], "near": []}
    for file in ("new_wiki", "reddit", "amazon"):
        chosen = corpus.of("validation", file)[:limit]
        right, retrieved, near = [], [], []
        for i in chosen:
            question = corpus.questions[i]
            paragraph = corpus.paragraphs[question.paragraph]
            answers = corpus.answers(question)
            right.append(Example(maker.tokens(question.text), paragraph.ids, None))
            below = [a.lower() for a in answers]
            for j in found[i]:
                if j >= 0 and j != question.paragraph and not any(a in maker.lower[j] for a in below):
                    retrieved.append(Example(right[-1].question, corpus.paragraphs[j].ids, None))
                    break
            missed = near_miss(question.text, paragraph.text, maker.pool, answers, rng)
            if missed != question.text:
                near.append(Example(maker.tokens(missed), paragraph.ids, None))
        results = read(reader, right)
        texts = []
        for i, (low, high, _, _) in zip(chosen, results, strict=True):
            paragraph = corpus.paragraphs[corpus.questions[i].paragraph]
            texts.append(paragraph.text[paragraph.starts[low] : paragraph.ends[high]])
        golds = [corpus.answers(corpus.questions[i]) for i in chosen]
        measures[f"f1_{file}"] = float(np.mean([f1(t, g) for t, g in zip(texts, golds, strict=True)]))
        kept["right"] += [span - null for _, _, span, null in results]
        kept["retrieved"] += [span - null for _, _, span, null in read(reader, retrieved)]
        kept["near"] += [span - null for _, _, span, null in read(reader, near)]
    for sort in ("retrieved", "near"):
        measures[f"auroc_{sort}"] = auroc(np.array(kept["right"]), np.array(kept[sort]))
    measures["right_over_null"] = float(np.mean(np.array(kept["right"]) > 0))
    measures |= _written(reader, maker)
    return {name: round(value, 4) for name, value in measures.items()}


def _written(reader: SpanReader, maker: Maker) -> dict[str, float]:
    """Return F1 on the written questions that their texts answer, and AUROC against those that they do not."""
    corpus = maker.written
    chosen = corpus.of("validation")
    if not chosen:
        return {}
    asked = [corpus.questions[i] for i in chosen]
    results = read(reader, [Example(maker.tokens(q.text), corpus.paragraphs[q.paragraph].ids, None) for q in asked])
    told, silent, right = [], [], []
    for question, (low, high, span, null) in zip(asked, results, strict=True):
        paragraph = corpus.paragraphs[question.paragraph]
        if question.answers:
            right.append(f1(paragraph.text[paragraph.starts[low] : paragraph.ends[high]], corpus.answers(question)))
            told.append(span - null)
        else:
            silent.append(span - null)
    return {"f1_written": float(np.mean(right)), "auroc_written": auroc(np.array(told), np.array(silent))}


def read(reader: SpanReader, examples: list[Example]) -> list[tuple[int, int, float, float]]:
    """Return (first token, last token, span score, null score) in passage tokens for each example, in order."""
    was_training = reader.training
    reader.eval()
    order = sorted(range(len(examples)), key=lambda i: examples[i].length)
    results: dict[int, tuple[int, int, float, float]] = {}
    with torch.inference_mode():
        for at in range(0, len(order), 24):
            part = order[at : at + 24]
            batch = collate([[examples[i]] for i in part])
            logits = reader(batch.ids, batch.types, batch.real).numpy()
            for row, i in enumerate(part):
                one = np.zeros(len(examples[i].passage), dtype=np.int32)
                shift = len(examples[i].question) + 2
                last = shift + len(examples[i].passage)
                low, high, span = best_span(logits[row, shift:last, 0], logits[row, shift:last, 1], one)
                results[i] = (low, high, span, float(logits[row, 0].sum()))
    reader.train(was_training)
    return [results[i] for i in range(len(examples))]
