"""What all commands share: exit codes, common options, and one way to print."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

ANSWERED, NO_ANSWER, ERROR = 0, 1, 2
DEFAULT_INDEX = Path("index")

IndexOption = Annotated[
    Path, typer.Option("--index", envvar="ASKPKCN_INDEX", metavar="DIR", help="The folder of the index.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else to stdout.")]


def open_console(stderr: bool = False) -> Console:
    """Return a console for stdout or stderr that colours nothing of its own."""
    from rich.console import Console

    class PipeConsole(Console):
        def on_broken_pipe(self) -> None:
            """Leave it to `run`, rather than exit with 1, which says "no answer" here."""
            raise BrokenPipeError

    return PipeConsole(stderr=stderr, highlight=False)


def emit(value: dict[str, Any]) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Print one line to stderr."""
    sys.stderr.write(" ".join(line.split()) + "\n")
