"""What a service is told when it is made; nothing is read later."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from askpkcn.server.keys import Key

MAX_BATCH = 64
"""How many questions one request may ask."""


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings of the service, with defaults that are safe on loopback.

    keys: who may ask; empty: everyone. rate: questions a minute for each key; None: no limit.
    hosts: the names that requests may call the service by, so that no other site's name can be bent to it; empty: any.
    label: the file that labels go to; None: no labelling.
    queue: questions that may wait. deadline: seconds until a question is given up. threads: questions under way at a
    time; the reader's cores are busy with two, one read while the other is prepared or decided. watch: seconds between
    looks for a new snapshot. shared: a folder where the counters of several workers meet; None: there is one worker.
    """

    keys: tuple[Key, ...] = ()
    rate: int | None = None
    cors: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    log_questions: bool = False
    label: Path | None = None
    queue: int = 128
    deadline: float = 30.0
    threads: int = 2
    max_body: int = 1_000_000
    body_time: float = 10.0
    watch: float = 1.0
    shared: Path | None = None
