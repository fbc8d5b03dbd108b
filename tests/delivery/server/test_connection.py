"""A connection: the order of answers, who waits for whom, and that nothing is left when it ends."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from fhir_service.delivery.server import connection
from fhir_service.delivery.server.connection import UNTIL_REQUEST, WHILE_READING, WHILE_WRITING, Shared
from fhir_service.delivery.wsgi import Environ, Given
from tests.delivery.server.client import HIGH_WATER, Body, Client, Recorder

KEPT = {"/kept": Given(200, [("Content-Length", "4")], b"kept")}
LARGE = 100 * HIGH_WATER


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"GET {path} HTTP/{version}", "Host: h", *headers, "", ""]).encode()


def post(body: bytes, *headers: str, path: str = "/x") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: h", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def path_of(environ: Environ) -> list[bytes]:
    return [environ["PATH_INFO"].encode()]


def echoing() -> Recorder:
    return Recorder(body=path_of)


def bodies(client: Client) -> list[bytes]:
    return [one.body for one in client.answers()]


# Answers, one after another.


def test_what_is_kept_is_answered_without_a_slot_and_counted() -> None:
    client = Client(echoing(), kept=KEPT)
    client.send(get("/kept"))
    assert (bodies(client), len(client.jobs), client.counted) == ([b"kept"], 0, 1)


def test_a_head_that_is_known_is_answered_as_it_was() -> None:
    client = Client(echoing(), kept=dict(KEPT))
    other = Client(echoing(), shared=client.shared)
    for sent in (
        get("/kept"),
        get("/kept", "A: b"),
        get("/a"),
        get("/kept") + get("/kept"),
        get("/kept")[:-2],
    ):
        for one in (client, other):
            one.send(sent)
            one.work()
            one.send(b"\r\n" if sent.endswith(b"h\r\n") else b"")
    client.work()
    expected = [b"kept", b"kept", b"/a", b"kept", b"kept", b"kept"]
    assert (bodies(client), bodies(other)) == (expected, expected)


def test_a_head_that_ends_the_connection_ends_it_each_time() -> None:
    shared = Client(echoing(), kept=KEPT).shared
    for sent in (get("/kept", "Connection: close"), get("/kept", version="1.0")):
        for _ in range(3):
            client = Client(echoing(), shared=shared)
            client.send(sent)
            assert (client.fate, len(client.answers())) == ("closed", 1)
            assert client.answers()[0].headers["connection"] == "close"


def test_answers_have_the_order_of_requests() -> None:
    client = Client(echoing(), kept=KEPT)
    client.send(get("/kept") + get("/a") + get("/kept") + get("/b") + get("/c") + get("/kept"))
    assert bodies(client) == [b"kept"]
    client.work()
    assert bodies(client) == [b"kept", b"/a", b"kept", b"/b", b"/c", b"kept"]
    assert client.counted == 3


def test_one_request_of_a_connection_is_at_work_at_once() -> None:
    application = echoing()
    client = Client(application)
    client.send(get("/a") + get("/b"))
    client.send(get("/c"))
    assert len(client.jobs) == 1
    client.work(1)
    assert [one["PATH_INFO"] for one in application.asked] == ["/a"]
    client.work()
    assert bodies(client) == [b"/a", b"/b", b"/c"]


def test_thousands_of_requests_in_one_segment_are_answered_and_few_become_objects_at_once() -> None:
    application = echoing()
    client = Client(application)
    sent = [b"GET /%d HTTP/1.1\r\nHost:\r\n\r\n" % place for place in range(5_000)]
    client.send(b"".join(sent))
    gc.collect()
    assert sum(type(one).__name__ == "Request" for one in gc.get_objects()) < 1_000
    client.work(100_000)
    assert bodies(client) == [b"/%d" % place for place in range(5_000)]


def test_nothing_is_answered_after_the_last_request() -> None:
    for first in ("/kept", "/a"):
        for more in (get("/b"), b"garbage"):
            application = echoing()
            client = Client(application, kept=KEPT)
            client.send(get(first, "Connection: close") + more)
            client.work()
            assert len(client.answers()) == 1
            assert client.answers()[0].headers["connection"] == "close"
            assert client.fate in ("closed", "ending")
            assert len(application.asked) == (first == "/a")


def test_what_cannot_be_understood_ends_the_connection_after_the_answers_before() -> None:
    application = echoing()
    client = Client(application, kept=KEPT)
    client.send(get("/kept") + get("/a") + post(b"body", path="/b") + b"garbage\r\n\r\n" + get("/c"))
    client.work()
    assert bodies(client) == [b"kept", b"/a", b"/b"]
    assert application.bodies == [b"", b"body"]
    assert client.answers()[-1].headers["connection"] == "close"
    assert (client.fate, client.shared.held) == ("ending", 0)


def test_what_cannot_be_understood_is_told_where_nothing_is_at_work() -> None:
    client = Client(echoing(), kept=KEPT)
    client.send(get("/kept") + b"garbage\r\n\r\n")
    assert client.statuses() == [200, 501]
    assert client.fate == "ending"
    again = Client(echoing(), shared=client.shared)
    again.send(get("/kept") + b"garbage\r\n\r\n")
    assert again.statuses() == [200, 501], "it is no head that is known now"


def test_a_body_that_waits_is_whole_also_where_garbage_follows_the_last_request() -> None:
    application = echoing()
    client = Client(application)
    client.send(get("/a") + post(b"body", "Connection: close") + b"garbage")
    client.work()
    assert application.bodies == [b"", b"body"]


def test_a_connection_goes_on_after_a_body_that_nobody_reads() -> None:
    def deaf(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        start_response("405 Method Not Allowed", [])
        return path_of(environ)

    client = Client(deaf, most_body=10_000)
    for _ in range(20):
        client.send(post(b"x" * 5_000))
        client.work()
    assert client.statuses() == [405] * 20
    assert (client.fate, client.shared.held) == ("open", 0)


def test_http_1_0_is_kept_alive_where_asked_for() -> None:
    for path in ("/kept", "/a"):
        client = Client(echoing(), kept=KEPT)
        client.send(get(path, "Connection: keep-alive", version="1.0"))
        client.work()
        client.send(get(path, version="1.0"))
        client.work()
        assert [one.headers["connection"] for one in client.answers()] == ["keep-alive", "close"]
        assert client.fate == "closed"


def test_another_protocol_that_is_offered_changes_nothing() -> None:
    offers = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAA")
    application = echoing()
    client = Client(application, kept=KEPT)
    client.send(get("/kept", *offers) + get("/a", *offers) + get("/kept"))
    client.work()
    client.send(post(b"first", *offers))
    client.work()
    client.send(post(b"second", *offers))
    client.work()
    assert bodies(client) == [b"kept", b"/a", b"kept", b"/x", b"/x"]
    assert application.bodies == [b"", b"first", b"second"]
    assert (client.fate, client.shared.held) == ("open", 0)


def test_what_follows_the_body_of_such_an_offer_is_no_part_of_it() -> None:
    application = echoing()
    client = Client(application)
    client.send(post(b"first", "Connection: Upgrade", "Upgrade: h2c") + get("/b"))
    client.work()
    assert application.bodies[0] == b"first"
    assert "/first" not in str(application.asked)


# Expectations.


def test_who_waits_to_send_a_body_is_told_to_go_on() -> None:
    application = Recorder()
    client = Client(application)
    head, body = post(b"", "Expect: 100-Continue").replace(b": 0", b": 3"), b"abc"
    client.send(head)
    assert client.received == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(body)
    client.work()
    (answer,) = client.answers()
    assert (answer.told_before, answer.status, application.bodies) == ([100], 200, [b"abc"])


def test_who_waits_behind_another_request_is_told_to_go_on_after_its_answer() -> None:
    client = Client(echoing())
    client.send(get("/a") + post(b"", "Expect: 100-continue").replace(b": 0", b": 3"))
    assert client.received == b""
    client.work()
    assert client.received.endswith(b"/aHTTP/1.1 100 Continue\r\n\r\n")
    client.send(b"abc")
    client.work()
    assert bodies(client) == [b"/a", b"/x"]


def test_nobody_is_told_to_go_on_before_the_head_is_whole() -> None:
    client = Client(echoing())
    head = b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nA: b\r\n"
    client.send(get("/a") + head)
    client.work()
    assert b"100 Continue" not in client.received
    client.send(b"\r\n")
    assert client.received.endswith(b"HTTP/1.1 100 Continue\r\n\r\n")


def test_nobody_is_told_to_send_what_is_too_large_or_nothing() -> None:
    for length in (b": 1001", b": 0"):
        client = Client(Recorder())
        client.send(post(b"", "Expect: 100-continue").replace(b": 0", length))
        client.work()
        (answer,) = client.answers()
        assert (answer.told_before, answer.status) == ([], 200)


def test_http_1_0_does_not_know_of_it() -> None:
    client = Client(Recorder())
    client.send(b"POST /x HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert client.received == b""


# Bodies.


def test_a_body_that_is_too_large_is_not_waited_for_and_what_comes_of_it_is_not_kept() -> None:
    application = Recorder("413 Content Too Large")
    client = Client(application)
    client.send(post(b"x" * 1_001)[:-500])
    client.work()
    client.send(b"x" * 1_000_000)
    assert (client.statuses(), client.fate, application.bodies) == ([413], "ending", [b""])
    assert application.asked[0]["CONTENT_LENGTH"] == "1001"
    assert client.network.is_heard, "to close before the client has sent all would reset the connection"


def test_of_a_body_in_chunks_that_is_too_large_the_application_gets_a_byte_too_many() -> None:
    application = Recorder("413 Content Too Large")
    client = Client(application, most_body=5)
    client.send(b"POST /x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n")
    assert client.jobs == type(client.jobs)()
    client.send(b"9\r\n123456789\r\n")
    client.work()
    assert (client.statuses(), client.fate) == ([413], "ending")
    assert len(application.bodies[0]) > 5
    assert client.shared.held == 0


def test_a_body_of_the_largest_size_is_taken() -> None:
    application = Recorder()
    client = Client(application)
    client.send(post(b"x" * 1_000))
    client.work()
    assert application.bodies == [b"x" * 1_000]
    assert client.fate == "open"


def test_a_large_body_behind_others_is_answered_in_its_turn() -> None:
    application = echoing()
    client = Client(application)
    client.send(get("/a") + get("/b") + post(b"x" * 1_001))
    client.work()
    assert bodies(client) == [b"/a", b"/b", b"/x"]
    assert client.fate == "ending"


@pytest.mark.parametrize(
    "more", [b"Content-Length: 3\r\n\r\nab", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"]
)
def test_of_a_body_that_breaks_off_nothing_reaches_the_application(more: bytes) -> None:
    application = Recorder()
    for end in (Client.send_no_more, Client.vanish):
        client = Client(application)
        client.send(b"POST /x HTTP/1.1\r\nHost: h\r\n" + more)
        assert client.shared.held > 0
        end(client)
        client.work()
        assert client.network.is_lost
        assert (application.asked, client.received, client.shared.held) == ([], b"", 0)


def test_bodies_of_all_connections_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST_HELD", 1_500)
    application = Recorder()
    first = Client(application)
    second = Client(application, shared=first.shared)
    first.send(post(b"x" * 1_000)[:-1])
    second.send(post(b"x" * 1_000)[:-1])
    assert (second.statuses(), second.fate) == ([503], "ending")
    assert first.shared.held == 999
    first.send(b"x")
    first.work()
    assert first.statuses() == [200]
    assert first.shared.held == 0


# Clients that do not take their answers.


def streaming(chunks: Iterable[bytes]) -> tuple[Body, Recorder]:
    body = Body(chunks)
    return body, Recorder(body=lambda _environ: body)


def test_no_more_is_asked_for_until_the_client_has_taken_what_there_was() -> None:
    body, application = streaming(b"x" * 10_000 for _ in range(100))
    client = Client(application, room=0)
    client.send(get("/a"))
    client.work()
    assert body.given == 7, "as many as are more than the network takes"
    client.pass_seconds(1)
    client.work()
    assert body.given == 7
    client.take(72_000)
    client.work()
    assert body.given == 14
    client.take()
    client.work()
    assert (body.given, body.closed) == (100, 1)
    (answer,) = client.answers()
    assert len(answer.body) == 1_000_000
    assert client.fate == "open"


def test_of_who_does_not_read_no_more_requests_are_read() -> None:
    client = Client(
        echoing(), kept={"/kept": Given(200, [("Content-Length", "50000")], b"x" * 50_000)}, room=0
    )
    for _ in range(10):
        client.send(get("/kept") * 10)
    assert not client.network.is_heard
    assert client.counted == 2
    assert client.network.get_write_buffer_size() < 3 * HIGH_WATER
    client.take()
    assert (client.counted, len(client.answers())) == (100, 100)


def test_who_takes_nothing_for_a_minute_is_let_go() -> None:
    body, application = streaming(b"x" * 10_000 for _ in range(100))
    client = Client(application, room=0)
    client.send(post(b"body"))
    client.work()
    client.pass_seconds(WHILE_WRITING - 1)
    assert client.fate == "open"
    client.pass_seconds(2)
    client.work()
    assert (client.fate, body.closed, client.shared.held) == ("aborted", 1, 0)
    assert not client.shared.connections


def test_who_takes_a_little_now_and_then_is_not() -> None:
    client = Client(Recorder(body=lambda _environ: [b"x" * LARGE]), room=0)
    client.send(get("/a"))
    client.work()
    for _ in range(10):
        client.take(1_000)
        client.pass_seconds(WHILE_WRITING + 1)
    assert client.fate == "open"
    client.take()
    assert len(client.answers()[0].body) == LARGE


def test_who_reads_slowly_and_has_sent_all_gets_the_whole_answer() -> None:
    client = Client(Recorder(body=lambda _environ: [b"x" * LARGE]), room=0)
    client.send(get("/a"))
    client.send_no_more()
    client.work()
    for _ in range(5):
        client.pass_seconds(WHILE_WRITING - 1)
        client.take(LARGE // 10)
    assert client.fate != "aborted"
    client.take()
    assert len(client.answers()[0].body) == LARGE
    assert client.fate in ("closed", "ending")


@pytest.mark.parametrize("last", [b"garbage\r\n\r\n", None])
def test_a_connection_ends_once_the_client_has_taken_all_and_nothing_can_follow(last: bytes | None) -> None:
    kept = {"/kept": Given(200, [("Content-Length", "200000")], b"x" * 200_000)}
    client = Client(echoing(), kept=kept, room=0)
    client.send(get("/kept") + (last or b""))
    if last is None:
        client.send_no_more()
    assert client.fate == "open"
    client.take()
    assert client.fate in ("closed", "ending")
    assert len(client.answers()[0].body) == 200_000


# Clients that go.


def test_who_sends_no_more_still_gets_all_answers() -> None:
    client = Client(echoing(), kept=KEPT)
    client.send(get("/a") + get("/kept") + get("/b"))
    client.send(get("/c"))
    client.send_no_more()
    client.work()
    assert bodies(client) == [b"/a", b"kept", b"/b", b"/c"]
    assert client.answers()[-1].headers.get("connection") is None or client.fate != "open"
    assert client.fate in ("closed", "ending")


def test_who_sends_nothing_and_ends_is_let_go() -> None:
    client = Client(echoing())
    client.send_no_more()
    assert (client.fate, client.shared.connections) == ("closed", set())


@pytest.mark.parametrize("jobs", range(5), ids=["before", "first", "second", "third", "after"])
def test_a_body_is_closed_once_whenever_the_client_goes(jobs: int) -> None:
    body, application = streaming([b"a" * 40_000, b"b" * 40_000])
    client = Client(application, room=0)
    client.send(post(b"body"))
    client.work(jobs)
    client.vanish()
    client.work()
    client.pass_seconds(1_000)
    client.work()
    assert (body.closed, client.shared.held, client.shared.connections) == (1, 0, set())
    assert client.left == 1


def test_a_body_is_closed_once_when_the_client_goes_while_it_is_made() -> None:
    body, application = streaming([b"a"])

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        made = application(environ, start_response)
        client.vanish()
        return made

    client = Client(answer)
    client.send(post(b"body"))
    client.work()
    assert (body.closed, client.shared.held, client.shared.connections) == (1, 0, set())
    assert client.left == 1


def test_what_waits_goes_with_the_client() -> None:
    client = Client(echoing())
    client.send(get("/a") + post(b"b" * 500) + post(b"c" * 500) + post(b"d" * 500)[:-1])
    assert client.shared.held == 1_499
    client.vanish()
    client.work()
    assert client.shared.held == 0


def test_what_waits_goes_when_an_answer_fails() -> None:
    def failing(_environ: Environ, _start_response: Callable[..., Any]) -> Iterable[bytes]:
        raise ValueError

    client = Client(failing)
    client.send(post(b"a" * 500) + post(b"b" * 500) + get("/c"))
    client.work()
    assert (client.statuses(), client.fate, client.shared.held) == ([500], "ending", 0)


def test_a_connection_that_ended_is_no_garbage_to_be_collected() -> None:
    gc.collect()
    gc.disable()
    try:
        client = Client(echoing())
        client.send(get("/a"))
        client.work()
        client.send(get("/b"))
        client.vanish()
        client.work()
        gone = weakref.ref(client.connection)
        client.network.protocol = client.connection = None  # type: ignore[assignment]
        assert gone() is None
    finally:
        gc.enable()


# The clock.


def test_a_client_that_asks_nothing_is_let_go() -> None:
    client = Client(echoing(), kept=KEPT)
    client.pass_seconds(WHILE_READING + 1)
    assert (client.fate, client.received) == ("aborted", b"")


@pytest.mark.parametrize("path", ["/kept", "/a"])
def test_a_client_that_asks_no_more_is_let_go(path: str) -> None:
    client = Client(echoing(), kept=KEPT)
    client.send(get(path))
    client.work()
    client.pass_seconds(UNTIL_REQUEST - 1)
    assert client.fate == "open"
    client.pass_seconds(2)
    assert (client.fate, len(client.answers())) == ("aborted", 1)


@pytest.mark.parametrize("sent", [b"GET", get("/x")[:-2], post(b"abc")[:-1]])
def test_a_request_that_does_not_come_in_time_is_told_so(sent: bytes) -> None:
    application = echoing()
    client = Client(application)
    client.send(sent)
    client.pass_seconds(WHILE_READING + 1)
    assert (client.statuses(), client.fate, application.asked) == ([408], "ending", [])
    assert client.shared.held == 0
    client.pass_seconds(10)
    assert client.fate == "aborted"


def test_a_head_that_comes_bit_by_bit_has_to_come_in_time() -> None:
    client = Client(echoing())
    for place in range(0, len(sent := get("/a", "A: " + "b" * 100)), 2):
        client.send(sent[place : place + 2])
        client.pass_seconds(1)
    client.work()
    assert client.statuses() == [408]


def test_a_body_that_goes_on_coming_may_take_its_time() -> None:
    application = echoing()
    client = Client(application)
    client.send(post(b"abc")[:-3])
    for byte in (b"a", b"b", b"c"):
        client.pass_seconds(WHILE_READING - 1)
        client.send(byte)
    client.work()
    assert application.bodies == [b"abc"]


def test_work_may_take_its_time_and_what_came_meanwhile_is_waited_for_again() -> None:
    client = Client(echoing())
    client.send(get("/a") + get("/b")[:-2])
    client.pass_seconds(10_000)
    client.send(get("/b")[-2:])
    client.work()
    assert bodies(client) == [b"/a", b"/b"]
    assert client.fate == "open"


def test_what_came_meanwhile_has_to_be_whole_in_time_after_that() -> None:
    client = Client(echoing())
    client.send(get("/a") + get("/b")[:-2])
    client.pass_seconds(10_000)
    client.work()
    client.pass_seconds(WHILE_READING + 1)
    assert client.statuses() == [200, 408]


# The end of the worker.


def test_a_worker_that_stops_lets_go_who_waits_for_nothing() -> None:
    client = Client(echoing(), kept=KEPT)
    client.send(get("/kept"))
    stop(client)
    assert (client.fate, client.shared.connections) == ("closed", set())


@pytest.mark.parametrize("half", [True, False])
def test_a_worker_that_stops_answers_what_was_asked(half: bool) -> None:
    client = Client(echoing())
    client.send(get("/a")[:-2] if half else get("/a"))
    stop(client)
    assert client.fate == "open"
    if half:
        client.send(b"\r\n")
    client.work()
    assert (bodies(client), client.fate) == ([b"/a"], "closed")


def stop(client: Client) -> None:
    client.shared.is_stopping = True
    client.connection.leave()
    client.take(0)


def test_the_date_is_in_every_answer() -> None:
    client = Client(echoing(), kept=KEPT)
    client.shared.end_of_head = b"Date: Thu, 26 Nov 2026 09:00:00 GMT\r\n\r\n"
    client.send(get("/kept") + get("/a"))
    client.work()
    client.send(b"garbage\r\n\r\n")
    assert [one.headers["date"] for one in client.answers()] == ["Thu, 26 Nov 2026 09:00:00 GMT"] * 3


def test_a_failure_to_look_up_what_is_kept_is_no_silence() -> None:
    def broken(_look: str) -> Given | None:
        raise LookupError("broken")

    shared: Shared = Client(echoing()).shared
    shared.kept = broken
    client = Client(echoing(), shared=shared)
    with pytest.raises(LookupError):  # the event loop ends the connection
        client.send(get("/a"))
