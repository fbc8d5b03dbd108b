"""The response cache: bytes for who may have them, and never a stale or a foreign answer."""

from __future__ import annotations

import gc
import gzip
import ipaddress
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Response
from werkzeug.test import Client, EnvironBuilder, TestResponse, run_wsgi_app

from fhir_service.delivery.base_url import base_url, depends_on
from fhir_service.delivery.cache import Entry, ResponseCache, Store
from fhir_service.delivery.wsgi import Environ, Given
from fhir_service.settings import Settings

BODY = b'{"resourceType":"Bundle"}' * 100
HEADERS = {
    "Content-Type": "application/fhir+json",
    "ETag": 'W/"1"',
    "Cache-Control": "public, no-cache",
    "Vary": "Accept",
}


class Application:
    """Answers with `body`; tells how often it was asked, and when its chunks were closed."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.body, self.status, self.headers = BODY, "200 OK", dict(HEADERS)
        self.closed = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self.asked.append(dict(environ))
        length = {"Content-Length": str(len(self.body))}
        start_response(self.status, list((self.headers | length).items()))
        return Chunks(self)


class Chunks(list[bytes]):
    def __init__(self, application: Application) -> None:
        super().__init__([application.body[:10], application.body[10:]])
        self._application = application

    def close(self) -> None:
        self._application.closed += 1


class Service:
    def __init__(self, store: Store | None = None) -> None:
        self.application = Application()
        self.version = 1
        self.known = True
        self.cache = ResponseCache(
            self.application,
            lambda: self.version,
            depends_on(Settings()),
            store,
            known=lambda: self.version if self.known else None,
        )
        self.client = Client(self.cache.answer, use_cookies=False)  # its jar would drop the header

    def get(self, path: str = "/fhir/r4/Library/a", method: str = "GET", **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(path, method=method, headers=named)

    def kept(self, path: str = "/fhir/r4/Library/a", method: str = "GET", **headers: str) -> Given | None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.kept_for(EnvironBuilder(path, method=method, headers=list(named.items())).get_environ())

    def kept_for(self, environ: Environ) -> Given | None:
        look = self.cache.look(environ)
        return None if look is None else self.cache.kept(look)

    @property
    def asked(self) -> int:
        return len(self.application.asked)


@pytest.fixture
def service() -> Service:
    return Service()


def test_a_repeated_read_does_not_reach_the_application(service: Service) -> None:
    first, second = service.get(), service.get()
    assert first.data == second.data == BODY
    assert first.headers.to_wsgi_list() == second.headers.to_wsgi_list()
    assert (service.asked, service.application.closed) == (1, 1)


@pytest.mark.parametrize("asked", [{}, {"If_None_Match": 'W/"1"'}, {"Accept_Encoding": "gzip"}])
def test_what_is_kept_is_what_would_be_answered(service: Service, asked: dict[str, str]) -> None:
    assert service.kept(**asked) is None, "nothing yet"
    answer = service.get(**asked)
    kept = service.kept(**asked)
    assert kept is not None
    told = kept.status, kept.headers, kept.body
    assert told == (answer.status_code, answer.headers.to_wsgi_list(), answer.data)
    assert service.asked == 1
    service.known = False
    assert service.kept(**asked) is None, "who would have to ask first gives nothing"
    service.known, service.version = True, 2
    assert service.kept(**asked) is None, "it is old"


def test_who_would_have_to_wait_for_compression_is_given_nothing(service: Service) -> None:
    service.get()
    assert service.kept(Accept_Encoding="gzip") is None
    service.get(Accept_Encoding="gzip")
    assert service.kept(Accept_Encoding="gzip") is not None


def test_a_change_of_the_store_makes_every_entry_old(service: Service) -> None:
    service.get()
    service.version, service.application.body = 2, b"new" * 500
    assert service.get().data == b"new" * 500


def test_an_entry_is_kept_under_the_token_from_before_the_query() -> None:
    """A commit that comes while the application answers must not be hidden by what it answered."""
    service = Service()

    def answers_while_another_writes(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        service.version += 1
        return service.application(environ, start_response)

    client = Client(ResponseCache(answers_while_another_writes, lambda: service.version, ()).answer)
    client.get("/fhir/r4/Library/a")
    service.application.body = b"new" * 500
    assert client.get("/fhir/r4/Library/a").data == b"new" * 500


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/fhir/r4/Library/b"},
        {"path": "/fhir/r4/Library/a?_pretty=true"},
        {"Accept": "application/fhir+xml"},
        {"Accept_Language": "es"},
        {"Prefer": "handling=lenient"},
        {"Origin": "https://portal.test"},
        {"Host": "127.0.0.1"},
    ],
)
def test_what_an_answer_may_depend_on_keeps_answers_apart(service: Service, other: dict[str, str]) -> None:
    service.get()
    service.get(**other)
    assert service.asked == 2


def test_what_a_stranger_forwards_is_never_told_to_a_proxy() -> None:
    settings = Settings(trusted_proxies=(ipaddress.ip_network("10.0.0.0/8"),))

    def tells_its_address(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        return Response(base_url(environ, settings), headers=HEADERS)(environ, start_response)

    client = Client(ResponseCache(tells_its_address, lambda: 1, depends_on(settings)).answer)

    def told(remote: str) -> str:
        headers = {"X-Forwarded-Host": "education.test", "X-Forwarded-Proto": "https"}
        return client.get("/", headers=headers, environ_overrides={"REMOTE_ADDR": remote}).text

    assert told("192.0.2.1") == "http://localhost"
    assert told("10.1.2.3") == "https://education.test"
    assert told("192.0.2.1") == "http://localhost"


def test_forged_hosts_share_one_entry_where_the_operator_says_the_address() -> None:
    application = Application()
    cache = ResponseCache(application, lambda: 1, depends_on(Settings(base_url="https://education.test")))
    client = Client(cache.answer)
    for host in ("education.test", "forged.test", "other.test"):
        client.get("/", headers={"Host": host, "X-Forwarded-Host": host})
    assert len(application.asked) == 1


@pytest.mark.parametrize(
    "special",
    [
        {"Authorization": "Bearer x"},
        {"Cookie": "a=b"},
        {"Range": "bytes=0-1"},
        {"If_Modified_Since": "Wed, 25 Nov 2026 00:00:00 GMT"},
        {"If_Match": 'W/"1"'},
        {"Cache_Control": "no-cache"},
        {"Cache_Control": "max-age=0, no-store"},
        {"method": "POST"},
        {"path": "/infobutton/service?mainSearchCriteria.v.c=D69.3"},
        {"path": "/cds-services"},
        {"Transfer_Encoding": "chunked"},
    ],
)
def test_who_asks_for_something_special_gets_past_the_cache_and_leaves_nothing(
    service: Service, special: dict[str, str]
) -> None:
    service.get()
    assert service.kept(**special) is None
    service.get(**special)
    assert service.kept(**special) is None
    assert service.asked == 2
    service.get(**special)
    assert service.asked == 3
    service.get()
    assert service.asked == 3


def test_a_body_is_for_the_application_to_read(service: Service) -> None:
    service.get()
    asked = EnvironBuilder("/fhir/r4/Library/a").get_environ() | {"CONTENT_LENGTH": "3"}
    assert service.kept_for(asked) is None
    run_wsgi_app(service.cache.answer, asked)
    assert service.asked == 2


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        ("404 NOT FOUND", {}),
        ("200 OK", {"Cache-Control": "no-store"}),
        ("200 OK", {"Cache-Control": "private, no-cache"}),
        ("200 OK", {"Cache-Control": ""}),
        ("200 OK", {"Set-Cookie": "a=b"}),
        ("200 OK", {"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_not_good_for_everybody_is_not_kept(
    service: Service, status: str, headers: dict[str, str]
) -> None:
    service.application.status = status
    service.application.headers |= headers
    assert service.get().data == BODY
    service.get()
    assert service.asked == 2


def test_head_is_answered_with_the_headers_of_get(service: Service) -> None:
    for accepted in ("", "gzip"):
        for first, second in (("HEAD", "GET"), ("GET", "HEAD")):
            one = service.get(method=first, Accept_Encoding=accepted)
            other = service.get(method=second, Accept_Encoding=accepted)
            assert one.headers.to_wsgi_list() == other.headers.to_wsgi_list()
            assert {one.data == b"", other.data == b""} == {True, False}
    assert service.asked == 1


def test_head_of_what_is_not_kept_has_no_body(service: Service) -> None:
    service.application.status = "404 NOT FOUND"
    answer = service.get(method="HEAD")
    assert (answer.status_code, answer.data) == (404, b"")
    assert answer.headers["Content-Length"] == str(len(BODY))


@pytest.mark.parametrize("wished", ['W/"1"', '"1"', '"0", W/"1"', "*"])
def test_who_has_it_gets_304_without_a_body(service: Service, wished: str) -> None:
    for _ in range(2):  # from the application, and from the cache
        answer = service.get(If_None_Match=wished)
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == 'W/"1"'
        assert answer.headers["Vary"] == "Accept, Accept-Encoding"
        assert "Content-Length" not in answer.headers
        assert "Content-Type" not in answer.headers
    assert service.asked == 1
    assert service.get().data == BODY


def test_who_has_another_version_gets_all(service: Service) -> None:
    assert service.get(If_None_Match='W/"2"').data == BODY
    assert service.get(If_None_Match='W/"2"').data == BODY


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("GZIP", False),
        ("deflate", False),
        ("gzip;q=0", False),
        ("gzip; q=0.0, br", False),
        ("", False),
    ],
)
def test_it_is_compressed_for_who_takes_it(service: Service, accepted: str, is_compressed: bool) -> None:
    service.get()
    answer = service.get(Accept_Encoding=accepted)
    assert answer.headers.get("Content-Encoding") == ("gzip" if is_compressed else None)
    assert (gzip.decompress(answer.data) if is_compressed else answer.data) == BODY
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert service.asked == 1


def test_an_answer_is_compressed_once_however_many_ask(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    compressed: list[bytes] = []
    compress = gzip.compress

    def counted(body: bytes, *how: Any, **more: Any) -> bytes:
        compressed.append(body)
        time.sleep(0.05)  # long enough for others to ask meanwhile
        return compress(body, *how, **more)

    monkeypatch.setattr(gzip, "compress", counted)
    service.get()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: service.get(Accept_Encoding="gzip").data, range(12)))
    assert len(set(answers)) == 1
    assert compressed == [BODY]
    service.version = 2
    service.get(Accept_Encoding="gzip")
    assert compressed == [BODY, BODY], "another answer"


def test_other_bytes_have_no_strong_validator(service: Service) -> None:
    service.application.headers["ETag"] = '"strong"'
    assert service.get().headers["ETag"] == '"strong"'
    compressed = service.get(Accept_Encoding="gzip")
    assert compressed.headers["ETag"] == 'W/"strong"'
    assert service.get(If_None_Match='W/"strong"').status_code == 304


def test_what_is_small_is_not_compressed(service: Service) -> None:
    service.application.body = b"small"
    assert service.get(Accept_Encoding="gzip").data == b"small"
    assert service.get().headers["Vary"] == "Accept"


def test_the_cache_is_bounded_in_bytes_and_drops_what_was_used_least() -> None:
    entry = Entry("1", Given(200, [], BODY))
    store = Store(most_bytes=3 * entry.size)
    service = Service(store)
    for number in range(3):
        service.get(f"/{number}")
    service.get("/0")
    service.get("/3")
    assert store.held <= store.most_bytes
    before = service.asked
    service.get("/0")
    assert service.asked == before
    service.get("/1")
    assert service.asked == before + 1


def test_what_was_used_since_it_came_outlives_what_came_after_it() -> None:
    store = Store(most_bytes=2 * Entry("1", Given(200, [], BODY)).size)
    first, second, third = (Entry("1", Given(200, [], BODY)) for _ in range(3))
    store.put(b"1", first)
    store.put(b"2", second)
    assert store.get(b"1", "1") is first
    store.put(b"3", third)
    kept = [store.get(key, "1") for key in (b"1", b"2", b"3")]
    assert kept == [first, None, third]


def test_what_is_kept_has_few_objects_that_are_looked_through_for_garbage() -> None:
    """Those that come and go in equal numbers are young for long: then all are looked through in one go."""
    store, headers = Store(), [(f"Header-{number}", "value") for number in range(10)]
    gc.collect()
    before = len(gc.get_objects())
    for number in range(1_000):
        store.put(b"%d" % number, Entry("1", Given(200, list(headers), BODY)))
    gc.collect()
    assert len(gc.get_objects()) - before < 2_500


def test_what_is_compressed_counts(service: Service) -> None:
    store = Store()
    service = Service(store)
    service.get()
    plain = store.held
    compressed = service.get(Accept_Encoding="gzip").data
    assert store.held == plain + len(compressed)
    service.get(Accept_Encoding="gzip")
    assert store.held == plain + len(compressed)
    service.version = 2
    service.get()
    assert store.held == plain


def test_a_database_that_does_not_answer_is_for_the_application_to_tell() -> None:
    application = Application()

    def fails() -> object:
        raise OSError("the database is gone")

    client = Client(ResponseCache(application, fails, ()).answer)
    assert client.get("/fhir/r4/Library/a").data == BODY
    assert len(application.asked) == 1
