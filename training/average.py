"""Average two readers' weights: `python -m training.average FIRST.safetensors SECOND.safetensors --share 0.7`.

Between a model and its fine-tuned self, averages often keep more of both than either (Wortsman et al. 2022, "Robust
fine-tuning of zero-shot models").
"""

from __future__ import annotations

import argparse
from pathlib import Path

from safetensors.torch import load_file, save_file


def main() -> None:
    """Write SHARE of the second and the rest of the first to WORK/reader.safetensors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first", type=Path)
    parser.add_argument("second", type=Path)
    parser.add_argument("--share", type=float, default=0.7, help="of the second")
    parser.add_argument("--into", type=Path, default=Path(__file__).parent / "work" / "reader.safetensors")
    options = parser.parse_args()
    first, second = load_file(options.first), load_file(options.second)
    made = {name: (1 - options.share) * first[name] + options.share * second[name] for name in first}
    save_file(made, options.into)


if __name__ == "__main__":
    main()
