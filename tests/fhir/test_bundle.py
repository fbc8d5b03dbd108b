import json

from fhir_service.fhir.bundle import Found, searchset

SELF = [("self", "http://localhost/fhir/r4/Medication?_id=ä")]


def test_entries_hold_the_stored_bytes_untouched() -> None:
    body = b'{"resourceType":"Medication","id":"a","amount":1.10}'
    bundle = searchset([Found("http://localhost/fhir/r4/Medication/a", body, "match")], SELF, 1)
    assert body in bundle
    assert json.loads(bundle) == {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 1,
        "link": [{"relation": "self", "url": SELF[0][1]}],
        "entry": [
            {
                "fullUrl": "http://localhost/fhir/r4/Medication/a",
                "resource": {"resourceType": "Medication", "id": "a", "amount": 1.1},
                "search": {"mode": "match"},
            }
        ],
    }


def test_an_empty_page_has_no_entry_array() -> None:
    assert "entry" not in json.loads(searchset([], SELF, 0))


def test_an_unknown_total_is_left_out() -> None:
    assert "total" not in json.loads(searchset([], SELF, None))
