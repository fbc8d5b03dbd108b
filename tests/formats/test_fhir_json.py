import copy
import json
import pickle
from decimal import Decimal

import pytest

from fhir_service.errors import Invalid
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


NUMBERS = ["1.10", "1e2", "100.00", "1.0E-24", "0.0000001", "-0", "-0.0", "-3300", "7", "1E+2", "1.0e-300"]


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_written_with_the_text_it_was_read_with(text: str) -> None:
    body = f'{{"value":[{text}]}}'.encode()
    assert fhir_json.dump(fhir_json.parse(body)) == body


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_with_its_own_text_compares_and_calculates_like_any_other(text: str) -> None:
    value = fhir_json.parse(f'{{"value":{text}}}'.encode())["value"]
    assert value == Decimal(text) and hash(value) == hash(Decimal(text)) and value + 1 == Decimal(text) + 1


def test_copies_of_a_number_keep_its_text() -> None:
    value = fhir_json.parse(b'{"value":1e2}')["value"]
    copies = (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value)))
    assert [str(copied) for copied in copies] == ["1e2"] * 3


def test_text_of_any_script_is_kept() -> None:
    body = '{"text":"Füße 免疫 😀 \u2028 \ufffe \\" \\\\ \\n"}'.encode()
    assert fhir_json.dump(fhir_json.parse(body)) == body


def test_a_pair_of_escaped_surrogates_is_one_character() -> None:
    assert fhir_json.parse(b'{"text":"\\ud83d\\ude00"}') == {"text": "😀"}


def test_an_escaped_backslash_before_u_is_no_escape() -> None:
    assert fhir_json.parse(b'{"text":"\\\\ud83d \\\\u0000 \\\\b"}') == {"text": "\\ud83d \\u0000 \\b"}


def test_a_byte_order_mark_is_ignored() -> None:
    assert fhir_json.parse(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@pytest.mark.parametrize(
    ("body", "reason", "line", "column"),
    [
        (b"", "malformed: Expecting value", 1, 1),
        (b'{"a":1,}', "malformed", 1, 8),
        (b'{"a":\n  tru}', "malformed: Expecting value", 2, 3),
        (b'{"a":1}{}', "malformed: Extra data", 1, 8),
        (b'{"a":"\n"}', "malformed: Invalid control character", 1, 7),
        (b"[]", "this is an array", 1, 1),
        (b"null", "this is null", 1, 1),
        (b"1e2", "this is a number", 1, 1),
        (b'{"a":\n{"b":1,\n "c":2, "b":3}}', "The name `b` is given twice", 3, 9),
        (b'{"a":1,"\\u0061":2}', "The name `a` is given twice", 1, 8),
        (b'{"a":NaN}', "no number NaN", 1, 6),
        (b'{"a":\n[-Infinity]}', "no number -Infinity", 2, 2),
        (b'{"a":1e400}', "out of range", 1, 6),
        (b'{"a":1e-400}', "out of range", 1, 6),
        (b'{"a":1e99999999999999999999}', "out of range", 1, 6),
        (b'{"a":1,"b":' + b"9" * 101 + b"}", "out of range", 1, 12),
        (b'{"a":1.' + b"0" * 5000 + b"}", "out of range", 1, 6),
        (b'{"a":"\xff"}', "not UTF-8", 1, 7),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8", 1, 7),
        ('{"a":"é"}'.encode("latin-1"), "not UTF-8", 1, 7),
        ('{"a":1}'.encode("utf-16"), "not UTF-8", 1, 1),
        (b'{"a":"x\\ud83d"}', "may not hold \\ud83d", 1, 8),
        (b'{"a":"\\ude00\\ud83d"}', "may not hold \\ude00", 1, 7),
        (b'{"a":"\\u0000"}', "may not hold \\u0000", 1, 7),
        (b'{"a":"\\b"}', "may not hold \\b", 1, 7),
        (b'{"a":' * 128 + b"1" + b"}" * 128 + b"}", "malformed: Extra data", 1, 770),
        (b'{"a":' * 129 + b"1" + b"}" * 129, "deeper than 128", 1, 641),
        (b'{"a":' + b"[" * 200_000, "deeper than 128", 1, 133),
    ],
)
def test_a_body_that_is_no_fhir_json_is_refused_with_its_place(
    body: bytes, reason: str, line: int, column: int
) -> None:
    with pytest.raises(Invalid) as refused:
        fhir_json.parse(body)
    (issue,) = refused.value.issues
    assert reason in issue.diagnostics
    assert issue.diagnostics.endswith(f"(line {line}, column {column}).")
    assert issue.code == ("value" if "out of range" in reason else "structure")


def test_what_is_nested_as_deeply_as_allowed_is_read() -> None:
    body = b'{"a":' * 128 + b"1" + b"}" * 128
    assert fhir_json.dump(fhir_json.parse(body)) == body


def test_a_value_that_is_no_object_is_read_where_it_may_be_one() -> None:
    assert fhir_json.parse_value(b'[{"op":"add","value":1}]') == [{"op": "add", "value": 1}]
    assert fhir_json.parse_value(b"1") == 1


def test_brackets_side_by_side_are_not_deep() -> None:
    body = b'{"a":[' + b"{}," * 500 + b"{}]}"
    assert fhir_json.dump(fhir_json.parse(body)) == body


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("Infinity"), float("nan"), "\ud800", "\ud8001\udfff!"]
)
def test_what_json_cannot_hold_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):
        fhir_json.dump({"a": value})
