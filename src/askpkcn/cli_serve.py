"""The command line's service: `askpkcn serve`, and under it `key`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from askpkcn.console import ANSWERED, DEFAULT_INDEX, IndexOption, JsonOption, complain, emit
from askpkcn.errors import ServiceError

app = typer.Typer(add_completion=False, help="Answer over HTTP: an API for programs, and a page for people.")


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    index: IndexOption = DEFAULT_INDEX,
    host: Annotated[str, typer.Option("--host", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 is any free one.")] = 8000,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="HOST", help="Also answer to this host name; repeatable."),
    ] = None,
    keys: Annotated[Path | None, typer.Option("--keys", metavar="FILE", help="Who may ask; see `serve key`.")] = None,
    rate: Annotated[int | None, typer.Option("--rate", min=1, help="Questions a minute for each key.")] = None,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Processes that answer.")] = 1,
    queue: Annotated[int, typer.Option("--queue", min=1, help="Questions that may wait.")] = 128,
    deadline: Annotated[
        float, typer.Option("--deadline", min=0.1, max=3600, help="Seconds until a question is given up.")
    ] = 30.0,
    cors: Annotated[
        list[str] | None,
        typer.Option("--cors", metavar="ORIGIN", help="Let this site's pages use the API; repeatable."),
    ] = None,
    label: Annotated[
        Path | None, typer.Option("--label", metavar="FILE", help="Let people label answers; they go to FILE.")
    ] = None,
    log_questions: Annotated[bool, typer.Option("--log-questions", help="Log the text of questions.")] = False,
) -> int:
    """Answer over HTTP until stopped: an API under /v1, and a page for people at /."""
    if context.invoked_subcommand is not None:
        return ANSWERED
    from askpkcn.server import keys as keyring
    from askpkcn.server import run
    from askpkcn.server.settings import Settings

    if rate is not None and keys is None:
        raise ServiceError("--rate is for each key; name a file of them with --keys")
    for origin in cors or []:
        _check_origin(origin)
    local = run.is_loopback(host)
    if not local and keys is None:
        complain(
            f"WARNING: {host} can be reached from other machines, and whoever reaches it may ask and read everything: "
            "there is no key. Use --keys FILE, or --host 127.0.0.1."
        )
    settings = Settings(
        keys=keyring.load(keys) if keys else (),
        rate=rate,
        cors=tuple(cors or ()),
        hosts=(*run.LOOPBACK_NAMES, host, *(n.lower() for n in names or ())) if local or names else (),
        log_questions=log_questions,
        label=label,
        queue=queue,
        deadline=deadline,
    )
    run.run(index, host, port, settings, _tell, workers)
    return ANSWERED


@app.command()
def key(
    name: Annotated[str, typer.Argument(help="Whose key it is; logs show it.")],
    as_json: JsonOption = False,
) -> int:
    """Make a key, and the line that FILE of `serve --keys FILE` needs for it."""
    from askpkcn.server import keys as keyring

    secret, made = keyring.make(name)
    if as_json:
        emit({"key": secret, "name": made.name, "sha256": made.sha256})
        return ANSWERED
    complain(f"the key of {name}, which is shown this once; the line after it goes into the file of --keys")
    sys.stdout.write(f"{secret}\n{made.name} {made.sha256}\n")
    return ANSWERED


def _check_origin(origin: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path or parts.query:
        raise ServiceError(f"--cors {origin!r} is no origin; write it as https://example.org")


def _tell(address: str, snapshot: str) -> None:
    sys.stdout.write(f"{address} answers from snapshot {snapshot}; Ctrl-C stops\n")
    sys.stdout.flush()
