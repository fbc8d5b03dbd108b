"""A primary and its replica under two instances: nobody is answered from before what he must see.

Replay is paused where a test needs a replica that is behind: so nothing here depends on time.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from werkzeug.test import TestResponse

from fhir_service import create_app
from fhir_service.delivery.read_your_writes import POSITION_HEADER
from fhir_service.settings import Settings
from fhir_service.store import open_replicated_store, open_store, server
from fhir_service.store.postgres import PostgresDatabase
from fhir_service.store.replicas import Reader
from tests.replication import Replication, replication, wait_until

pytestmark = pytest.mark.xdist_group("replication")

PATH = "/fhir/r4/Basic/a"


@pytest.fixture(scope="module")
def servers() -> Iterator[Replication]:
    with TemporaryDirectory(prefix="pg") as folder, replication(Path(folder)) as both:
        store = open_store(both.url)
        store.create_tables()
        store.close()
        both.catch_up()
        yield both


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long a test takes, a replica that is behind is read from."""
    monkeypatch.setattr(server, "MOST_BEHIND", 1e9)


@pytest.fixture
def caught_up(servers: Replication) -> Iterator[Replication]:
    servers.catch_up()
    yield servers
    servers.resume()


class Instance:
    """The service in a process that shares nothing with the other instance but the databases."""

    def __init__(self, servers: Replication, *read_urls: str) -> None:
        settings = Settings(
            database_url=servers.url,
            database_read_urls=read_urls or (servers.read_url,),
            types="all",
            writes="open",
        )
        self.store = open_replicated_store(settings.database_url, settings.database_read_urls)
        self.app = create_app(settings, self.store)

    def put(self, text: str) -> TestResponse:
        resource = {"resourceType": "Basic", "id": "a", "code": {"text": text}}
        with self.app.test_client() as client:
            answer = client.put(PATH, json=resource, content_type="application/fhir+json")
        assert answer.status_code in (200, 201), answer.data
        return answer

    def get(self, path: str = PATH, **headers: str) -> TestResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with self.app.test_client() as client:
            return client.get(path, headers=named)

    def text(self, **headers: str) -> str:
        answer = self.get(**headers)
        assert answer.status_code == 200, answer.data
        told: str = answer.get_json()["code"]["text"]
        return told

    def sees(self, text: str, **headers: str) -> None:
        """Once its token, a tenth of a second old, is another."""
        wait_until(lambda: self.text(**headers) == text)


@pytest.fixture
def one(servers: Replication) -> Iterator[Instance]:
    instance = Instance(servers)
    yield instance
    instance.store.close()


@pytest.fixture
def other(servers: Replication) -> Iterator[Instance]:
    instance = Instance(servers)
    yield instance
    instance.store.close()


def put_ahead(servers: Replication, one: Instance, seen_by: Instance | None = None) -> None:
    """The new text where the replica has only the old one, which perhaps somebody has read there."""
    one.put("old")
    servers.catch_up()
    if seen_by is not None:
        assert seen_by.text() == "old"
    servers.pause()
    one.put("new")


def test_both_instances_answer_the_same_bytes_and_validators(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    one.put("same")
    caught_up.catch_up()
    other.sees("same")
    for path in (PATH, "/fhir/r4/Basic?_id=a", f"{PATH}/_history", "/fhir/r4/metadata"):
        assert one.get(path).data == other.get(path).data
        assert one.get(path).headers.get("ETag") == other.get(path).headers.get("ETag")


def test_a_read_is_answered_by_the_replica(caught_up: Replication, one: Instance, other: Instance) -> None:
    put_ahead(caught_up, one, seen_by=other)
    assert other.text() == "old"
    assert other.get("/fhir/r4/Basic?_id=a").get_json()["entry"][0]["resource"]["code"]["text"] == "old"


def test_what_was_read_from_a_replica_that_was_behind_is_not_kept(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    """The answer is kept under a token of the replica: the primary's would call it current for ever."""
    put_ahead(caught_up, one)
    assert [other.text(), other.text()] == ["old", "old"]
    caught_up.resume()
    caught_up.catch_up()
    other.sees("new")


def test_whoever_wrote_through_an_instance_reads_it_there_at_once(
    caught_up: Replication, one: Instance
) -> None:
    one.put("old")
    caught_up.catch_up()
    assert one.text() == "old"
    caught_up.pause()
    for text in ("new", "newer"):
        one.put(text)
        assert [one.text(), one.text()] == [text, text]


def test_whoever_tells_the_position_reads_what_he_wrote_through_any_instance(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    one.put("old")
    caught_up.catch_up()
    assert other.text() == "old"
    caught_up.pause()
    for text in ("new", "newer"):
        position = one.put(text).headers[POSITION_HEADER]
        assert other.text(Store_Position=position) == text
        assert other.text() == "old"
        assert other.text(Store_Position=position) == text


def test_a_position_that_the_replica_has_reached_is_answered_by_it(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    position = one.put("old").headers[POSITION_HEADER]
    caught_up.catch_up()
    caught_up.pause()
    one.put("new")
    other.sees("old", Store_Position=position)


@pytest.mark.parametrize(
    "asked",
    [
        {"Authorization": "Bearer x"},
        {"Cache_Control": "no-cache"},
        {"Store_Position": "soon"},
        {"Store_Position": "FFFFFFFF/FFFFFFFF"},
        {"Store_Position": "0/0", "Cache_Control": "no-cache"},
    ],
)
def test_who_must_see_all_is_answered_by_the_primary(
    caught_up: Replication, one: Instance, other: Instance, asked: dict[str, str]
) -> None:
    put_ahead(caught_up, one, seen_by=other)
    assert other.text(**asked) == "new"


def test_with_credentials_and_a_position_the_replica_is_good_enough(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    put_ahead(caught_up, one)
    assert other.text(Authorization="Bearer x", Store_Position="0/0") == "old"


def test_forged_hosts_and_credentials_between_leave_no_foreign_answer(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    path = "/fhir/r4/Basic?_id=a"
    for number in range(3):
        one.put(f"number {number}")
        caught_up.catch_up()
        other.sees(f"number {number}")
        for instance in (one, other):
            own = instance.get(path)
            assert instance.get(path, Host="forged.test").status_code == 400
            asked = instance.get(path, Host="127.0.0.1:9")
            assert b"127.0.0.1:9" in asked.data
            assert b"127.0.0.1:9" not in own.data
            instance.get(path, Authorization="Bearer x", Host="127.0.0.1:9")
            assert instance.get(path).data == own.data
            assert f"number {number}".encode() in own.data


def test_what_a_write_looks_at_is_the_primary_s(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    put_ahead(caught_up, one)
    version = one.get().headers["ETag"]
    with other.app.test_client() as client:
        resource = {"resourceType": "Basic", "id": "a", "code": {"text": "newest"}}
        answer = client.put(
            PATH, json=resource, content_type="application/fhir+json", headers={"If-Match": version}
        )
    assert answer.status_code == 200
    assert one.get(Cache_Control="no-cache").get_json()["code"]["text"] == "newest"


def test_a_replica_that_goes_away_is_done_without(servers: Replication, one: Instance) -> None:
    one.put("here")
    servers.catch_up()
    one.sees("here")
    with TemporaryDirectory(prefix="none") as nowhere:
        instance = Instance(servers, f"postgresql://fhir@/fhir?host={nowhere}", servers.read_url)
        assert [instance.text() for _ in range(3)] == ["here"] * 3
        instance.store.close()


def test_a_read_whose_server_is_lost_on_the_way_is_asked_of_another(
    caught_up: Replication, one: Instance, other: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.put("asked again")
    caught_up.catch_up()
    monkeypatch.setattr(PostgresDatabase, "TOKEN_AGE", 60.0)  # it believes that the replica is there
    assert other.text() == "asked again"
    caught_up.cut(caught_up.replica)
    answer = other.get("/fhir/r4/Basic?_id=a")
    assert answer.get_json()["entry"][0]["resource"]["code"]["text"] == "asked again"


def test_a_replica_that_is_long_behind_is_done_without_while_the_primary_answers(
    caught_up: Replication, one: Instance, other: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_ahead(caught_up, one)
    assert other.text() == "old"
    monkeypatch.setattr(server, "MOST_BEHIND", 0.0)
    other.sees("new")


def test_whoever_begins_to_write_reads_from_the_primary_from_then_on(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    put_ahead(caught_up, one)
    with other.store.request(Reader()):
        before = other.store.read("r4", "Basic", "a")
        with other.store.write():
            after = other.store.read("r4", "Basic", "a")
    assert before is not None and after is not None
    assert after.version_id == before.version_id + 1


def test_connections_that_are_cut_cost_nobody_an_answer(
    caught_up: Replication, one: Instance, other: Instance
) -> None:
    one.put("first")
    caught_up.catch_up()
    for instance in (one, other):
        assert instance.text() == "first"
    for database in (caught_up.primary, caught_up.replica):
        caught_up.cut(database)
    for instance in (one, other):
        assert instance.text() == "first"
    caught_up.cut(caught_up.primary)
    one.put("second")
    assert one.text() == "second"
