"""The question encoder beside the snapshots: exported once for each model, kept while it is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from askpkcn.embedding import Report, digest_of
from askpkcn.encoder import EncoderCard, PassageEncoder
from askpkcn.snapshot import facts_of
from askpkcn.store import sync, sync_folder


def export(folder: Path, card: EncoderCard, open_encoder: Callable[[], PassageEncoder], report: Report) -> Path:
    """Export the encoder once for each card; a folder that is there and whole is kept."""
    target = folder / "encoders" / digest_of(card)[:16]
    if _is_whole(target):
        return target
    report("encoder", 0, 1)
    partial = folder / "encoders" / ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    open_encoder().export(partial)
    facts = {file.name: facts_of(file) for file in sorted(partial.iterdir())}
    (partial / "files.json").write_text(json.dumps(facts), encoding="utf-8")
    sync(partial)
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)
    sync_folder(target.parent)
    report("encoder", 1, 1)
    return target


def _is_whole(folder: Path) -> bool:
    """Tell whether an encoder's folder holds just the files that its listing tells of."""
    try:
        listed = json.loads((folder / "files.json").read_bytes())
    except (OSError, ValueError):
        return False  # not there, or damaged: it is exported anew
    present = {file.name: facts_of(file) for file in folder.iterdir() if file.name != "files.json"}
    return bool(present == listed)
