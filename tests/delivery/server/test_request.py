"""Raw requests, whole and in pieces: what the application is asked, and what it is not asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_service.delivery.server import request
from fhir_service.delivery.server.request import MOST_HEAD, MOST_HEADERS
from tests.delivery.server.client import Client, Recorder

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("requests.yaml").read_text())
HEAD = b"GET /x HTTP/1.1\r\nHost: h\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


def raw(case: dict[str, Any]) -> bytes:
    lines: str = "\r\n".join([*case["head"], "", ""]) + case.get("body", "")
    return lines.encode("latin-1")


@pytest.mark.parametrize("size", [1, 7, 1_000_000], ids=["byte by byte", "in pieces", "whole"])
@pytest.mark.parametrize("case", CASES, ids=[one["name"] for one in CASES])
def test_what_becomes_of_a_request(case: dict[str, Any], size: int) -> None:
    application = Recorder()
    client, sent = Client(application), raw(case)
    for start in range(0, len(sent), size):
        client.send(sent[start : start + size])
    client.work()
    assert client.statuses() == [case["status"]]
    assert client.fate == case.get("fate", "open")
    assert client.shared.held == 0
    assert len(application.asked) == (case["status"] == 200)
    if application.asked:
        asked = case.get("asked", {})
        assert {name: application.asked[0].get(name) for name in asked} == asked
        assert application.bodies == [case.get("read", "").encode()]


def test_the_environment_tells_who_asked_and_where() -> None:
    application = Recorder()
    client = Client(application)
    client.send(HEAD + b"X-Forwarded-For: 10.0.0.1\r\nRemote-Addr: 10.0.0.1\r\n\r\n")
    client.work()
    (environ,) = application.asked
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("192.0.2.7", "4711")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "8000")
    assert environ["wsgi.url_scheme"] == "http"


def test_nothing_of_one_request_is_in_the_next() -> None:
    application = Recorder()
    client = Client(application)
    client.send(HEAD + b"Authorization: x\r\n\r\n" + HEAD + b"\r\n")
    client.work()
    assert ["HTTP_AUTHORIZATION" in environ for environ in application.asked] == [True, False]


# A million sent in one segment, and in many.
@pytest.mark.parametrize("size", [1_000, 65_536, 1_000_000])
@pytest.mark.parametrize(
    ("status", "sent"),
    [
        (431, HEAD + b"A: " + b"b" * 1_000_000),
        (431, HEAD + b"A" * 1_000_000),
        (431, HEAD + b"A: b\r\n" * 160_000),
        (414, b"GET /" + b"x" * 1_000_000),
        (431, CHUNKED + b"3\r\nabc\r\n0\r\nA: " + b"b" * 1_000_000),
        (431, CHUNKED + b"3\r\nabc\r\n0\r\n" + b"A: b\r\n" * 160_000),
        (431, CHUNKED + b"3;" + b"a" * 1_000_000),
    ],
    ids=["value", "name", "headers", "address", "trailer", "trailers", "extension"],
)
def test_what_does_not_end_is_refused(status: int, sent: bytes, size: int) -> None:
    application = Recorder()
    client = Client(application)
    for start in range(0, len(sent), size):
        client.send(sent[start : start + size])
    assert client.statuses() == [status]
    assert (client.fate, application.asked, client.shared.held) == ("ending", [], 0)


@pytest.mark.parametrize(("number", "status"), [(MOST_HEADERS, 200), (MOST_HEADERS + 1, 431)])
def test_so_many_headers_are_taken_and_no_more(number: int, status: int) -> None:
    client = Client(Recorder())
    client.send(HEAD + b"".join(b"A%d: b\r\n" % place for place in range(number - 1)) + b"\r\n")
    client.work()
    assert client.statuses() == [status]


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
def test_so_many_bytes_of_headers_are_taken_and_no_more(more: int, status: int) -> None:
    client = Client(Recorder())
    client.send(HEAD + b"A: " + b"b" * (MOST_HEAD - len("Host" + "h" + "A") + more) + b"\r\n\r\n")
    client.work()
    assert client.statuses() == [status]


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 414)])
def test_so_long_an_address_is_taken_and_no_longer(more: int, status: int) -> None:
    client = Client(Recorder())
    client.send(b"GET /" + b"x" * (MOST_HEAD - 1 + more) + b" HTTP/1.1\r\nHost: h\r\n\r\n")
    client.work()
    assert client.statuses() == [status]


def test_chunks_of_a_byte_each_take_no_more_than_their_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "MOST_HEAD", 50)  # of the lines between, however many they are
    application = Recorder()
    client = Client(application, most_body=100_000)
    client.send(CHUNKED)
    for _ in range(100):
        client.send(b"1\r\n")  # a segment without a byte of the body
        client.send(b"a\r\n" + b"1\r\na\r\n" * 999)
    assert client.shared.held == 100_000
    client.send(b"0\r\n\r\n")
    client.work()
    assert application.bodies == [b"a" * 100_000]
    assert client.shared.held == 0


def test_a_length_of_thousands_of_zeros_is_a_number() -> None:
    application = Recorder()
    client = Client(application)
    client.send(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: " + b"0" * 5_000 + b"3\r\n\r\nabc")
    client.work()
    assert application.bodies == [b"abc"]
