import pytest

from fhir_service.search.predicates import Everything, Predicate, all_of
from fhir_service.search.sorting import SortKey
from fhir_service.store import lengths, open_store
from fhir_service.store.lengths import Lengths
from fhir_service.store.relational import RelationalStore
from fhir_service.store.sql import Sql
from tests.store.test_relational import date, has_code, put, search, starts_with, string, token

A, B = Sql("SELECT count(*) FROM a WHERE b = ?", [1]), Sql("SELECT count(*) FROM a WHERE b = ?", [2])
BY_DATE = (SortKey("date", "low", ("Library", "date"), descending=True),)


class Counter:
    """Counts what it is asked, and answers with how often it was."""

    def __init__(self) -> None:
        self.asked: list[Sql] = []

    def __call__(self, statement: Sql) -> int:
        self.asked.append(statement)
        return len(self.asked)


def test_the_same_is_counted_once_while_nothing_is_committed() -> None:
    kept, count = Lengths(), Counter()
    asked = [(1, A), (1, B), (1, A), (1, B), (2, A), (2, A), (1, A)]
    assert [kept.of(token, one, count) for token, one in asked] == [1, 2, 1, 2, 3, 3, 4]
    assert count.asked == [A, B, A, A]


def test_so_many_are_kept_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lengths, "_MOST", 10)
    kept, count = Lengths(), Counter()
    for number in range(95):
        kept.of(1, Sql("SELECT ?", [number]), count)
    for number in (94, 0):  # the last one is there still, the first is not
        kept.of(1, Sql("SELECT ?", [number]), count)
    assert len(count.asked) == 96


@pytest.fixture
def asked(store: RelationalStore, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that the store reads by."""
    texts: list[str] = []
    rows = store.database.rows

    def noted(connection: object, text: str, values: list[object]) -> list[tuple[object, ...]]:
        texts.append(text)
        return rows(connection, text, values)

    monkeypatch.setattr(store.database, "rows", noted)
    return texts


def test_walks_are_looked_at_once_to_choose_between_them(store: RelationalStore, asked: list[str]) -> None:
    for number in range(30):  # so many that the first one is not short enough to be taken at once
        put(store, f"{number:02}", token("x"), token("y", parameter="other"))
    both: Predicate = all_of((has_code("x"), has_code("y", "other")))
    took = []
    for _ in range(2):
        asked.clear()
        assert len(search(store, both)) == 20
        took.append(len(asked))
    assert took[1] == 1 < took[0]


def test_what_is_committed_counts_at_once(
    store: RelationalStore, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who remembers what was few or short before answers as who looks for the first time.

    Which way a search takes shows where nobody asks for an order, and in what is in the same place of it.
    """
    monkeypatch.setattr("fhir_service.store.searching.SORT_LIMIT", 2)
    monkeypatch.setattr("fhir_service.store.searching.SHORT_ENOUGH", 0)
    of_one_code: Predicate = all_of((has_code("x"), starts_with("name")))
    for number in range(5):
        later = [string(f"name {9 - number}"), date(1, 1), *[token("x")] * (number > 2)]
        put(store, str(number), *later)
        first = open_store(database_url)
        by_code, by_date = [
            (search(store, of_one_code), search(first, of_one_code)),
            (search(store, Everything(), sort=BY_DATE), search(first, Everything(), sort=BY_DATE)),
        ]
        first.close()
        assert by_code[0] == by_code[1]
        assert by_date[0] == by_date[1]
    assert by_date[0] == ["4", "3", "2", "1", "0"]
