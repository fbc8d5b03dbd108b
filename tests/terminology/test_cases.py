"""Value sets as data (cases/*.yaml): what is in them, how it is told, and what is refused.

resources:      CodeSystem, ValueSet: those that the cases refer to
cases:
  - case: what comes of it
    include:    the include of a value set made for the case; `exclude`, `compose` likewise
    url:        or the value set of that URL
    wish:       how the expansion is to be (the fields of `expand.Wish`; versions under `choices`)
    found:      the codes, in order; those below another one as {code: [codes]}
    shows:      {path in the expansion: value}
    refused:    words of the refusal; with `at`, its expression, and `status`
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from fhir_service.errors import ServiceError
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from fhir_service.terminology.designations import languages_of
from fhir_service.terminology.expand import Wish, expand
from fhir_service.terminology.members import Choices
from fhir_service.terminology.value_set import compile_value_set
from tests.terminology.resolver import GivenResources

FILES = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8"))
    for file in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
}
CASES = [
    pytest.param(case, content["resources"], id=f"{name}: {case['case']}")
    for name, content in FILES.items()
    for case in content["cases"]
]
ANSWERED = [
    pytest.param(case, content["resources"], id=f"{name}: {case['case']}")
    for name, content in FILES.items()
    for case in content["cases"]
    if "refused" not in case
]


def asked(case: dict[str, Any], resources: list[dict[str, Any]]) -> dict[str, Any]:
    if "url" in case:
        return next(
            one for one in resources if one["resourceType"] == "ValueSet" and one["url"] == case["url"]
        )
    compose = case.get("compose", {"include": case.get("include", [])})
    compose |= {"exclude": case["exclude"]} if "exclude" in case else {}
    return {"resourceType": "ValueSet", "url": "http://case", "status": "active", "compose": compose}


def wish_of(case: dict[str, Any]) -> Wish:
    given = dict(case.get("wish", {}))
    if "languages" in given:
        given["languages"] = languages_of(given["languages"])
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    choices = {key: tuple(value) for key, value in given.pop("choices", {}).items()}
    return Wish(**given, choices=Choices(**choices))


def outline(contains: list[dict[str, Any]]) -> list[Any]:
    return [{one["code"]: outline(one["contains"])} if "contains" in one else one["code"] for one in contains]


def at(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, list):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            value = (value or {}).get(part)
    return value


@pytest.mark.parametrize(("case", "resources"), CASES)
def test_value_sets_hold_what_the_specification_says(
    case: dict[str, Any], resources: list[dict[str, Any]]
) -> None:
    given = GivenResources(resources)

    def answer() -> dict[str, Any]:
        value_set = compile_value_set(asked(case, resources), "case")
        return expand(value_set, given, wish_of(case), "2026-11-25T00:00:00.000Z")

    if "refused" in case:
        with pytest.raises(ServiceError) as refusal:
            answer()
        assert case["refused"] in str(refusal.value)
        assert refusal.value.status == case.get("status", 400)
        assert refusal.value.issues[0].expression == tuple(case.get("at", ()))
        if refusal.value.status == 400:
            assert refusal.value.issues[0].details is not None
            assert refusal.value.issues[0].details[1] == "vs-invalid"
        return
    expansion = answer()["expansion"]
    assert outline(expansion.get("contains", [])) == case["found"]
    for path, value in case.get("shows", {}).items():
        assert at(expansion, path) == value, path


@pytest.mark.parametrize(("case", "resources"), ANSWERED)
def test_expansions_pass_the_gate(case: dict[str, Any], resources: list[dict[str, Any]]) -> None:
    for release in RELEASES.values():
        is_r5 = release.name == "r5"
        source = asked(case, resources)
        wish = Wish(**{**_fields(wish_of(case)), "with_r5_elements": is_r5})
        found = expand(
            compile_value_set(source, "case"), GivenResources(resources), wish, "2026-11-25T00:00:00.000Z"
        )
        assert validator(release).validate(found) == []


def _fields(wish: Wish) -> dict[str, Any]:
    return {name: getattr(wish, name) for name in Wish.__slots__}
