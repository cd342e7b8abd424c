"""Whatever fits the OpenAPI document, and whatever does not, is answered as the document says."""

import httpx2 as httpx
import pytest
import schemathesis
from fake_engine import FakeEngine
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, reject, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from askpkcn.server.app import create_app

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
APP = create_app(FakeEngine)
CONFIG = schemathesis.Config()
CONFIG.projects.default.generation.update(modes=[GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
SCHEMA = schemathesis.openapi.from_dict(APP.openapi(), config=CONFIG)


@pytest.fixture(scope="module")
def api():
    with TestClient(APP) as opened:
        yield opened


@SCHEMA.parametrize()
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_every_response_is_in_the_document(case, api):
    told = case.as_transport_kwargs(base_url="http://testserver")
    body = {"json": told["json"]} if "json" in told else {"content": told.get("data")}
    sent = {"headers": dict(told["headers"]), "params": told.get("params"), **body}
    try:
        response = api.request(told["method"], told["url"], **sent)
    except httpx.InvalidURL:
        reject()  # longer than the client itself allows
    case.validate_response(response, checks=CHECKS)
