"""What shows only after a while: what stays in memory, what is remembered, connections that should end."""

from __future__ import annotations

from typing import Any

import pytest

from fhir_service.delivery.server.connection import WHILE_WRITING
from fhir_service.delivery.server.heads import Heads
from fhir_service.delivery.wsgi import Given
from tests.delivery.server.client import Client, Recorder

LARGE = 70_000
KEPT = {
    "/kept": Given(200, [("Content-Length", "4")], b"kept"),
    "/large": Given(200, [("Content-Length", str(LARGE))], b"x" * LARGE),
}
OFFER = ("Connection: Upgrade", "Upgrade: h2c")


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: h", *headers, "", ""]).encode()


def echo() -> Recorder:
    return Recorder(body=lambda environ: [environ["PATH_INFO"].encode()])


def bodies(client: Client) -> list[bytes]:
    return [one.body[:10] for one in client.answers()]


def test_two_requests_of_one_segment_are_not_remembered_as_the_first() -> None:
    slow = Client(echo(), kept=KEPT, room=0)
    both = get("/large") + get("/a")
    slow.send(both)
    slow.take()
    slow.work()
    assert bodies(slow) == [b"x" * 10, b"/a"]
    again = Client(echo(), shared=slow.shared)
    again.send(both)
    slow.work()
    again.take()
    assert bodies(again)[0] == b"x" * 10
    assert len(slow.jobs) + len(again.answers()) > 1, "the second was asked too"


def test_a_known_head_behind_an_offer_is_no_part_of_it() -> None:
    client = Client(echo(), kept=KEPT)
    client.send(get("/kept", "A: b"))
    both = get("/kept", *OFFER) + get("/kept", "A: b")
    for _ in range(3):
        again = Client(echo(), shared=client.shared)
        again.send(both)
        assert bodies(again) == [b"kept", b"kept"]


@pytest.mark.parametrize(
    ("behind", "statuses"),
    [
        (get("/a", "Host: i"), [200, 400]),
        (b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n", [200, 200]),
    ],
    ids=["two hosts", "too large a body"],
)
def test_what_is_behind_an_offer_is_refused_as_anywhere(behind: bytes, statuses: list[int]) -> None:
    client = Client(echo(), kept=KEPT)
    client.send(get("/kept", *OFFER) + behind)
    client.work()
    assert client.statuses() == statuses
    assert client.fate == "ending"


def test_a_body_that_was_answered_stays_with_nobody() -> None:
    client = Client(echo(), most_body=10_000)
    client.send(b"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n" + b"y" * 10_000)
    assert client.shared.held == 10_000
    client.work()
    assert client.shared.held == 0
    assert "wsgi.input" not in client.connection._request.environ


def test_one_who_takes_the_last_answer_while_the_worker_stops_is_let_go() -> None:
    client = Client(echo(), kept=KEPT, room=0)
    client.send(get("/large"))
    client.shared.is_stopping = True
    client.connection.leave()
    assert client.fate == "open"
    client.take()
    assert len(client.received) > LARGE
    assert client.fate == "closed"


def test_requests_that_come_while_the_worker_stops_do_not_reset_the_answer() -> None:
    client = Client(echo(), room=0)
    client.send(get("/a"))
    client.send(get("/b"))
    client.shared.is_stopping = True
    client.connection.leave()
    client.work()
    assert client.fate == "ending", "what comes is read and dropped until the client ends"
    client.connection.leave()
    assert client.fate == "ending"


def test_one_who_never_takes_the_last_answer_is_cut_off() -> None:
    client = Client(Recorder(body=lambda _environ: [b"x" * 60_000]), room=1_000)
    client.send(get("/a", "Connection: close"))
    client.work()
    assert not client.network.is_lost
    client.pass_seconds(WHILE_WRITING + 1)
    assert client.network.is_lost


def test_one_who_takes_the_last_answer_slowly_gets_all_of_it() -> None:
    client = Client(Recorder(body=lambda _environ: [b"x" * 60_000]), room=1_000)
    client.send(get("/a"))
    client.send_no_more()
    client.work()
    for _ in range(12):
        client.pass_seconds(WHILE_WRITING - 1)
        client.take(5_000)
    assert [len(one.body) for one in client.answers()] == [60_000]


def test_a_head_that_is_long_is_not_remembered() -> None:
    known, asked = Heads().of("192.0.2.7"), object()
    for size, found in ((2_048, asked), (2_049, None)):
        head: Any = b"x" * size
        known.remember(head, asked)
        assert known.find(head) is found


def test_of_many_heads_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fhir_service.delivery.server.heads._MOST", 3)
    known = Heads().of("192.0.2.7")
    for head in (b"1", b"2", b"3", b"4", b"5"):
        known.remember(head, head)
    assert [known.find(head) for head in (b"1", b"2", b"3", b"4", b"5")] == [None, None, b"3", b"4", b"5"]
