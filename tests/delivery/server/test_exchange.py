"""WSGI: what an application says becomes an answer that no client reads wrongly: https://peps.python.org/pep-3333/"""

from __future__ import annotations

import logging
import sys
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest

from fhir_service.delivery.server.slots import Slots
from fhir_service.delivery.wsgi import Environ
from tests.delivery.server.client import Answer, Body, Client, Recorder

GET = b"GET /secret?name=secret HTTP/1.1\r\nHost: h\r\n\r\n"
HEAD = GET.replace(b"GET", b"HEAD")
OLD = b"GET /x HTTP/1.0\r\n\r\n"


def asked(application: Callable[..., Iterable[bytes]], request: bytes = GET) -> Client:
    client = Client(application)
    client.send(request)
    client.work()
    return client


def answer(application: Callable[..., Iterable[bytes]], request: bytes = GET) -> Answer:
    client = asked(application, request)
    method = request.partition(b" ")[0].decode()
    (answered,) = client.answers(method)
    assert client.received.endswith(answered.body) or "transfer-encoding" in answered.headers
    return answered


def given(body: object, *headers: tuple[str, str], status: str = "200 OK") -> Recorder:
    return Recorder(status, list(headers), lambda _environ: body)  # type: ignore[arg-type,return-value]


@pytest.mark.parametrize("parts", [[], [b""], [b"abc"], [b"a", b"", b"bc"], [b"x" * 100_000]])
def test_of_a_list_the_length_is_told(parts: list[bytes]) -> None:
    answered = answer(given(parts))
    assert answered.headers["content-length"] == str(len(b"".join(parts)))
    assert answered.body == b"".join(parts)


def test_of_anything_else_the_end_is_told() -> None:
    for body in (Body([b"a", b"", b"bc"]), iter([b"a", b"", b"bc"]), (b"a", b"", b"bc")):
        answered = answer(given(body))
        assert (answered.headers["transfer-encoding"], answered.body) == ("chunked", b"abc")
        assert "content-length" not in answered.headers


def test_a_body_that_is_empty_or_made_of_nothing_ends() -> None:
    for body in (Body([]), Body([b"", b""]), ()):
        assert answer(given(body)).body == b""


def test_a_body_whose_length_is_told_needs_no_chunks() -> None:
    answered = answer(given(Body([b"a", b"", b"bc"]), ("content-LENGTH", "3")))
    assert ("transfer-encoding" in answered.headers, answered.body) == (False, b"abc")


def test_to_http_1_0_the_end_of_the_connection_is_the_end_of_the_body() -> None:
    keeping = OLD.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n")
    for request in (OLD, keeping):
        client = asked(given(Body([b"a", b"bc"])), request)
        (answered,) = client.answers()
        assert (answered.body, answered.headers["connection"], client.fate) == (b"abc", "close", "closed")
        assert "transfer-encoding" not in answered.headers


@pytest.mark.parametrize("shape", [list, Body, iter])
@pytest.mark.parametrize(
    ("request_", "status"),
    [(HEAD, "200 OK"), (GET, "204 No Content"), (GET, "304 Not Modified"), (HEAD, "404 Not Found")],
)
def test_what_has_no_body_is_sent_none(
    request_: bytes, status: str, shape: Callable[[list[bytes]], Iterable[bytes]]
) -> None:
    body = shape([b"abc", b"def"])
    client = asked(given(body, ("ETag", "W/1"), status=status), request_)
    assert client.received.endswith(b"\r\n\r\n")
    assert client.received.count(b"\r\n\r\n") == 1
    assert b"ETag: W/1\r\n" in client.received
    assert b"Transfer-Encoding" not in client.received
    assert client.fate == "open"
    if isinstance(body, Body):
        assert (body.given, body.closed) == (0, 1)


def test_head_is_told_the_length_that_get_would_be() -> None:
    assert answer(given([], ("Content-Length", "7")), HEAD).headers["content-length"] == "7"


# What an application may do besides.


def test_a_generator_starts_its_answer_with_the_first_chunk() -> None:
    def application(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("201 Created", [("A", "b")])
        yield b"a"
        yield b"b"

    answered = answer(application)
    assert (answered.status, answered.headers["a"], answered.body) == (201, "b", b"ab")


def test_a_generator_without_a_chunk_starts_its_answer_too() -> None:
    def application(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("201 Created", [])
        yield from ()

    answered = answer(application)
    assert (answered.status, answered.body) == (201, b"")


def test_what_is_written_comes_before_what_is_returned() -> None:
    def application(_environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        write = start_response("200 OK", [])
        write(b"a")
        write(b"b")
        return [b"c"]

    answered = answer(application)
    assert (answered.headers["content-length"], answered.body) == ("3", b"abc")


def test_what_a_generator_writes_comes_in_its_place() -> None:
    def application(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        write = start_response("200 OK", [])
        for number in range(3):
            write(b"written %d, " % number)
            yield b"given %d; " % number

    assert answer(application).body == b"".join(b"written %d, given %d; " % (n, n) for n in range(3))


def test_an_answer_may_be_started_anew_for_an_error_until_it_is_sent() -> None:
    def application(_environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        start_response("200 OK", [("A", "b")])
        try:
            raise LookupError
        except LookupError:
            start_response("503 Service Unavailable", [], sys.exc_info())
        return [b"error"]

    answered = answer(application)
    assert (answered.status, answered.body, "a" in answered.headers) == (503, b"error", False)


def test_afterwards_the_error_is_raised() -> None:
    def application(_environ: Environ, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"a"
        try:
            raise LookupError
        except LookupError:
            start_response("500 Internal Server Error", [], sys.exc_info())
        yield b"never"

    client = asked(application)
    assert client.fate == "aborted"
    assert b"never" not in client.received


# What an application must not do.


def started_twice(_environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [])
    start_response("200 OK", [])
    return [b"a"]


def never_started(_environ: Environ, _start_response: Callable[..., Any]) -> list[bytes]:
    return [b"a"]


def raising(_environ: Environ, _start_response: Callable[..., Any]) -> list[bytes]:
    raise ValueError("secret")


def raising_late(_environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [])
    raise ValueError("secret")


def leaving(_environ: Environ, _start_response: Callable[..., Any]) -> list[bytes]:
    raise SystemExit("secret")


FAILING = [
    started_twice,
    never_started,
    raising,
    raising_late,
    leaving,
    given([b"a"], ("A", "b\r\nSet-Cookie: c")),
    given([b"a"], ("A", "b\nc")),
    given([b"a"], ("A\r\nB", "c")),
    given([b"a"], ("A", "\N{SNOWMAN}")),
    given([b"abc"], ("Content-Length", "2")),
    given([b"abc"], ("Content-Length", "4")),
    given([b"abc"], ("Content-Length", "x")),
    given(Body([b"abc"]), ("A", "b\nc")),
    given(None),
]


@pytest.mark.parametrize("application", FAILING)
def test_what_fails_before_anything_is_sent_is_a_500_and_none_of_it_is_told_or_logged(
    application: Callable[..., Iterable[bytes]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    client = asked(application)
    (answered,) = client.answers()
    assert (answered.status, answered.body) == (500, b"Something failed here.\n")
    assert answered.headers["connection"] == "close"
    assert (client.fate, client.shared.held) == ("ending", 0)
    assert "The application failed: " in caplog.text
    assert "ValueError" in caplog.text or "Error" in caplog.text or "SystemExit" in caplog.text
    assert "secret" not in caplog.text.replace('raise ValueError("secret")', "").replace(
        'raise SystemExit("secret")', ""
    )


def breaking(number: int, error: BaseException) -> Iterator[bytes]:
    for _ in range(number):
        yield b"piece"
    raise error


@pytest.mark.parametrize("headers", [[], [("Content-Length", "1000")]])
@pytest.mark.parametrize("error", [ValueError(), SystemExit()], ids=["error", "exit"])
def test_what_fails_midway_is_not_taken_for_the_whole(
    headers: list[tuple[str, str]], error: BaseException
) -> None:
    body = Body(breaking(3, error))
    client = asked(given(body, *headers))
    assert client.received.count(b"piece") == 3
    assert not client.received.endswith(b"0\r\n\r\n")
    assert (client.fate, body.closed, client.shared.connections) == ("aborted", 1, set())


@pytest.mark.parametrize("length", ["14", "16"])
def test_a_body_of_another_length_than_was_told_breaks_off(length: str) -> None:
    body = Body([b"piece"] * 3)
    client = asked(given(body, ("Content-Length", length)))
    assert len(client.received.partition(b"\r\n\r\n")[2]) <= int(length)
    assert (client.fate, body.closed) == ("aborted", 1)


@pytest.mark.parametrize("request_", [GET, HEAD])
def test_a_body_is_closed_once(request_: bytes) -> None:
    for body in (Body([]), Body([b"a"]), Body([b"a", b"b"])):
        asked(given(body), request_)
        assert body.closed == 1


def test_a_body_that_cannot_be_closed_holds_up_nobody() -> None:
    class Stuck(Body):
        def close(self) -> None:
            super().close()
            raise OSError("secret")

    body = Stuck([b"a"])
    client = asked(given(body))
    assert (client.fate, body.closed) == ("aborted", 1)


def test_a_slot_outlives_what_fails_in_it() -> None:
    def fail() -> None:
        raise SystemExit

    slots, is_done = Slots(1), threading.Event()
    slots.put(fail)
    slots.put(is_done.set)
    assert is_done.wait(30)


def test_a_slot_keeps_nothing_of_a_job_while_it_waits() -> None:
    class Job:
        def __call__(self) -> None:
            pass

    slots, job, is_gone = Slots(1), Job(), threading.Event()
    weakref.finalize(job, is_gone.set)
    slots.put(job)
    del job
    assert is_gone.wait(30)
