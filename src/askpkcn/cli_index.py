"""The commands that write an index, or check one: `askpkcn index`, `verify`, `snapshots`, `rollback`, `prune`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from askpkcn.console import ANSWERED, DEFAULT_INDEX, IndexOption, JsonOption, complain, emit, open_console
from askpkcn.errors import ArticleError
from askpkcn.passages import PassageSettings

if TYPE_CHECKING:
    from askpkcn.index import Built

DEFAULTS = PassageSettings()


def index(
    paths: Annotated[list[Path] | None, typer.Argument(metavar="[PATH]...", help="Folders or files.")] = None,
    index: IndexOption = DEFAULT_INDEX,
    model: Annotated[
        str | None, typer.Option("--model", help="A sentence-transformers model, by path or name.")
    ] = None,
    budget: Annotated[int, typer.Option("--budget", help="Tokens a passage (cl100k_base).")] = DEFAULTS.budget,
    overlap: Annotated[int, typer.Option("--overlap", help="Sentences that neighbours share.")] = DEFAULTS.overlap,
    strict: Annotated[bool, typer.Option("--strict", help="Fail on the first file that cannot be read.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and index what changes, until stopped.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Index articles (HTML, PDF, DOCX, Markdown, text, JSON Lines) as a new snapshot; without PATH, those of seeds/."""
    from askpkcn.building import build_with_bar, named_model

    try:
        settings = PassageSettings(budget, overlap)
    except ValueError as error:
        raise ArticleError(f"{error}; choose another --budget or --overlap") from error
    found = paths or [Path("seeds")]
    console, opened = open_console(stderr=True), named_model(model)

    def build() -> None:
        _tell(build_with_bar(found, index, opened, settings, console, strict), index, as_json)

    if watch:
        from askpkcn import watching

        watching.watch(found, index, build, complain)
    else:
        build()
    return ANSWERED


def _tell(built: Built, index: Path, as_json: bool) -> None:
    from askpkcn import render, schema

    for note in built.notes:
        complain(f"note: {note}")
    if as_json:
        for skipped in built.skipped:
            complain(f"skipped: {skipped.why}")
        emit(schema.built(built))
    else:
        render.built(built, index, open_console())


def verify(
    index: IndexOption = DEFAULT_INDEX,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Also build the index anew elsewhere, and compare the two.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Check every file of the index against its manifest, and every passage against its article."""
    from askpkcn.verify import verify as check

    checked = check(index)
    compared = None
    if rebuild:
        from askpkcn.building import named_model
        from askpkcn.rebuilding import rebuild as compare

        compared = compare(index, named_model)
    if as_json:
        emit({"ok": True, **checked, "rebuild": compared})
        return ANSWERED
    console = open_console()
    console.print(
        f"{index} is whole: {checked['articles']} articles, {checked['passages']} passages, "
        f"{checked['files']} files, snapshot {checked['snapshot']}",
        markup=False,
        soft_wrap=True,
    )
    if compared:
        console.print(
            f"a fresh build is the same: articles, passages, vectors (largest difference {compared['vectors']:.1g}, "
            f"of a sentence's {compared['sentences']:.1g}) and the rankings of {compared['questions']} questions",
            markup=False,
            soft_wrap=True,
        )
    return ANSWERED


def snapshots(index: IndexOption = DEFAULT_INDEX, as_json: JsonOption = False) -> int:
    """List the snapshots of the index, the newest first, with their sizes and dates."""
    from askpkcn import render, schema, store

    found = store.snapshots(index)
    if as_json:
        emit({"snapshots": [schema.snapshot(each) for each in found]})
    else:
        render.snapshots(found, open_console())
    return ANSWERED


def rollback(
    index: IndexOption = DEFAULT_INDEX,
    to: Annotated[str | None, typer.Option("--to", metavar="SNAPSHOT", help="This snapshot, newer or older.")] = None,
    as_json: JsonOption = False,
) -> int:
    """Make the snapshot before the live one live again; the other one stays until the next build or prune."""
    from askpkcn import store

    name = store.rollback(index, to)
    if as_json:
        emit({"snapshot": name})
    else:
        open_console().print(f"{name} answers now", markup=False, soft_wrap=True)
    return ANSWERED


def prune(
    index: IndexOption = DEFAULT_INDEX,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Keep so many besides the live one, the newest.")] = 0,
    as_json: JsonOption = False,
) -> int:
    """Drop all snapshots but the live one."""
    from askpkcn import schema, store

    gone, in_use = store.prune(index, keep)
    if as_json:
        emit({"dropped": [schema.snapshot(each) for each in gone], "in_use": [each.name for each in in_use]})
        return ANSWERED
    size = sum(each.bytes for each in gone) / 1e6
    told = f"{len(gone)} snapshot{'' if len(gone) == 1 else 's'} dropped, {size:,.1f} MB"
    for each in in_use:
        complain(f"note: {each.name} is in use and stays; prune again when its reader has ended")
    open_console().print(told, markup=False, soft_wrap=True)
    return ANSWERED
