"""What each row of the benchmark sends, and that it can be done at all: over a small store, on no clock."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from threading import Thread

import pytest

from bench.bench import SIZES, Bench
from bench.client import Answer, Connection
from bench.corpus import PATTERN
from bench.databases import BOTH, SQLITE
from bench.declaration import Row
from bench.loading import Loaded
from bench.rows import ROWS, bulk_load, download, mixed_writes, transactions
from bench.stores import Stores
from fhir_service.releases import R4
from fhir_service.releases.validator import validator

EVERY_TYPE = frozenset(PATTERN)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_a_row_says_what_it_is_measured_on_and_by_which_specification(row: Row) -> None:
    assert row.databases and set(row.databases) <= set(BOTH)
    module = __import__(row.measure.__module__, fromlist=["__doc__"])
    assert "https://" in (module.__doc__ or "")


def test_the_rows_are_those_of_the_table() -> None:
    assert [row.number for row in ROWS] == list(range(1, 13))
    assert {row.number for row in ROWS if row.databases == BOTH} == {4, 5, 6, 7, 8, 9, 10}


def test_every_size_has_a_figure_for_its_median() -> None:
    (searches,) = (row for row in ROWS if row.number == 5)
    assert {f"at {size:,}" for size in SIZES} <= {goal.name for goal in searches.goals}


def test_transactions_hold_a_hundred_new_resources_that_refer_to_each_other() -> None:
    first, second = (json.loads(one) for one in transactions.bundles(2, EVERY_TYPE))
    for bundle in (first, second):
        assert [one["request"]["method"] for one in bundle["entry"]] == ["POST"] * 100
        there = {one["fullUrl"] for one in bundle["entry"]}
        asked = set(re.findall(r'"reference": "(urn:uuid:[^"]+)"', json.dumps(bundle)))
        assert len(there) == 100 and asked and asked <= there
    assert validator(R4).validate(first) == []
    assert first["entry"][0]["resource"] != second["entry"][0]["resource"]


def test_only_types_that_a_server_has_are_sent_to_it() -> None:
    (bundle,) = islice(transactions.bundles(1, frozenset({"Patient"})), 1)
    assert {one["resource"]["resourceType"] for one in json.loads(bundle)["entry"]} == {"Patient"}


class Told(Connection):
    """A server that says yes, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, bytes, bytes]] = []

    def __exit__(self, *_: object) -> None:
        pass

    def renew(self) -> None:
        pass

    def ask(self, method: bytes, path: bytes, body: bytes = b"") -> Answer:
        self.asked.append((method, path, body))
        head = b"HTTP/1.1 201 Created\r\nLocation: http://x%s/id-%d/_history/1\r\n" % (path, len(self.asked))
        return Answer(201, head, memoryview(b""))


def test_each_resource_is_created_read_updated_and_deleted() -> None:
    server, bodies = Told(), mixed_writes._bodies(0, EVERY_TYPE)
    mixed_writes._round(lambda kind, *request: server.ask(*request), b"/fhir/r4", bodies)
    assert [method for method, _, _ in server.asked] == [
        *[b"POST"] * 9,
        *[b"GET"] * 9,
        *[b"PUT"] * 9,
        *[b"DELETE"] * 9,
    ]
    paths = [path for _, path, _ in server.asked]
    assert paths[9:18] == paths[18:27] == paths[:26:-1]
    updated = [json.loads(body) for method, _, body in server.asked if method == b"PUT"]
    assert all(path.endswith(one["id"].encode()) for path, one in zip(paths[18:27], updated, strict=True))
    assert [issue for one in updated for issue in validator(R4).validate(one)] == []
    assert {one["subject"]["reference"] for one in updated if "subject" in one} == {"Patient/id-1"}


PAGES = {
    b"/fhir/r4/first": b'{"link":[{"relation":"self","url":"x"},{"relation":"next","url":"http://h/fhir/r4/x?_page=a|b"}],'
    b'"entry":[{"resource":{}},{"resource":{}}]}',
    b"/fhir/r4/x?_page=a%7Cb": b'{"link":[{"relation":"self","url":"x"}],"entry":[{"resource":{}}]}',
}


def test_a_download_follows_the_links_to_the_last_page(monkeypatch: pytest.MonkeyPatch) -> None:
    class Pages(Told):
        def ask(self, method: bytes, path: bytes, body: bytes = b"") -> Answer:
            return Answer(200, b"", memoryview(PAGES[path if b"_page" in path else b"/fhir/r4/first"]))

    monkeypatch.setattr(download, "Connection", lambda base: Pages())
    assert download._download("http://h/fhir/r4", 0) == 3


def test_a_load_is_told_that_was_taken_when_the_store_was_made() -> None:
    class Made(Stores):
        def load(self, database: str, count: int) -> Loaded:
            return Loaded(count, 2.0, 300.0, "now")

        def trusted_load(self, count: int) -> Loaded:
            return Loaded(count, 1.0, 200.0, "now")

    figures = bulk_load.measure(Bench((10, 5_000), Made(), SQLITE))
    assert figures["rate"] == 2_500 and figures["--trusted"] == 5_000 and figures["memory"] == 300


def test_the_client_reads_answers_of_any_size_one_after_another() -> None:
    bodies = [b"", b"x" * 200_000, b"y" * 100_000, b"z" * 10]
    with _served(bodies) as base, Connection(base) as connection:
        for body in bodies:
            answer = connection.ask(b"POST", b"/x", b"{}")
            assert (answer.status, bytes(answer.body)) == (200, body)
            assert answer.header(b"etag") == b'W/"1"'


@contextmanager
def _served(bodies: list[bytes]) -> Iterator[str]:
    """A server that answers with those bodies in turn; the last but one in chunks."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = waiting.pop(0)
            self.send_response(200)
            self.send_header("ETag", 'W/"1"')
            if len(waiting) == 1:
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for part in (body[:5], body[5:], b""):
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            else:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    waiting = list(bodies)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
