"""A site's own codes: a ConceptMap in the shape of R4 or R5, and what is refused at the start."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from fhir_service import create_app
from fhir_service.content.topic import Coding
from fhir_service.context import Asked, Context
from fhir_service.delivery.serve import serve
from fhir_service.finder import Finder, Hit
from fhir_service.settings import Settings, SettingsError
from fhir_service.site_codes import read_site_codes
from tests.finder.contexts import BUILT, TOPIC, coding

Json = dict[str, Any]
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
LOCAL = coding("local itp").system


def concept_map(*rows: Json, target: str = RXNORM, **changes: Any) -> Json:
    group = {"source": "urn:site", "target": target, "element": [{"code": "4711", "target": list(rows)}]}
    return {"resourceType": "ConceptMap", "status": "active", "group": [group | changes]}


def r4(code: str, equivalence: str = "equivalent", **more: Any) -> Json:
    return {"code": code, "equivalence": equivalence, **more}


def r5(code: str, relationship: str = "equivalent", **more: Any) -> Json:
    return {"code": code, "relationship": relationship, **more}


def settings(folder: Path, content: Json | str) -> Settings:
    file = folder / "map.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return Settings(site_codes=str(file), database_url=f"sqlite:///{folder / 'store.sqlite'}")


def find(folder: Path, content: Json, *more: Coding, words: str = "") -> tuple[Hit, ...]:
    finder = Finder([TOPIC], read_site_codes(settings(folder, content), [TOPIC]))
    site = Asked(codings=(Coding("urn:site", "4711", words or None), *more))
    return finder.find(Context(asked=(site,)))


@pytest.mark.parametrize("row", [r4("5666"), r4("5666", "equal"), r5("5666")])
def test_a_code_that_means_the_same_selects(tmp_path: Path, row: Json) -> None:
    (hit,) = find(tmp_path, concept_map(row))
    assert (hit.reason, hit.of, hit.matched) == ("mapped code", "product", Coding("urn:site", "4711"))


def test_a_concept_of_the_topic_may_be_the_target(tmp_path: Path) -> None:
    (hit,) = find(tmp_path, concept_map(r5("itp"), target=f"{LOCAL}|0.1.0"))
    assert (hit.reason, hit.of) == ("mapped code", "condition")


def test_a_broader_code_stays_broader(tmp_path: Path) -> None:
    (hit,) = find(tmp_path, concept_map(r4("2897005"), target="http://snomed.info/sct"))
    assert hit.reason == "broader"


def test_a_mentioned_code_chooses_the_section_and_selects_nothing(tmp_path: Path) -> None:
    content = concept_map(r4("161"))
    assert find(tmp_path, content) == ()
    assert find(tmp_path, content, words="IVIG") == ()
    (hit,) = find(tmp_path, content, coding("rxnorm 5666"))
    assert hit.section == "side-effect-medicines"


@pytest.mark.parametrize(
    "row",
    [
        r4("5666", "wider"),
        r4("5666", "narrower", comment="some"),
        r4("5666", "relatedto"),
        r5("5666", "source-is-narrower-than-target"),
        r5("5666", "source-is-broader-than-target", comment="some"),
        r5("5666", "not-related-to", comment="none"),
    ],
)
def test_any_other_relation_selects_nothing(tmp_path: Path, row: Json) -> None:
    good = r4("1426680") if "equivalence" in row else r5("1426680")
    content = concept_map(row)
    content["group"][0]["element"].append({"code": "other", "target": [good]})
    assert find(tmp_path, content) == ()


def test_the_excluding_words_hold_for_a_sites_code_too(tmp_path: Path) -> None:
    assert find(tmp_path, concept_map(r4("5666")), words="immune globulin SC") == ()


REFUSED: dict[str, tuple[Any, str]] = {
    "no json": ("{", "cannot be read"),
    "another resource": (
        {"resourceType": "ValueSet", "status": "active"},
        "is a ValueSet; allowed: a ConceptMap",
    ),
    "no status": ({"resourceType": "ConceptMap"}, "is no ConceptMap of FHIR R4"),
    "an unknown relation": (concept_map(r4("5666", "same")), "`same`"),
    "an unknown element": (concept_map(r5("5666", relation="x")), "is no ConceptMap of FHIR R5"),
    "both shapes": (concept_map(r5("5666", equivalence="equivalent")), "is no ConceptMap of FHIR R5"),
    "no target system": (concept_map(r4("5666")), "has a group without `target`"),
    "no source system": (concept_map(r4("5666")), "has a group without `source`"),
    "a condition": (
        concept_map(r4("5666", dependsOn=[{"property": "http://a.test/b", "value": "c"}])),
        "uses `dependsOn`",
    ),
    "a rule for the rest": (
        concept_map(r4("5666"), unmapped={"mode": "fixed", "code": "5666"}),
        "uses `unmapped`",
    ),
    "nothing that is known": (concept_map(r4("1")), "has no `equivalent` target"),
    "no equivalent": (concept_map(r4("5666", "wider")), "has no `equivalent` target"),
    "no group": ({"resourceType": "ConceptMap", "status": "active"}, "has no `equivalent` target"),
    "a code of the topics": (
        concept_map(
            r4("5666"),
            source="http://hl7.org/fhir/sid/icd-10-cm",
            element=[{"code": "D69.6", "target": [r4("5666")]}],
        ),
        "maps http://hl7.org/fhir/sid/icd-10-cm|D69.6, whose role the topics say",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_such_map_stops_the_start_with_the_reason(tmp_path: Path, name: str) -> None:
    content, reason = REFUSED[name]
    if isinstance(content, dict) and reason.startswith("has a group without"):
        del content["group"][0][reason.split("`")[1]]
    chosen = settings(tmp_path, content)
    with pytest.raises(SettingsError) as caught:
        create_app(chosen)
    assert str(caught.value).startswith(f"FHIR_SERVICE_SITE_CODES={chosen.site_codes}: ")
    assert reason in str(caught.value)
    told = CliRunner().invoke(serve, env={"FHIR_SERVICE_SITE_CODES": chosen.site_codes})
    assert told.exit_code == 1
    assert reason in told.output


def test_no_topic_is_read_at_the_start_where_no_map_is_set() -> None:
    def fail() -> Any:
        raise AssertionError("was read")
        yield

    assert read_site_codes(Settings(), fail()) == {}


def test_the_built_topics_can_be_mapped_to(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path, concept_map(r4("5666"))))
    assert app.blueprints
    assert TOPIC in BUILT.neutral()
