"""The FHIR door as WSGI asks for it: what a test client of Flask smooths over."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from joserfc.jwk import ECKey
from werkzeug.test import EnvironBuilder, run_wsgi_app

from fhir_service import create_app
from fhir_service.delivery.auth import SMART_CONFIGURATION
from fhir_service.delivery.cds_hooks import LARGEST_CALL
from fhir_service.delivery.fhir import routes
from fhir_service.delivery.fhir.bases import PREFIX, base_of
from fhir_service.delivery.wsgi import Answer, send
from fhir_service.exchange import Request, Response
from fhir_service.releases import R4
from fhir_service.settings import Settings
from tests.memory_store import MemoryStore

FORM = "application/x-www-form-urlencoded"


def ask(app: Flask, path: str, method: str = "GET", **environ: Any) -> tuple[str, dict[str, str], bytes]:
    """Status line, headers and body of what an environ gets, its PATH_INFO just as it is here."""
    asked = EnvironBuilder(method=method).get_environ() | {"PATH_INFO": path} | environ
    chunks, status, headers = run_wsgi_app(app.wsgi_app, asked)
    return status, dict(headers), b"".join(chunks)


def told(body: bytes) -> str:
    outcome = json.loads(body)
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["diagnostics"])


@pytest.mark.parametrize(
    ("address", "base", "path"),
    [
        ("/fhir", "/fhir", ""),
        ("/fhir/", "/fhir", ""),
        ("/fhir/r4", "/fhir/r4", ""),
        ("/fhir/r4b/Library/x", "/fhir/r4b", "Library/x"),
        ("/fhir/r5/Library/", "/fhir/r5", "Library"),
        ("/fhir/Library/r4", "/fhir", "Library/r4"),
        ("/fhir/r6/Library", "/fhir", "r6/Library"),
        ("/fhir//Library", "/fhir", "/Library"),
    ],
)
def test_an_address_has_a_base_and_a_path_below_it(address: str, base: str, path: str) -> None:
    found = base_of(address)
    assert found is not None
    assert (found[0].path, found[1]) == (base, path)


@pytest.mark.parametrize("address", ["/", "/fhirx", "/fhir5/Library", "/FHIR/r4", "/topics/fhir", "/fhir;x"])
def test_an_address_beside_fhir_has_none(address: str) -> None:
    assert base_of(address) is None


def test_flask_answers_nothing_of_fhir(app: Flask) -> None:
    rules = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(PREFIX)}
    assert rules == set(SMART_CONFIGURATION.paths)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "FOO"])
def test_a_method_that_fhir_has_not_is_told_what_is_allowed(app: Flask, method: str) -> None:
    status, headers, body = ask(app, "/fhir/r4/Medication/m1", method)
    assert status == "405 METHOD NOT ALLOWED"
    assert headers["Allow"] == "GET, HEAD, OPTIONS"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert method in told(body)


def test_who_would_rather_speak_another_protocol_is_answered(app: Flask) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#field.upgrade: a server may ignore it."""
    asked = {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}
    assert ask(app, "/fhir/r4/Medication/m1", **asked)[0] == "200 OK"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("Medication/é".encode().decode("latin1"), "`é`"),
        ("Medication/\xff", "`\N{REPLACEMENT CHARACTER}`"),
        ("Medication/a\r\nX-Forged: 1", "`a\r\nX-Forged: 1`"),
    ],
)
def test_a_path_is_utf_8_and_what_is_wrong_with_it_is_told(app: Flask, path: str, shown: str) -> None:
    status, headers, body = ask(app, f"/fhir/r4/{path}")
    assert status == "400 BAD REQUEST"
    assert shown in told(body)
    assert "X-Forged" not in headers


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r"])
def test_an_answer_that_would_forge_a_header_fails(
    app: Flask, monkeypatch: pytest.MonkeyPatch, line_break: str
) -> None:
    def forged(*_: object) -> Response:
        return Response(body=b"x", media_type=f"text/plain{line_break}X-Forged: 1")

    monkeypatch.setattr(routes, "dispatch", forged)
    status, headers, body = ask(app, "/fhir/r4/Medication/m1")
    assert status == "500 INTERNAL SERVER ERROR"
    assert headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert "line break" not in told(body)


@pytest.mark.parametrize(
    ("path", "media_type", "largest"),
    [
        ("/fhir/r4/Medication/_search", FORM, 1_000_000),
        ("/fhir/r4", "application/fhir+json", 1_000_000),
        ("/infobutton/service", FORM, 100_000),
        ("/cds-services/education-order-sign", "application/json", LARGEST_CALL),
    ],
)
def test_a_body_without_length_is_not_cut_off(app: Flask, path: str, media_type: str, largest: int) -> None:
    asked = {"CONTENT_TYPE": media_type, "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    body = io.BytesIO(b"x=" + b"x" * (largest - 1))
    status, _, answer = ask(app, path, "POST", **asked, **{"wsgi.input": body})
    assert status == "413 REQUEST ENTITY TOO LARGE"
    assert f"larger than {largest} bytes" in answer.decode()


@pytest.mark.parametrize("path", ["/fhir/r4/Medication/_search", "/infobutton/service"])
def test_a_body_that_is_shorter_than_announced_is_not_taken(app: Flask, path: str) -> None:
    """Some servers give what came before the connection was lost, as if that were all."""
    asked = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": "30", "wsgi.input_terminated": True}
    status, _, body = ask(app, path, "POST", **asked, **{"wsgi.input": io.BytesIO(b"_id=m1")})
    assert status == "400 BAD REQUEST"
    assert "6 of 30 bytes" in body.decode()


@pytest.mark.parametrize("form", [b"_id=\xe9", b"_id=%e9"])
def test_a_form_that_is_no_utf_8_is_refused(app: Flask, form: bytes) -> None:
    asked = {"CONTENT_TYPE": FORM, "CONTENT_LENGTH": str(len(form)), "wsgi.input": io.BytesIO(form)}
    status, _, body = ask(app, "/fhir/r4/Medication/_search", "POST", **asked)
    assert status == "400 BAD REQUEST"
    assert "UTF-8" in told(body)


def test_a_body_without_length_is_read_where_the_server_says_its_end(app: Flask) -> None:
    """Ours does, for a body that is sent in chunks."""
    asked = {"wsgi.input": io.BytesIO(b"_id=m1"), "CONTENT_TYPE": FORM, "HTTP_TRANSFER_ENCODING": "chunked"}
    path = "/fhir/r4/Medication/_search"
    status, _, body = ask(app, path, "POST", **asked, **{"wsgi.input_terminated": True})
    assert (status, json.loads(body)["total"]) == ("200 OK", 1)


def test_a_failure_names_the_address_in_the_log_without_its_query(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Response:
        raise RuntimeError

    monkeypatch.setattr(routes, "dispatch", broken)
    ask(app, "/fhir/r5/Medication", "GET", QUERY_STRING="_id=secret")
    (record,) = caplog.records
    assert "GET /fhir/r5/Medication" in record.getMessage()
    assert "secret" not in caplog.text


@pytest.fixture
def guarded(store: MemoryStore, tmp_path: Path) -> Flask:
    """The application, where reading needs a token and only one origin may read."""
    key = ECKey.generate_key("P-384", {"kid": "1"}).as_dict(private=False)
    clients = tmp_path / "clients.json"
    clients.write_text(json.dumps({"portal": {"jwks": {"keys": [key]}, "scope": "system/*.rs"}}))
    settings = Settings(
        reads="token",
        token_clients=str(clients),
        database_url=f"sqlite:///{tmp_path / 'store.db'}",
        cors_origins=("https://portal.test",),
    )
    return create_app(settings, store)


def test_what_a_token_opens_is_for_one_client_and_one_origin(guarded: Flask) -> None:
    status, headers, _ = ask(guarded, "/fhir/r4/metadata")
    assert (status, headers["Cache-Control"]) == ("200 OK", "private, no-cache")
    assert headers["Vary"] == "Accept, Prefer, Origin, Authorization"
    status, headers, _ = ask(guarded, "/fhir/r4/Medication/m1")
    assert (status, headers["Cache-Control"]) == ("401 UNAUTHORIZED", "no-store")
    assert headers["Vary"] == "Accept, Prefer, Origin, Authorization"
    _, headers, _ = ask(guarded, "/fhir/r4/Medication/m1", "OPTIONS")
    assert (headers["Cache-Control"], headers["Vary"]) == ("private, no-cache", "Origin, Authorization")


def test_head_closes_the_file_that_it_does_not_send() -> None:
    file = io.BytesIO(b"lines")
    sent = send(Answer(200, {}, file), {"REQUEST_METHOD": "HEAD"}, lambda *_: None)
    assert list(sent) == []
    assert file.closed


def test_a_request_that_is_written_somewhere_shows_no_credentials() -> None:
    request = Request(release=R4, base="", method="GET", path="Medication/m1", authorization="Bearer x")
    assert repr(request) == "Request(GET Medication/m1)"


def test_a_304_tells_nothing_of_the_body_that_it_has_not(app: Flask) -> None:
    """https://www.rfc-editor.org/rfc/rfc9110#status.304"""
    asked = {"HTTP_IF_NONE_MATCH": 'W/"2"', "HTTP_CACHE_CONTROL": "no-cache"}  # past the response cache
    status, headers, body = ask(app, "/fhir/r4/Medication/m1", **asked)
    assert (status, headers["ETag"], body) == ("304 NOT MODIFIED", 'W/"2"', b"")
    assert not {"Content-Type", "Content-Length", "Last-Modified"} & headers.keys()
