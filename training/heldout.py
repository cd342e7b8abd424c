"""Print the ids of questions never trained on, one a line, for `askpkcn eval --squad FILE --ids IDS`:
`python -m training.heldout --file FILE.json.gz [--split test] > IDS`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from training.corpus import paragraphs_of, split_of


def main() -> None:
    """Print the ids."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, required=True)
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    options = parser.parse_args()
    for text, questions in paragraphs_of(options.file):
        if split_of(text) == options.split:
            print("\n".join(question["id"] for question in questions))


if __name__ == "__main__":
    main()
