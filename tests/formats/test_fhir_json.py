import json

import pytest

from fhir_service.formats import fhir_json
from fhir_service.releases import R4


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        {"a": {}, "b": []},
        {"a": [1, [2, {"c": None}]], "b": True},
        {"text": 'quotes " and \\ and {brackets} [in] a: string, with ünïcode 😀'},
        [{"a": 1}, {"b": 2}],
    ],
)
def test_indenting_writes_what_the_standard_library_writes(value: object) -> None:
    expected = json.dumps(value, ensure_ascii=False, indent=2) + "\n"
    assert fhir_json.indent(fhir_json.dump(value)).decode() == expected


def test_indenting_keeps_the_text_of_a_decimal() -> None:
    assert fhir_json.indent(b'{"value":1.10}') == b'{\n  "value": 1.10\n}\n'


def test_a_stored_body_is_written_as_it_is_unless_pretty() -> None:
    body = b'{"resourceType":"Medication","x":1.10}'
    assert fhir_json.encode(body, False, R4) is body
    assert b"\n" in fhir_json.encode(body, True, R4)
