import pytest

from fhir_service.search.predicates import Everything, Predicate, all_of
from fhir_service.search.query import Query
from fhir_service.search.sorting import SortKey
from fhir_service.store import lengths
from fhir_service.store.lengths import Lengths
from fhir_service.store.relational import RelationalStore
from fhir_service.store.sql import Sql
from tests.store.test_relational import date, has_code, put, search, token

A, B = Sql("SELECT count(*) FROM a WHERE b = ?", [1]), Sql("SELECT count(*) FROM a WHERE b = ?", [2])
BY_DATE = (SortKey("date", "low", ("Library", "date"), descending=False),)


class Counter:
    """Counts what it is asked, and answers with how often it was."""

    def __init__(self) -> None:
        self.asked: list[Sql] = []

    def __call__(self, statement: Sql) -> int:
        self.asked.append(statement)
        return len(self.asked)


def test_the_same_is_counted_once_and_other_values_by_themselves() -> None:
    kept, count = Lengths(), Counter()
    assert [kept.of(one, count) for one in (A, B, A, B)] == [1, 2, 1, 2]
    assert count.asked == [A, B]


def test_a_length_is_forgotten_after_a_while() -> None:
    now = 0.0
    kept, count = Lengths(lambda: now), Counter()
    found = []
    for now in (0, 29, 31, 59, 62, 91, 100):  # noqa: B007
        found.append(kept.of(A, count))
    assert found == [1, 1, 1, 1, 2, 2, 2]


def test_so_many_are_kept_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lengths, "_MOST", 10)
    kept, count = Lengths(), Counter()
    for number in range(100):
        kept.of(Sql("SELECT ?", [number]), count)
    for number in (99, 0):  # the last one is there still, the first is not
        kept.of(Sql("SELECT ?", [number]), count)
    assert len(count.asked) == 101


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


def test_a_length_that_is_out_of_date_changes_no_answer(
    store: RelationalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that were few enough to be sorted as a whole have become many; and those of a code, others."""
    monkeypatch.setattr("fhir_service.store.searching.SORT_LIMIT", 2)
    monkeypatch.setattr("fhir_service.store.searching.SHORT_ENOUGH", 0)
    both: Predicate = all_of((has_code("x"), has_code("y", "other")))
    found = []
    for number in (5, 3, 4, 1, 2):
        rows = [token("x"), date(number, number), *[token("y", parameter="other")] * (number < 4)]
        put(store, str(number), *rows)
        in_order = store.search("r4", Query("Library", Everything(), sort=BY_DATE)).matches
        found.append(([one.logical_id for one in in_order], search(store, both)))
    assert found == [
        (["5"], []),
        (["3", "5"], ["3"]),
        (["3", "4", "5"], ["3"]),
        (["1", "3", "4", "5"], ["3", "1"]),
        (["1", "2", "3", "4", "5"], ["3", "1", "2"]),
    ]
