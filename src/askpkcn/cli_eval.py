"""The command line's evaluation: `askpkcn eval`, and under it `check`, `locate` and `compare`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from askpkcn.console import ANSWERED, DEFAULT_INDEX, NO_ANSWER, IndexOption, JsonOption, complain, emit, open_console
from askpkcn.errors import EvaluationError
from askpkcn.types import PASSAGES_READ

if TYPE_CHECKING:
    from askpkcn.engine import Engine
    from askpkcn.evaluation.questions import Problem, Question

QUESTIONS = Path("eval/questions.jsonl")
RESULTS = Path("eval/results")
EXTRA = "install them with `pip install 'askpkcn[eval]'`"

app = typer.Typer(add_completion=False, help="Score the engine on questions whose answers are known.")

QuestionsOption = Annotated[Path, typer.Option("--questions", metavar="FILE", help="Hand-written questions.")]
SplitOption = Annotated[str, typer.Option("--split", help="dev or test.")]


@app.callback(invoke_without_command=True)
def evaluate(
    context: typer.Context,
    index: IndexOption = DEFAULT_INDEX,
    questions: QuestionsOption = QUESTIONS,
    squad: Annotated[
        Path | None,
        typer.Option("--squad", metavar="FILE", help="Ask a SQuAD file instead; its paragraphs are indexed."),
    ] = None,
    ids: Annotated[
        Path | None, typer.Option("--ids", metavar="FILE", help="Ask only the questions with these ids, one a line.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder of all runs.")] = RESULTS,
    run: Annotated[
        str | None, typer.Option("--run", metavar="NAME", help="The run's name; the time unless told.")
    ] = None,
    passages: Annotated[
        int, typer.Option("--passages", min=1, max=200, help="Look at so many passages.")
    ] = PASSAGES_READ,
    fail_under: Annotated[
        list[str] | None,
        typer.Option("--fail-under", metavar="MEASURE=VALUE", help="Exit 1 if a measure is worse; repeatable."),
    ] = None,
    split: SplitOption = "test",
    as_json: JsonOption = False,
) -> int:
    """Ask questions whose answers are known; write metrics, predictions and a report."""
    if context.invoked_subcommand is not None:
        return ANSWERED
    _need_extra()
    from askpkcn.engine import Engine
    from askpkcn.evaluation.run import evaluate as evaluate_all

    floors = _floors(fail_under or [])
    folder = out / _run_name(run)
    if squad is not None:
        opened, asked, source = _squad(squad, out)
    else:
        from askpkcn.evaluation.questions import check, load

        asked, source = load(questions), str(questions)
        opened = Engine(index)
    with opened as engine:
        if squad is None:
            # A question about an article that the index lacks is asked all the same, and counts as lost.
            _stop_at([problem for problem in check(asked, _text_of(engine)) if not problem.absent], questions)
        asked = _only(asked, ids)
        if not any(question.split == split for question in asked) and floors:
            raise EvaluationError(f"--fail-under needs questions of the split {split!r}; choose another --split")
        metrics = _with_bar(evaluate_all, engine, asked, folder, source, passages)
    for article in metrics["missing_articles"]:
        complain(f"warning: the index lacks {article}; its questions count as lost")
    if as_json:
        emit(metrics)
    else:
        _print(metrics, folder)
    return _judge(metrics.get(split, {}), floors)


@app.command()
def check(index: IndexOption = DEFAULT_INDEX, questions: QuestionsOption = QUESTIONS) -> int:
    """Prove a questions file: every gold quote at its offsets, ids unique, no question twice."""
    from askpkcn.engine import Engine
    from askpkcn.evaluation.questions import check as faults
    from askpkcn.evaluation.questions import load

    asked = load(questions)
    with Engine(index) as engine:
        found = faults(asked, _text_of(engine))
    for problem in found:
        complain(f"{questions}: {problem}")
    answerable = sum(question.answerable for question in asked)
    verdict = f"{len(found)} problems" if found else "all good"
    _say(f"{questions}: {answerable} answerable and {len(asked) - answerable} unanswerable questions, {verdict}")
    return NO_ANSWER if found else ANSWERED


@app.command()
def locate(index: IndexOption = DEFAULT_INDEX, questions: QuestionsOption = QUESTIONS) -> int:
    """Find the offsets of every gold quote, and write them into the questions file."""
    from askpkcn.engine import Engine
    from askpkcn.evaluation.questions import locate as write_offsets

    with Engine(index) as engine:
        changed = write_offsets(questions, _text_of(engine))
    _say(f"{questions}: {changed} golds placed anew")
    return ANSWERED


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A", help="The folder of a run.")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="The folder of another run.")],
    split: SplitOption = "test",
    as_json: JsonOption = False,
) -> int:
    """Show what changed from one run to another: each measure with a paired test, and the questions."""
    from dataclasses import asdict

    from askpkcn.evaluation.compare import compare as compare_runs

    found = compare_runs(run_a, run_b, split)
    if as_json:
        emit(asdict(found))
        return ANSWERED
    from rich.table import Table

    console = open_console()
    table = Table(title=f"{run_a.name} → {run_b.name}, {split}: {found.n} questions in both", title_justify="left")
    table.add_column("measure", min_width=max(len(d.measure) for d in found.differences))
    for head in ("before", "after", "difference", "95 % interval", "p"):
        table.add_column(head, justify="right")
    for d in found.differences:
        places = 1 if "_ms_" in d.measure else 3
        marked = "*" if d.p < 0.05 else " "
        table.add_row(
            d.measure,
            f"{d.a:.{places}f}",
            f"{d.b:.{places}f}",
            f"{d.difference:+.{places}f}",
            f"{d.low:+.{places}f} … {d.high:+.{places}f}",
            f"{d.p:.3f}{marked}",
        )
    console.print(table)
    if found.only_one:
        complain(
            f"warning: {found.only_one} questions of the split stand in one run only, or differ; they are left out"
        )
    for change in found.changes:
        console.print(
            f"{change.id}  {change.before} → {change.after}  {change.question}\n"
            f"    {change.given_before or '(none)'!r} → {change.given_after or '(none)'!r}",
            markup=False,
            soft_wrap=True,
        )
    return ANSWERED


def _need_extra() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("ir_measures", "jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        raise EvaluationError(f"evaluation needs packages that are not installed ({', '.join(missing)}); {EXTRA}")


def _run_name(run: str | None) -> str:
    name = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ") if run is None else run
    if not re.fullmatch(r"\w[\w.-]*", name):
        raise EvaluationError(f"--run {name!r} is no folder name; use letters, digits, dots and dashes")
    return name


def _floors(options: Sequence[str]) -> dict[str, float]:
    from askpkcn.evaluation.summary import MEASURES

    floors = {}
    for option in options:
        name, _, value = option.partition("=")
        if name not in MEASURES:
            raise EvaluationError(
                f"--fail-under {option!r}: there is no measure {name!r}; docs/evaluation.md lists them"
            )
        try:
            floors[name] = float(value)
        except ValueError:
            floors[name] = float("nan")
        if not isfinite(floors[name]):
            raise EvaluationError(f"--fail-under {option!r} is no MEASURE=VALUE, such as answer_f1=0.80")
    return floors


def _judge(measured: dict[str, Any], floors: dict[str, float]) -> int:
    from askpkcn.evaluation.summary import LOWER_IS_BETTER

    failed = False
    for name, floor in floors.items():
        value = measured[name]["value"]
        worse = value is None or (value > floor if name in LOWER_IS_BETTER else value < floor)
        if worse:
            sign = "over" if name in LOWER_IS_BETTER else "under"
            complain(f"failed: {name} is {'not measurable' if value is None else value}, {sign} {floor}")
        failed |= worse
    return NO_ANSWER if failed else ANSWERED


def _squad(file: Path, out: Path) -> tuple[Engine, list[Question], str]:
    """Index a SQuAD file's paragraphs, unless that was done before, and return its questions."""
    from askpkcn.building import build_with_bar, named_model
    from askpkcn.engine import Engine
    from askpkcn.errors import IndexMismatch, IndexMissing
    from askpkcn.evaluation import squad
    from askpkcn.passages import PassageSettings

    whole = squad.read(file)
    stem = re.sub(r"[^\w-]", "_", file.name.split(".")[0])
    home = out / ".squad" / f"{stem}-{whole.sha256[:12]}"
    ids = squad.write_articles(whole, home / stem)
    try:
        engine = Engine(home / "index")
    except (IndexMissing, IndexMismatch):
        build_with_bar([home / stem], home / "index", named_model(None), PassageSettings(), open_console(True))
        engine = Engine(home / "index")
    return engine, list(squad.questions(whole, ids, _text_of(engine))), str(file)


def _text_of(engine: Engine) -> Any:
    def text(article_id: str) -> str | None:
        article = engine.article(article_id)
        return article.text if article else None

    return text


def _stop_at(problems: list[Problem], questions: Path) -> None:
    if problems:
        raise EvaluationError(
            f"{questions} has {len(problems)} problems, such as {problems[0]}; `askpkcn eval check` lists them, and "
            "`askpkcn eval locate` finds offsets anew"
        )


def _only(asked: list[Question], ids: Path | None) -> list[Question]:
    if ids is None:
        return asked
    from askpkcn.evaluation.questions import named

    try:
        wanted = set(ids.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{ids} cannot be read as a list of ids; check --ids") from error
    if not wanted:
        raise EvaluationError(f"{ids} holds no id; write one a line")
    return named(asked, wanted)


def _with_bar(
    evaluate_all: Any, engine: Engine, asked: list[Question], folder: Path, source: str, passages: int
) -> Any:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = open_console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("asking", total=len(asked))
        return evaluate_all(
            engine,
            asked,
            folder,
            source=source,
            passages=passages,
            report=lambda done: progress.update(task, completed=done),
        )


def _print(metrics: dict[str, Any], folder: Path) -> None:
    from rich.table import Table

    from askpkcn.evaluation.run import splits

    console = open_console()
    for split in splits(metrics):
        table = Table(
            title=f"{split}: {metrics['counted_out'][split]} questions without gold count in no answer measure"
        )
        for head in ("measure", "value", "95 % interval", "n"):
            table.add_column(head, justify="left" if head == "measure" else "right")
        for name, found in metrics[split].items():
            if found["value"] is not None:
                table.add_row(
                    name, f"{found['value']:.3f}", f"{found['low']:.3f} … {found['high']:.3f}", str(found["n"])
                )
        console.print(table)
    console.print(f"{folder}: metrics.json, predictions.jsonl and report.html", markup=False, soft_wrap=True)


def _say(line: str) -> None:
    open_console().print(line, markup=False, soft_wrap=True)
