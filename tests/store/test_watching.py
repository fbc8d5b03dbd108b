"""The look at whether anything has changed: own writes at once, those of others in time, in every thread."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from fhir_service.store import open_store
from fhir_service.store.contract import StoredVersion
from fhir_service.store.relational import RelationalStore


def write(store: RelationalStore, number: int) -> None:
    body = b'{"resourceType":"Library","id":"a"}'
    with store.write() as transaction:
        transaction.put("r4", StoredVersion("Library", "a", number, number, body), ())


def test_nothing_changes_while_nothing_is_written(store: RelationalStore) -> None:
    tokens = {str(store.watch()) for _ in range(3)}
    with ThreadPoolExecutor(2) as pool:
        tokens |= {str(token) for token in pool.map(lambda _: store.watch(), range(4))}
    assert len(tokens) == 1


def test_an_own_commit_is_seen_at_once_in_every_thread(store: RelationalStore) -> None:
    seen = [store.watch()]
    with ThreadPoolExecutor(1) as another:
        for number in range(1, 4):
            write(store, number)
            assert another.submit(store.watch).result() not in seen
            seen.append(store.watch())


def test_a_commit_of_another_instance_is_seen_within_the_promised_time(
    store: RelationalStore, database_url: str
) -> None:
    other = open_store(database_url)
    try:
        before = store.watch()
        write(other, 1)
        time.sleep(store.database.TOKEN_AGE)
        assert store.watch() != before
    finally:
        other.close()
