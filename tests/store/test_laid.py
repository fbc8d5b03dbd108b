"""Index rows that are laid out before anybody knows their resources' numbers."""

from fhir_service.search.contained import Held
from fhir_service.search.index import IndexRow
from fhir_service.store.laid import columns, lay_out, only
from fhir_service.store.schema import WRITTEN

STATUS: IndexRow = ("token", "status", 0, ("draft", 1), None)
TITLE: IndexRow = ("string", "title", 0, ("a", 7, "", "A"), None)
TEXT: IndexRow = ("text", "", 0, ("a", "a b"), None)
HELD: IndexRow = ("token", "status", 0, ("draft", 1), Held("Library", "inner"))


def test_rows_are_laid_out_by_kind_and_place() -> None:
    batch = [("Library", [STATUS, TEXT]), ("Library", [TITLE, TEXT])]
    laid, left = lay_out(batch, {"Library": {"status": 3, "title": 4}})
    assert laid == {
        "token": [(0, 3, 0, "draft", 1)],
        "text": [(0, "a", "a b"), (1, "a", "a b")],
        "string": [(1, 4, 0, "a", 7, "", "A")],
    }
    assert left == [[], []]
    assert columns("token") == ("resource", "parameter", "element", "code", "system_hash")
    assert set(columns("string")) == set(WRITTEN["index_string"])


def test_a_row_without_a_number_and_those_of_contained_resources_are_left() -> None:
    laid, left = lay_out([("Library", [STATUS, TITLE, HELD])], {"Library": {"status": 3}})
    assert laid == {"token": [(0, 3, 0, "draft", 1)]}
    assert left == [[tuple(TITLE), tuple(HELD)]]


def test_where_nothing_is_put_aside_every_row_is_left() -> None:
    assert lay_out([("Library", [STATUS, TEXT])], None) == ({}, [[tuple(STATUS), tuple(TEXT)]])


def test_a_part_of_a_batch_has_the_places_that_it_would_have_alone() -> None:
    some, other = ("Library", [STATUS, TEXT]), ("Library", [TITLE])
    numbers = {"Library": {"status": 3, "title": 4}}
    laid = only(lay_out([some, other, some], numbers)[0], [1, 2])
    alone, _ = lay_out([other, some], numbers)
    assert {kind: rows for kind, rows in laid.items() if rows} == alone
