"""The command line: `askpkcn ask`, `search`, `articles`, `show`.

What writes an index is in cli_index, `eval` in cli_eval, `serve` in cli_serve.

Exit codes: 0 answered (or done), 1 the articles hold no answer, 2 an error, told in one line on stderr.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askpkcn import cli_eval, cli_index, cli_serve
from askpkcn.console import (
    ANSWERED,
    DEFAULT_INDEX,
    ERROR,
    NO_ANSWER,
    IndexOption,
    JsonOption,
    complain,
    emit,
    open_console,
)
from askpkcn.errors import AskpkcnError, QuestionError
from askpkcn.text import normalise
from askpkcn.types import MAX_GROUPS, PASSAGES_READ, Filters, Source

if TYPE_CHECKING:
    from askpkcn.engine import Engine

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Answers questions from a collection of articles with verbatim, cited quotes.",
)

OutletOption = Annotated[list[str] | None, typer.Option("--outlet", help="Only this outlet's articles; repeatable.")]
FromOption = Annotated[str | None, typer.Option("--from", metavar="DATE", help="Published on or after YYYY-MM-DD.")]
ToOption = Annotated[str | None, typer.Option("--to", metavar="DATE", help="Published on or before YYYY-MM-DD.")]

for command in (cli_index.index, cli_index.verify, cli_index.snapshots, cli_index.rollback, cli_index.prune):
    app.command()(command)
app.add_typer(cli_eval.app, name="eval")
app.add_typer(cli_serve.app, name="serve")


@app.callback(invoke_without_command=True)
def _options(version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    if version:
        from importlib import metadata

        print(f"askpkcn {metadata.version('askpkcn')}")  # noqa: T201
        raise typer.Exit(ANSWERED)


@app.command()
def ask(
    question: Annotated[str | None, typer.Argument(help="Without it, one question a line from stdin.")] = None,
    index: IndexOption = DEFAULT_INDEX,
    outlet: OutletOption = None,
    first: FromOption = None,
    last: ToOption = None,
    groups: Annotated[
        int, typer.Option("--groups", min=1, help="Show at most so many differing answers.")
    ] = MAX_GROUPS,
    passages: Annotated[
        int, typer.Option("--passages", min=1, max=200, help="Look at so many passages.")
    ] = PASSAGES_READ,
    as_json: JsonOption = False,
) -> int:
    """Answer a question with verbatim quotes, or say that the articles don't tell."""
    filters = _filters(outlet, first, last)
    if question is not None:
        from askpkcn.engine import check_question

        check_question(question)  # before anything is loaded
    questions: Iterable[str] = [question] if question is not None else _lines()
    worst = ANSWERED
    console = open_console()
    with _open(index) as engine:
        _tell_undated(engine, filters)
        for each in questions:
            try:
                answer = engine.ask(each, filters, max_groups=groups, passages=passages)
            except QuestionError as error:
                if question is not None:
                    raise
                complain(f"error: {error}")
                worst = ERROR
                continue
            worst = max(worst, ANSWERED if answer.answered else NO_ANSWER)
            if as_json:
                from askpkcn import schema

                emit(schema.answer(answer, engine.article))
            else:
                from askpkcn import render

                if question is None:
                    console.print(f"\n{answer.question}", style="bold", markup=False, soft_wrap=True)
                render.answer(answer, console)
    return worst


@app.command()
def search(
    question: Annotated[str, typer.Argument(help="Words or a question.")],
    index: IndexOption = DEFAULT_INDEX,
    outlet: OutletOption = None,
    first: FromOption = None,
    last: ToOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="Show this many passages.")] = 10,
    as_json: JsonOption = False,
) -> int:
    """Show the passages that a question finds, with their rank and score in both rankings.

    The dense score is the mean of two cosine similarities to the question, the passage's and its best sentence's; the
    keyword score is BM25.
    """
    from askpkcn import render, schema

    filters = _filters(outlet, first, last)
    with _open(index) as engine:
        _tell_undated(engine, filters)
        hits = engine.search(question, filters, limit)
        found = [(hit, source) for hit in hits if (source := engine.source(hit.passage.article_id))]
        if as_json:
            rows = schema.hits(found, engine.article)
            emit({"question": question, "hits": rows, "snapshot": engine.snapshot})
        else:
            render.hits(found, open_console())
    return ANSWERED if found else NO_ANSWER


@app.command()
def articles(
    index: IndexOption = DEFAULT_INDEX,
    check: Annotated[bool, typer.Option("--check", help="List what is unknown of each article instead.")] = False,
    duplicates: Annotated[
        bool, typer.Option("--duplicates", help="List the stories that stand in several articles instead.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """List the articles of the index."""
    from askpkcn import render, schema

    if check and duplicates:
        raise QuestionError("--check and --duplicates are two lists; ask for one of them")
    with _open(index) as engine:
        if duplicates:
            _duplicates(engine, as_json)
            return ANSWERED
        rows = list(engine.articles())
        if check:
            _check([source for source, _ in rows], engine.snapshot, as_json)
        elif as_json:
            listed = [{**schema.source(source), "passages": count} for source, count in rows]
            emit({"articles": listed, "snapshot": engine.snapshot})
        else:
            console = open_console()
            for source, count in rows:
                line = f"{source.id}: {render.about(source)} ({count} passages)"
                console.print(line, markup=False, soft_wrap=True)
    return ANSWERED


def _duplicates(engine: Engine, as_json: bool) -> None:
    from askpkcn import render, schema

    if as_json:
        emit({"stories": schema.stories(engine.stories()), "snapshot": engine.snapshot})
        return
    console = open_console()
    count = render.stories(engine.stories(), console)
    told = {0: "no story stands", 1: "1 story stands"}.get(count, f"{count:,} stories stand")
    console.print(f"{told} in several articles", markup=False, soft_wrap=True)


def _check(sources: list[Source], snapshot: str, as_json: bool) -> None:
    from askpkcn.unknown import unknown_of

    unknown = {source.id: unknown_of(source) for source in sources}
    if as_json:
        emit({"articles": [{"id": id, "unknown": names} for id, names in unknown.items()], "snapshot": snapshot})
        return
    console = open_console()
    for id, names in unknown.items():
        if names:
            console.print(f"{id}: {', '.join(names)} unknown", markup=False, soft_wrap=True)
    lacking = sum(map(bool, unknown.values()))
    told = f"{lacking} of {len(unknown)} articles lack something"
    console.print(told + ("; set it in articles.toml" if lacking else ""), markup=False, soft_wrap=True)


@app.command()
def show(
    article: Annotated[str, typer.Argument(metavar="ARTICLE", help="The id of an article.")],
    index: IndexOption = DEFAULT_INDEX,
    quote: Annotated[str | None, typer.Option("--quote", metavar="START:END", help="Mark these offsets.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Show an article, with the quote marked when given its offsets."""
    from askpkcn import render, schema

    with _open(index) as engine:
        found = engine.article(normalise(article))
        if found is None:
            raise QuestionError(f"there is no article {article!r} in {index}; `askpkcn articles` lists them")
        span = _span(quote, len(found.text))
        if as_json:
            emit(schema.article(found, span))
        else:
            render.article(found, span, open_console())
    return ANSWERED


def _open(index: Path) -> Engine:
    from askpkcn.engine import Engine

    return Engine(index)


def _filters(outlets: list[str] | None, first: str | None, last: str | None) -> Filters:
    filters = Filters(tuple(map(normalise, outlets or ())), _date(first, "--from"), _date(last, "--to"))
    if filters.first and filters.last and filters.first > filters.last:
        raise QuestionError(f"--from {first} is after --to {last}; swap them")
    return filters


def _tell_undated(engine: Engine, filters: Filters) -> None:
    """Say how many articles a range of dates leaves out because theirs is unknown."""
    if (filters.first or filters.last) and (undated := engine.undated(filters)):
        articles = "1 article without a date was" if undated == 1 else f"{undated:,} articles without a date were"
        complain(f"note: {articles} left out by the range of dates; `askpkcn articles --check` lists them")


def _date(text: str | None, option: str) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise QuestionError(f"{option} {text!r} is no date; write YYYY-MM-DD") from error


def _span(quote: str | None, length: int) -> tuple[int, int] | None:
    if quote is None:
        return None
    parts = quote.split(":")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
        raise QuestionError(f"--quote {quote!r} is no pair of offsets; write START:END")
    start, end = int(parts[0]), int(parts[1])
    if not start < end <= length:
        raise QuestionError(f"--quote {quote} is no range of the article, which has {length:,} characters")
    return start, end


def _lines() -> Iterable[str]:
    if sys.stdin.isatty():
        complain("asking from the keyboard: one question a line, Ctrl-D ends")
    return (line for line in sys.stdin if line.strip())


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # any bytes can be asked, and any text printed, in any locale
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; every expected error is one line on stderr."""
    try:
        code = app(arguments or ["--help"], standalone_mode=False)
        return code if isinstance(code, int) else ANSWERED
    except AskpkcnError as error:
        complain(f"error: {error}")
    except typer.Abort:
        return 130
    except typer.TyperException as error:
        message = error.format_message() if isinstance(error, typer.BadParameter) else str(error)
        complain(f"error: {message.rstrip('.')}; see `askpkcn --help`")
    except BrokenPipeError:
        # The reader of our output has left (`| head`): no error, and nothing more to flush into its pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ANSWERED
    except OSError as error:
        why = error.strerror or type(error).__name__
        complain(f"error: {error.filename or 'a file'}: {why}; check the path and its permissions")
    return ERROR
