from flask.testing import FlaskClient

from tests.memory_store import MemoryStore


def test_a_living_process_says_so(client: FlaskClient, store: MemoryStore) -> None:
    store.ready = False
    answer = client.get("/livez")
    assert (answer.status_code, answer.json) == (200, {"status": "alive"})


def test_readiness_is_the_database_s(client: FlaskClient, store: MemoryStore) -> None:
    assert client.get("/readyz").status_code == 200
    store.ready = False
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "the database does not answer"})
    assert answer.headers["Cache-Control"] == "no-store"
