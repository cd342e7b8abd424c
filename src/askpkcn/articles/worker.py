"""The process that takes HTML, PDF and DOCX apart: `python -m askpkcn.articles.worker MEGABYTES`.

It reads one request a line from stdin and writes one reply a line to stdout, both JSON, until stdin ends. It may
use so much memory and no network, and kills itself if nobody kills it in time.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from askpkcn.articles import docx, html, pdf, texts
from askpkcn.articles.extracted import Extracted
from askpkcn.errors import ArticleError

EXTRACTORS: dict[str, Callable[[Path], Extracted]] = {
    "html": html.read,
    "pdf": pdf.read,
    "docx": docx.read,
    "markdown": texts.read_markdown,
    "text": texts.read_plain,
}
_FORBIDDEN = {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}


def _forbid(event: str, _arguments: Any) -> None:
    if event in _FORBIDDEN:
        raise PermissionError(f"a file's reader tried {event}")


def extract(request: dict[str, Any]) -> dict[str, Any]:
    """Return the reply to one request: what was made, or an error for the report."""
    file = Path(request["file"])
    try:
        return {"made": EXTRACTORS[request["kind"]](file).to_json()}
    except ArticleError as error:
        return {"error": str(error)}
    except MemoryError:
        return {"memory": True}
    except RecursionError:
        return {"error": f"{file} is nested too deep to be read; mend or remove it"}
    except Exception as error:  # what a library raises for a hostile file is of no one kind
        problem = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        return {"error": f"{file} cannot be read ({problem}); mend or remove it"}


def main() -> None:
    """Serve requests until stdin ends."""
    limit = int(sys.argv[1]) * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_forbid)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints is no reply
    replies.write(b"{}\n")
    replies.flush()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, request["seconds"] + 5)
        reply = json.dumps(extract(request)).encode()
        signal.setitimer(signal.ITIMER_REAL, 0)
        replies.write(reply + b"\n")
        replies.flush()


if __name__ == "__main__":
    main()
