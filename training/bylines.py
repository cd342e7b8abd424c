"""Made passages that open with a title and a byline: users ask who wrote a piece, and the data never does."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator

from training.corpus import Corpus

GIVEN = (
    "Ayesha Bilal Chen Deepa Elena Farah Gul Hamid Ines James Kamran Li Mahnoor Nadia Omar Peter Qasim Rabia Sana "
    "Tariq Umar Victoria Wei Xin Yasmin Zara Arif Hina Imran Saad Maria John Anna David Noor Ravi Sunil Fatima Ali"
).split()
FAMILY = (
    "Ahmed Baig Chaudhry Dawood Evans Farooqi Ghani Haider Iqbal Johnson Khan Lodhi Mirza Naqvi Osman Park Qureshi "
    "Raza Siddiqui Tanaka Usmani Verma Wang Xu Yousafzai Zaidi Zhang Liu Smith Brown Miller Garcia Novak Kumar Shah"
).split()
ASKED = (
    "Who wrote the piece on {topic}?",
    "Who wrote the article about {topic}?",
    "Who is the author of the article on {topic}?",
    "Who reported on {topic}?",
    "Which journalist wrote about {topic}?",
    "Whose byline is on the report about {topic}?",
    "Who is the writer of the story on {topic}?",
    "Who wrote this?",
    "Name the author of the piece about {topic}.",
)


def examples(corpus: Corpus, count: int, rng: random.Random) -> Iterator[tuple[str, str, tuple[int, int] | None]]:
    """Yield (question, passage, character span of the author or None where the passage has no byline)."""
    pool = [p for p in corpus.paragraphs if p.split == "train" and p.file != "policyqa_test" and len(p.text) > 200]
    for _ in range(count):
        paragraph = rng.choice(pool)
        sentences = re.split(r"(?<=[.!?]) ", paragraph.text)
        words = re.findall(r"[\w'-]+", rng.choice(sentences))[: rng.randint(4, 9)]
        topic = " ".join(words)
        title = topic.title() if rng.random() < 0.6 else topic
        author = rng.choice(GIVEN) + (f" {rng.choice(FAMILY)}" if rng.random() < 0.9 else "")
        body = paragraph.text[: rng.randint(120, 700)].rsplit(" ", 1)[0]
        question = rng.choice(ASKED).format(topic=topic)
        if rng.random() < 0.4:
            yield question, f"{title}\n\n{body}", None
            continue
        head = f"{title}\n\n{rng.choice(('By ', 'By ', 'by ', 'Written by '))}"
        yield question, f"{head}{author}\n\n{body}", (len(head), len(head) + len(author))
