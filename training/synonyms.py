"""Write the table of substitutes for the words of the training questions: WordNet's synonyms and hypernyms, inflected
like the word, and near neighbours among the corpus' words; both only where the encoder finds them near in meaning.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import lemminflect
import numpy as np
from sentence_transformers import SentenceTransformer

from training.corpus import Corpus
from training.wording import CLOSED, STOP, Neighbours, antonyms, build_neighbours

LEAST_SIMILARITY = 0.66
"""Of two words of the corpus that only their vectors connect."""
LEAST_SYNONYM = 0.45
"""Of a word and a synonym: the senses of a word that the corpus does not mean are mostly farther off."""
MOST = 9
TAGS = {"NOUN": ("NN", "NNS"), "VERB": ("VB", "VBD", "VBG", "VBZ", "VBN"), "ADJ": ("JJ",), "ADV": ("RB",)}
FILES = {"NOUN": "noun", "VERB": "verb", "ADJ": "adj", "ADV": "adv"}
SENSES = 4


class WordNet:
    """The first senses of a lemma: its synonyms, and the words one step more general."""

    def __init__(self, folder: Path) -> None:
        self._index: dict[str, dict[str, list[str]]] = {}
        self._data: dict[str, dict[str, tuple[list[str], list[str]]]] = {}
        for pos, name in FILES.items():
            rows = (line.split() for line in (folder / f"index.{name}").read_text("utf-8").splitlines())
            self._index[pos] = {row[0]: row[-int(row[2]) :][:SENSES] for row in rows if row and row[0][0].isalpha()}
            self._data[pos] = dict(_synsets((folder / f"data.{name}").read_text("utf-8")))

    def near(self, lemma: str, pos: str) -> Iterator[str]:
        """Yield the lemmas near a lemma, phrases among them."""
        for sense, offset in enumerate(self._index[pos].get(lemma, ())):
            words, above = self._data[pos][offset]
            yield from words
            for other in above if sense < 2 else ():
                yield from self._data[pos][other][0]


def _synsets(text: str) -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
    for line in text.splitlines():
        if line[:1].isdigit():
            fields = line.split("|")[0].split()
            count = int(fields[3], 16)
            words = [re.sub(r"\(.*\)", "", w).replace("_", " ") for w in fields[4 : 4 + 2 * count : 2]]
            pointers = fields[5 + 2 * count :]
            above = [pointers[i + 1] for i in range(0, len(pointers) - 3, 4) if pointers[i] == "@"]
            yield fields[0], ([w for w in words if w.islower()], above)


def synonyms(corpus: Corpus, model: Path, wordnet: Path | None, cache: Path) -> Neighbours:
    """Return the table, from the cache where it exists. Raises ValueError if it does not and `wordnet` is None."""
    if not cache.exists():
        if wordnet is None:
            raise ValueError("name WordNet's folder with --wordnet (Debian: package wordnet-base, /usr/share/wordnet)")
        table = _table(corpus, SentenceTransformer(str(model), device="cpu"), WordNet(wordnet))
        partial = cache.with_suffix(".partial")
        rows = ("\t".join((w, *near)) + "\n" for w, near in sorted(table.items()))
        partial.write_text("".join(rows), encoding="utf-8")
        partial.replace(cache)
    return Neighbours.load(cache)


def _table(corpus: Corpus, encoder: SentenceTransformer, wordnet: WordNet) -> dict[str, list[str]]:
    counts: Counter[str] = Counter()
    for paragraph in corpus.paragraphs:
        counts.update(re.findall(r"(?<=[a-z,] )[a-z]{3,}\b", paragraph.text))
    asked: Counter[str] = Counter()
    for question in corpus.questions:
        asked.update(re.findall(r"(?<= )[a-z]{3,}\b", question.text))
    common = sorted(w for w, n in (counts + asked).items() if n >= 6 and w not in STOP)
    near = build_neighbours(common, encoder.encode(common, batch_size=512), LEAST_SIMILARITY)
    banned = antonyms() | {frozenset((a.lower(), b.lower())) for family in CLOSED for a in family for b in family}
    pairs = [
        (word, other)
        for word in sorted(w for w, n in asked.items() if w not in STOP and (n > 1 or w in counts))
        for other in sorted(set(_forms(word, wordnet)))
        if all(part in counts for part in other.split()) and frozenset((word, other)) not in banned
    ]
    texts = sorted({text for pair in pairs for text in pair})
    row = {text: i for i, text in enumerate(texts)}
    vectors = encoder.encode(texts, batch_size=512)
    likeness = (vectors[[row[a] for a, _ in pairs]] * vectors[[row[b] for _, b in pairs]]).sum(axis=1)
    scored: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for (word, other), value in zip(pairs, likeness, strict=True):
        if value >= LEAST_SYNONYM:
            scored[word].append((float(np.float32(value)), other))
    table = {word: [other for _, other in sorted(found, reverse=True)[:MOST]] for word, found in scored.items()}
    for word, others in near.of.items():
        table[word] = list(dict.fromkeys([*table.get(word, ()), *others]))
    return table


def _forms(word: str, wordnet: WordNet) -> Iterator[str]:
    """Yield what can stand in a word's place, in the word's own inflection."""
    for pos, lemmas in lemminflect.getAllLemmas(word).items():
        for lemma in lemmas if pos in TAGS else ():
            tags = [tag for tag in TAGS[pos] if word in lemminflect.getInflection(lemma, tag)]
            for other in wordnet.near(lemma, pos) if tags else ():
                parts = other.split()
                if len(parts) > 2 or lemma in parts or word in parts or "-" in other:
                    continue
                at = 0 if pos == "VERB" else -1
                parts[at] = next(iter(lemminflect.getInflection(parts[at], tags[0])), parts[at])
                yield " ".join(parts)
