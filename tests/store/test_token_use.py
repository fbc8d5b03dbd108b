"""Used assertions, on each database."""

from concurrent.futures import ThreadPoolExecutor

from fhir_service.store import open_store
from fhir_service.store.relational import RelationalStore
from fhir_service.store.token_use import TokenUses

NOW = 1_793_588_645


def test_a_key_is_new_once(store: RelationalStore) -> None:
    uses = TokenUses(store, lambda: NOW)
    assert [uses.seen(key, NOW + 60) for key in ("a", "b", "a")] == [False, False, True]


def test_what_one_process_saw_another_knows(store: RelationalStore, database_url: str) -> None:
    other = open_store(database_url)
    TokenUses(store, lambda: NOW).seen("a", NOW + 60)
    assert TokenUses(other, lambda: NOW).seen("a", NOW + 60)
    other.close()


def test_of_many_that_use_a_key_at_once_one_is_first(store: RelationalStore) -> None:
    uses = TokenUses(store, lambda: NOW)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: uses.seen("a", NOW + 60), range(24)))
    assert answers.count(False) == 1


def test_a_key_is_kept_until_its_time_and_no_longer(store: RelationalStore) -> None:
    TokenUses(store, lambda: NOW).seen("a", NOW + 60)
    assert TokenUses(store, lambda: NOW + 60).seen("a", NOW + 60)
    TokenUses(store, lambda: NOW + 61).seen("b", NOW + 120)
    with store.write() as transaction:
        assert transaction.execute("SELECT assertion FROM token_use") == [("b",)]
