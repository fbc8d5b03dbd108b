"""Which value sets list their codes."""

from typing import Any

import pytest

from fhir_service.reasoning.listed_codes import listed_codes

Json = dict[str, Any]


def listing(*codes: str) -> Json:
    return {"system": "s", "concept": [{"code": code} for code in codes]}


KNOWN: dict[str, Json] = {
    "listed": {"compose": {"include": [listing("a", "b"), {"system": "t", "concept": [{"code": "c"}]}]}},
    "without": {"compose": {"include": [listing("a", "b")], "exclude": [listing("b")]}},
    "imported": {"compose": {"include": [{"valueSet": ["listed"]}]}},
    "both": {"compose": {"include": [{"valueSet": ["listed", "without"]}]}},
    "whole": {"compose": {"include": [{"system": "s"}]}},
    "filtered": {"compose": {"include": [{"system": "s", "filter": [{"property": "p"}]}]}},
    "partly": {"compose": {"include": [listing("a"), {"system": "t"}]}},
    "circle": {"compose": {"include": [{"valueSet": ["circle"]}]}},
    "expanded": {
        "compose": {"include": [{"system": "s"}]},
        "expansion": {
            "contains": [
                {"system": "s", "code": "x", "abstract": True, "contains": [{"system": "s", "code": "y"}]}
            ]
        },
    },
}


@pytest.mark.parametrize(
    ("canonical", "codes"),
    [
        ("listed", {("s", "a"), ("s", "b"), ("t", "c")}),
        ("without", {("s", "a")}),
        ("imported", {("s", "a"), ("s", "b"), ("t", "c")}),
        ("both", {("s", "a")}),
        ("expanded", {("s", "y")}),
        ("whole", None),
        ("filtered", None),
        ("partly", None),
        ("circle", None),
        ("nowhere", None),
    ],
)
def test_codes_are_known_when_all_of_them_are_listed(
    canonical: str, codes: set[tuple[str, str]] | None
) -> None:
    assert listed_codes(canonical, KNOWN.get) == codes
