"""API keys: made here, kept as sha256 only; and how often each may ask.

A key is 256 random bits, so its plain sha256 tells nothing of it: nobody can guess what was hashed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from time import monotonic

from askpkcn.errors import ServiceError

PREFIX = "askpkcn_"
LINE = re.compile(r"([\w.-]{1,64})\s+([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Key:
    """A key's name, which logs show, and the sha256 of the key itself, in hexadecimal."""

    name: str
    sha256: str


def make(name: str) -> tuple[str, Key]:
    """Return a new key and what is kept of it. Raises ServiceError if the name is none."""
    if not re.fullmatch(r"[\w.-]{1,64}", name):
        raise ServiceError(f"{name!r} is no name of a key; use up to 64 letters, digits, dots and dashes")
    secret = PREFIX + secrets.token_urlsafe(32)
    return secret, Key(name, _digest(secret))


def load(file: Path) -> tuple[Key, ...]:
    """Read a file of keys, one a line: its name and its sha256; # begins a comment. Raises ServiceError."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(f"{file} cannot be read as a file of keys; check --keys") from error
    keys = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = LINE.fullmatch(line.strip())
        if found is None:
            raise ServiceError(f"{file}, line {number} is no name and sha256; make one with `askpkcn serve key NAME`")
        keys.append(Key(*found.groups()))
    if not keys:
        raise ServiceError(f"{file} holds no key; make one with `askpkcn serve key NAME`")
    if len({key.name for key in keys}) < len(keys):
        raise ServiceError(f"{file} has a name twice; give every key its own")
    return tuple(keys)


class Keyring:
    """The keys that are let in."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self._names = {key.sha256: key.name for key in keys}

    def __bool__(self) -> bool:
        """Tell whether a key is needed at all."""
        return bool(self._names)

    def holder(self, authorization: str | None) -> str | None:
        """Return whose key an Authorization header holds, or None if it is nobody's.

        Programs send `Bearer KEY`; browsers ask for a password, and send `Basic`.
        """
        scheme, _, value = (authorization or "").partition(" ")
        if scheme.lower() == "basic":
            value = _password(value.strip())
        elif scheme.lower() != "bearer":
            return None
        return self._names.get(_digest(value.strip()))


class Allowance:
    """How many questions each holder may still ask: `rate` a minute, saved up for one minute at most."""

    def __init__(self, rate: int, clock: Callable[[], float] = monotonic, shared: Path | None = None) -> None:
        """Begin with a minute's questions for everyone; several workers count together in the folder `shared`."""
        self._rate = rate
        self._clock = clock
        self._kept = sqlite3.connect(shared / "allowance.sqlite" if shared else ":memory:", isolation_level=None)
        self._kept.execute("PRAGMA synchronous = OFF")  # it ends with the service
        self._kept.execute("CREATE TABLE IF NOT EXISTS kept (holder TEXT PRIMARY KEY, questions REAL, since REAL)")

    def take(self, holder: str, count: int) -> int:
        """Take `count` questions and return 0, or take none and return the seconds until they may be asked.

        Who asks more at once than a minute's rate waits for the whole minute's, and then owes the rest.
        """
        with self._kept:
            self._kept.execute("BEGIN IMMEDIATE")
            now = self._clock()
            row = self._kept.execute("SELECT questions, since FROM kept WHERE holder = ?", [holder]).fetchone()
            left, since = row or (float(self._rate), now)
            left = min(self._rate, left + (now - since) * self._rate / 60)
            needed = min(count, self._rate)
            taken = count if left >= needed else 0
            self._kept.execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", [holder, left - taken, now])
        return 0 if taken else ceil((needed - left) * 60 / self._rate)

    def close(self) -> None:
        """Forget everyone."""
        self._kept.close()


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _password(basic: str) -> str:
    try:
        return base64.b64decode(basic, validate=True).decode("utf-8").partition(":")[2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
