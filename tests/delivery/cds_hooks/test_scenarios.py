"""The tables in cases/, as clients of R4 and R5 send them: by code, contained, and by reference."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from fhir_service.settings import Settings
from tests.delivery.cds_hooks.calls import Form, Shape, call
from tests.delivery.cds_hooks.conftest import Make

Case = dict[str, Any]


def cases() -> Iterator[Any]:
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml")):
        table = yaml.safe_load(file.read_text(encoding="utf-8"))
        for row in table["cases"]:
            for number, case in enumerate(each_of({**table["common"], **row})):
                yield pytest.param(case, id=f"{file.stem}: {case['it']} {number}")


def each_of(row: Mapping[str, Any]) -> Iterator[Case]:
    """A case for each value under `each`, without what is named under `without`."""
    name, values = next(iter(row.get("each", {"it": [row["it"]]}).items()))
    for value in values:
        case = {**row, name: value}
        yield {key: case[key] for key in case if key not in case.get("without", ())}


@pytest.mark.parametrize("form", get_args(Form))
@pytest.mark.parametrize("shape", get_args(Shape))
@pytest.mark.parametrize("case", list(cases()))
def test_a_call_is_answered_as_the_table_says(make: Make, case: Case, shape: Shape, form: Form) -> None:
    client = make(Settings(**case.get("settings", {})))
    answer = client.post(f"/cds-services/education-{case['service']}", json=call(case, shape, form))
    if "needs" in case:
        assert answer.status_code == 412, answer.text
        named = [issue["expression"] for issue in answer.get_json()["issue"]]
        assert sorted(named) == sorted([f"prefetch.{key}"] for key in case["needs"])
        return
    assert answer.status_code == 200, answer.text
    cards = answer.get_json()["cards"]
    assert [slug_of(card) for card in cards] == case["cards"]
    for card in cards:
        check(card, case, shape)


def slug_of(card: Mapping[str, Any]) -> str:
    return str(card["links"][0]["url"]).partition("/topics/")[2].partition("?")[0]


def check(card: Mapping[str, Any], case: Case, shape: Shape) -> None:
    whole = json.dumps(card, ensure_ascii=False)
    assert [said for said in case.get("says", ()) if said not in whole] == []
    assert [said for said in case.get("never", ()) if said.lower() in whole.lower()] == []
    assert card["links"][0]["url"] == case.get("link", card["links"][0]["url"])
    medicines = [one["actions"][0]["resource"] for one in card.get("suggestions", ())]
    assert [code_of(medicine, shape) for medicine in medicines] == case.get("suggests", [])


def code_of(medicine: Mapping[str, Any], shape: Shape) -> str:
    """The first code, where this release has it."""
    concept = medicine["medication"]["concept"] if shape == "r5" else medicine["medicationCodeableConcept"]
    return str(concept["coding"][0]["code"])
