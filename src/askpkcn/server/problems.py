"""What went wrong, as application/problem+json (RFC 9457), with a stable type for each kind of error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from askpkcn import errors

MEDIA_TYPE = "application/problem+json"
URN = "urn:askpkcn:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the end of its type's URN, its HTTP status, and a title that is always the same."""

    name: str
    status: int
    title: str


OF_ERRORS: Mapping[type[errors.AskpkcnError], Kind] = {
    errors.QuestionError: Kind("question", 422, "The question or a filter cannot be asked"),
    errors.ArticleError: Kind("article", 500, "An article cannot be read"),
    errors.IndexMissing: Kind("index-missing", 503, "There is no index"),
    errors.IndexMismatch: Kind("index-mismatch", 503, "Another version made the index"),
    errors.IndexCorrupt: Kind("index-corrupt", 503, "The index is damaged"),
    errors.IndexUnwritable: Kind("index-unwritable", 503, "The index cannot be written"),
    errors.ModelError: Kind("model", 503, "A model cannot be used"),
    errors.EvaluationError: Kind("evaluation", 500, "The evaluation failed"),
    errors.ServiceError: Kind("service", 500, "The service is set up wrongly"),
}
INVALID = Kind("invalid-request", 422, "The request does not fit its schema")
MALFORMED = Kind("malformed-request", 400, "The request's body is no JSON")
UNAUTHORIZED = Kind("unauthorized", 401, "A key is needed")
CROSS_SITE = Kind("cross-site", 403, "Another site's page may not ask")
NOT_FOUND = Kind("not-found", 404, "There is nothing here")
NO_ARTICLE = Kind("no-article", 404, "There is no such article")
METHOD = Kind("method-not-allowed", 405, "This method is not allowed here")
TOO_SLOW = Kind("request-too-slow", 408, "The request's body took too long to arrive")
TOO_LARGE = Kind("request-too-large", 413, "The request's body is too large")
WRONG_HOST = Kind("wrong-host", 421, "The service is not known by this name")
RATE = Kind("rate-limit", 429, "This key has asked too often")
INTERNAL = Kind("internal", 500, "The service failed")
QUEUE_FULL = Kind("queue-full", 503, "Too many questions are waiting")
NOT_KEPT = Kind("not-kept", 507, "The label could not be written")
STOPPING = Kind("not-ready", 503, "The service is not ready")
DEADLINE = Kind("deadline", 504, "The question was not answered in time")
OTHERS = (
    INVALID, MALFORMED, UNAUTHORIZED, CROSS_SITE, NOT_FOUND, NO_ARTICLE, METHOD, TOO_SLOW, TOO_LARGE, WRONG_HOST, RATE,
    INTERNAL, QUEUE_FULL, NOT_KEPT, STOPPING, DEADLINE,
)  # fmt: skip
OPERATOR = "the service's log tells its operator more"


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """Ends a request with a problem; `detail` is for the client's eyes."""

    def __init__(
        self, kind: Kind, detail: str, headers: Mapping[str, str] | None = None, faults: Sequence[Any] = ()
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers or {}
        self.faults = list(faults)

    def response(self, request_id: str) -> Response:
        """Return what the client gets."""
        body: dict[str, Any] = {
            "type": URN + self.kind.name,
            "title": self.kind.title,
            "status": self.kind.status,
            "detail": self.detail,
            "instance": f"urn:askpkcn:request:{request_id}",
        }
        if self.faults:
            body["errors"] = self.faults
        return Response(json.dumps(body), self.kind.status, dict(self.headers), MEDIA_TYPE)


def of_error(error: errors.AskpkcnError) -> Problem:
    """Return the problem of an error of the tree. The client hears of its own faults, not of the server's folders."""
    kind = OF_ERRORS.get(type(error), INTERNAL)
    return Problem(kind, str(error) if kind.status < 500 else OPERATOR)
