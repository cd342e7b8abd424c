"""Every error that askpkcn raises on purpose.

AskpkcnError
 ├─ ArticleError    a file that cannot be read as an article, or a folder without any
 ├─ IndexMissing    no index where one was expected
 ├─ IndexMismatch   an index that another version or another encoder made
 ├─ IndexCorrupt    an index whose files are not those that its manifest lists
 ├─ IndexUnwritable an index that cannot be written now: another writer, no space, no permission
 ├─ QuestionError   a question or filter that cannot be asked
 ├─ ModelError      a model folder or file that is not what it should be
 ├─ EvaluationError a questions file or a run that cannot be evaluated
 └─ ServiceError    a service that cannot start as it was told to

A message is one line: what was found, what was expected, and what mends it.
"""

from __future__ import annotations

REBUILD = "rebuild it with `askpkcn index PATH --index DIR`"


class AskpkcnError(Exception):
    """The root of the tree; catch it to catch everything askpkcn raises on purpose."""


class ArticleError(AskpkcnError):
    """A file that cannot be read as an article, or a folder without any."""


class IndexMissing(AskpkcnError):  # noqa: N818 - the names are the design's
    """No index where one was expected."""


class IndexMismatch(AskpkcnError):  # noqa: N818
    """An index that another version or another encoder made."""


class IndexCorrupt(AskpkcnError):  # noqa: N818
    """An index whose files are not those that its manifest lists."""


class IndexUnwritable(AskpkcnError):  # noqa: N818
    """An index that cannot be written now: another writer, no space, no permission."""


class QuestionError(AskpkcnError):
    """A question or filter that cannot be asked."""


class ModelError(AskpkcnError):
    """A model folder or file that is not what it should be."""


class EvaluationError(AskpkcnError):
    """A questions file or a run that cannot be evaluated."""


class ServiceError(AskpkcnError):
    """A service that cannot start as it was told to: its address, its keys, its limits."""
