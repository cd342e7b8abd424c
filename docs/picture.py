"""Draw docs/ask.svg, the README's picture, from a real answer: `python docs/picture.py [INDEX]`."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from askpkcn import render
from askpkcn.engine import Engine

QUESTIONS = ("How many agreements did Kakar sign in China?", "How many agreements did Kakar sign in Japan?")


def main() -> None:
    """Ask and draw."""
    index = Path(sys.argv[1] if len(sys.argv) > 1 else "index")
    console = Console(record=True, width=104, file=io.StringIO(), force_terminal=True, highlight=False)
    with Engine(index) as engine:
        for question in QUESTIONS:
            console.print(Text(f'$ askpkcn ask "{question}"', style="green"))
            render.answer(engine.ask(question), console)
            console.print()
    svg = console.export_svg(title="askpkcn")
    # The fonts that rich links to are on the network; a reader's own monospace does.
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    (Path(__file__).parent / "ask.svg").write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
