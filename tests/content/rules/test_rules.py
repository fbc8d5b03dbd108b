"""Each rule is seen to find what it is for, and nothing in the repository's own content.

https://hl7.org/fhir/R4/validation.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fhir_service.content import rules
from fhir_service.content.rules import RULES, Material, Rule, evaluate
from fhir_service.content.topic import BulletList, FinderEntry, Paragraph, Review, Section, Text, Topic
from fhir_service.content.words import words_sha256

Resource = dict[str, Any]
Change = Callable[[Resource], object]


def rule(name: str) -> Rule:
    return next(rule for rule in RULES if rule.name == name)


def told(name: str, material: Material) -> list[str]:
    return [str(finding) for finding in rule(name).check(material)]


def with_built(material: Material, release: str, key: str, change: Change) -> Material:
    """The material with one built resource (`Type/id`) changed in one release."""
    resources = [
        deepcopy(r) if f"{r['resourceType']}/{r['id']}" == key else r for r in material.built[release]
    ]
    changed = [r for r in resources if f"{r['resourceType']}/{r['id']}" == key]
    assert changed, f"{key} is not built for {release}"
    change(changed[0])
    return replace(material, built={**material.built, release: resources})


def with_draft(material: Material, release: str, name: str, change: Change) -> Material:
    """The material with the draft translation of one type changed in one release."""
    drafts = [deepcopy(draft) for draft in material.drafts[release]]
    change(next(draft for draft in drafts if draft["resourceType"] == name))
    return replace(material, drafts={**material.drafts, release: drafts})


def with_topic(material: Material, **changes: Any) -> Material:
    return replace(material, topic=replace(material.topic, **changes))


def retold(topic: Topic, old: str, new: str) -> Text:
    """The text with one piece of its words changed."""

    def section(found: Section) -> Section:
        blocks = tuple(
            BulletList(tuple(map(paragraph, block.items)))
            if isinstance(block, BulletList)
            else paragraph(block)
            for block in found.blocks
        )
        return replace(found, blocks=blocks, sections=tuple(map(section, found.sections)))

    def paragraph(found: Paragraph) -> Paragraph:
        return Paragraph(tuple(replace(s, text=s.text.replace(old, new)) for s in found.statements))

    return replace(topic.text, sections=tuple(map(section, topic.text.sections)))


def test_the_repositorys_content_keeps_every_rule(material: Material) -> None:
    assert evaluate(material) == []


def test_every_file_of_rules_is_in_the_registry() -> None:
    folder = Path(rules.__file__).parent
    files = {path.stem for path in folder.glob("*.py")} - {"__init__", "rule", "walk"}
    assert {rule.name for rule in RULES} == files
    assert all(rule.demands.endswith(".") for rule in RULES)


@pytest.mark.parametrize(("old", "new"), [("several hours", "hours"), ("might be slowed", "is slowed")])
def test_facts_in_text_misses_words_that_are_gone(material: Material, old: str, new: str) -> None:
    found = told("facts_in_text", with_topic(material, texts=(retold(material.topic, old, new),)))
    assert found
    assert all("allowed: all its key words in one paragraph" in message for message in found)


def test_facts_in_text_looks_into_each_release(material: Material) -> None:
    def shorten(composition: Resource) -> None:
        composition["section"][2]["text"]["div"] = "<div><p>IVIG goes into a vein by IV.</p></div>"

    broken = with_built(material, "r4", "Composition/ivig-itp-education-en", shorten)
    assert {message.split("`")[1] for message in told("facts_in_text", broken)} == {
        "F14",
        "F15",
        "F16",
        "F17",
    }


def test_facts_in_data_misses_a_window(material: Material) -> None:
    def forget(effect: Resource) -> object:
        return effect.pop("extension", None) or effect["undesirableEffect"].pop("extension")

    for release, name in (
        ("r4", "MedicinalProductUndesirableEffect"),
        ("r4b", "ClinicalUseDefinition"),
        ("r5", "ClinicalUseDefinition"),
    ):
        broken = with_built(material, release, f"{name}/ivig-ae-during-fever", forget)
        (message,) = told("facts_in_data", broken)
        assert f"fact `F19`: no resource of {release} has all of this" in message
        assert "`snomed 386661006`, the window `during-treatment`" in message


@pytest.mark.parametrize(
    ("coding", "message"),
    [
        (
            {"system": "http://snomed.info/sct", "code": "1"},
            "is not in codes.csv; allowed: rows with status VERIFIED",
        ),
        ({"system": "http://snomed.info/sct", "code": "386661006", "display": "Fever"}, "is not the table's"),
        ({"system": "urn:oid:1.2.3", "code": "1"}, "code system urn:oid:1.2.3 is unknown"),
        ({"system": "http://terminology.hl7.org/CodeSystem/mdr", "code": "1"}, "MedDRA is named"),
    ],
)
def test_codes_verified_refuses_a_code_that_nobody_verified(
    material: Material, coding: Resource, message: str
) -> None:
    def add(medication: Resource) -> None:
        medication["code"]["coding"].append(coding)

    assert message in told("codes_verified", with_built(material, "r5", "Medication/ivig", add))[0]


def test_codes_verified_looks_into_value_sets_and_concept_maps(material: Material) -> None:
    def in_value_set(found: Resource) -> None:
        found["compose"]["include"].append({"system": "http://loinc.org", "concept": [{"code": "1-1"}]})

    def in_concept_map(found: Resource) -> None:
        found["group"][0]["element"][0]["target"][0]["code"] = "1"

    for key, change in (
        ("ValueSet/ivig-itp-vs-ae-all", in_value_set),
        ("ConceptMap/ivig-itp-cm-icd10cm", in_concept_map),
    ):
        assert "is not in codes.csv" in told("codes_verified", with_built(material, "r4b", key, change))[0]


def test_code_roles_wants_one_role_for_each_code(material: Material) -> None:
    topic = material.topic
    fewer = tuple(entry for entry in topic.finder if not entry.coding or entry.coding.code != "386661006")
    (message,) = told("code_roles", with_topic(material, finder=fewer))
    assert "code `snomed 386661006` has no role" in message
    both = (*topic.finder, replace(topic.finder[0], role="mentions"))
    assert "has both roles" in told("code_roles", with_topic(material, finder=both))[0]


def test_finder_words_wants_words_that_do_what_their_role_says(material: Material) -> None:
    topic = material.topic
    mentioned = FinderEntry(coding=None, word="bleeding in ITP", role="mentions", section="side-effects")
    (message,) = told("finder_words", with_topic(material, finder=(*topic.finder, mentioned)))
    assert "the word `bleeding in ITP` is only mentioned, but selects the topic" in message
    excluded = FinderEntry(coding=None, word="immune globulin … SC", role="about", of="product")
    (message,) = told("finder_words", with_topic(material, finder=(*topic.finder, excluded)))
    assert "the word `immune globulin … SC` can never select: the topic excludes it" in message


def test_digits_finds_a_number_that_no_fact_has(material: Material) -> None:
    text = retold(material.topic, "several hours", "4 hours")
    messages = told("digits", with_topic(material, texts=(text,)))
    assert (
        "text.en.md:31: the number `4` in `in by IV. This infusion takes 4 hours.` is in no fact"
        in messages[0]
    )


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("PlanDefinition/ivig-itp-plan", lambda r: r["action"][0].update(description="Give 15 mg.")),
        ("Medication/ivig", lambda r: r["text"].update(div="<div><p>Give 2.5 g.</p></div>")),
        (
            "Binary/ivig-itp-education-en",
            lambda r: r.update(data=base64.b64encode(b"<p>Take 3.</p>").decode()),
        ),
    ],
)
def test_digits_looks_into_what_is_built(material: Material, key: str, change: Change) -> None:
    found = told("digits", with_built(material, "r5", key, change))
    assert [message.count("is in no fact") for message in found] == [1]


@pytest.mark.parametrize(
    ("key", "change"),
    [
        ("Provenance/ivig-itp-prov-review", lambda r: r["target"][0].update(reference="Patient/1")),
        ("Library/ivig-itp-library", lambda r: r.update(url="https://education.test/fhir/Library/x|1")),
        (
            "DocumentReference/ivig-itp-education-en",
            lambda r: r["content"][0]["attachment"].update(url="Binary/x"),
        ),
    ],
)
def test_references_finds_one_that_leads_nowhere(material: Material, key: str, change: Change) -> None:
    assert "leads to nothing" in told("references", with_built(material, "r4", key, change))[0]


def test_release_types_finds_a_type_that_r4_does_not_have(material: Material) -> None:
    def refer(provenance: Resource) -> None:
        provenance["target"][0]["reference"] = "ClinicalUseDefinition/ivig-ae-during-fever"

    (message,) = told("release_types", with_built(material, "r4", "Provenance/ivig-itp-prov-source", refer))
    assert "r4 has no type ClinicalUseDefinition; allowed: the types of R4" in message


def test_counts_finds_what_was_lost_or_doubled(material: Material) -> None:
    resources = [
        r
        for r in material.built["r5"]
        if r["id"] not in ("ivig-ae-during-fever", "ivig-warn-1", "ivig-ind-2")
    ]
    broken = replace(material, built={**material.built, "r5": resources})
    assert [message.split(": ")[1].split(";")[0] for message in told("counts", broken)] == [
        "r5 has 17 side effects",
        "r5 has 1 indications",
        "r5 has 1 warnings",
    ]
    doubled = with_built(material, "r4", "PlanDefinition/ivig-itp-plan", lambda r: r["action"].append({}))
    assert "r4 has 5 actions of the plan; allowed: 4" in told("counts", doubled)[0]


def test_reading_grade_refuses_hard_words(material: Material) -> None:
    text = retold(material.topic, "the", "the administratively individualized")
    (message,) = told("reading_grade", with_topic(material, texts=(text,)))
    assert "allowed: 6.0 at most" in message


def test_source_review_date_stays_partial(material: Material) -> None:
    def invent_a_day(provenance: Resource) -> None:
        provenance["occurredDateTime"] = "2022-09-01"

    (message,) = told(
        "source_review_date", with_built(material, "r4", "Provenance/ivig-itp-prov-review", invent_a_day)
    )
    assert "the review date `2022-09` is in no Provenance of r4" in message


@pytest.mark.parametrize(
    "claim",
    [
        {"lastReviewDate": "2022-09-01"},
        {"approvalDate": "2026-11-23"},
        {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/resource-lastReviewDate"}]},
    ],
)
def test_review_claims_refuses_a_review_that_is_not_recorded(material: Material, claim: Resource) -> None:
    broken = with_built(material, "r5", "Library/ivig-itp-library", lambda r: r.update(claim))
    assert "claims a review that topic.yaml does not record" in told("review_claims", broken)[0]


def test_review_claims_ties_a_review_to_the_words_that_were_read(material: Material) -> None:
    read = Review(role="nurse", date="2026-12-01", words_sha256=words_sha256(material.topic))
    reviewed = with_topic(material, clinical_review=read)
    assert told("review_claims", reviewed) == []
    changed = with_topic(reviewed, texts=(retold(material.topic, "several", "many"),))
    assert "the recorded review is of other words" in told("review_claims", changed)[0]


def test_draft_status_goes_with_the_recorded_review(material: Material) -> None:
    active = with_built(material, "r4", "Library/ivig-itp-library", lambda r: r.update(status="active"))
    (message,) = told("draft_status", active)
    assert "the status is `active`, and a clinical review is not recorded; allowed: `draft`" in message
    read = Review(role="nurse", date="2026-12-01", words_sha256="")
    found = told("draft_status", with_topic(material, clinical_review=read))
    assert any(
        "the status is `draft`, and a clinical review is recorded; allowed: `active`" in m for m in found
    )
    in_use = with_built(material, "r5", "MedicationKnowledge/ivig", lambda r: r.update(status="active"))
    assert (
        "MedicationKnowledge has a status, and a clinical review is not recorded"
        in told("draft_status", in_use)[0]
    )


@pytest.mark.parametrize(
    ("key", "change", "what"),
    [
        (
            "Questionnaire/ivig-itp-side-effect-check",
            lambda r: r["item"].pop(0),
            "the service notice as first item",
        ),
        (
            "Binary/ivig-itp-education-en",
            lambda r: r.update(data=base64.b64encode(b"<p>Words.</p>").decode()),
            "the service notice in the page",
        ),
        (
            "Medication/ivig",
            lambda r: r["text"].update(div=r["text"]["div"].replace("absence", "presence")),
            "the statement that absence means nothing",
        ),
        (
            "PlanDefinition/ivig-itp-plan",
            lambda r: r["text"].update(div=r["text"]["div"].replace("Not yet reviewed", "Reviewed")),
            "the line about a clinical review",
        ),
    ],
)
def test_service_notice_wants_each_statement_in_place(
    material: Material, key: str, change: Change, what: str
) -> None:
    assert what in told("service_notice", with_built(material, "r4", key, change))[0]


DRAFT = "topics/ivig-itp/fhir/r4/draft/{}-ivig-itp-education-es.json:1: "


@pytest.mark.parametrize("name", ["Composition", "DocumentReference"])
def test_service_notice_misses_the_line_that_a_translation_is_a_draft(name: str, material: Material) -> None:
    def untold(resource: Resource) -> None:
        line = material.publisher.notice("es").draft_translation
        resource["text"]["div"] = resource["text"]["div"].replace(f"<p>{line}</p>", "")

    assert told("service_notice", with_draft(material, "r4", name, untold)) == [
        f"{DRAFT.format(name)}a first line that says that this is a draft translation is missing;"
        " allowed: as notices.*.md has it"
    ]


def test_service_notice_wants_the_line_first_on_the_page(material: Material) -> None:
    def later(binary: Resource) -> None:
        line = material.publisher.notice("es").draft_translation
        page = base64.b64decode(binary["data"]).decode()
        page = page.replace(f'<p class="draft">{line}</p>\n', "").replace("</h1>", f"</h1><p>{line}</p>")
        binary["data"] = base64.b64encode(page.encode()).decode()

    (message,) = told("service_notice", with_draft(material, "r4", "Binary", later))
    assert message.startswith(
        f"{DRAFT.format('Binary')}a first line that says that this is a draft translation"
    )


def test_references_lets_a_draft_refer_to_the_topic_but_not_the_reverse(material: Material) -> None:
    def refer(library: Resource) -> None:
        library["relatedArtifact"][1]["resource"] = (
            "https://education.test/fhir/Composition/ivig-itp-education-es"
        )

    assert told("references", material) == []
    (message,) = told("references", with_built(material, "r4", "Library/ivig-itp-library", refer))
    assert "`Composition/ivig-itp-education-es` leads to nothing" in message


def test_counts_misses_a_translation(material: Material) -> None:
    assert told("counts", replace(material, drafts={})) == [
        f"topics/ivig-itp/topic.yaml:1: {release} has 0 draft translations; allowed: 1, as the topic has"
        for release in material.built
    ]


def test_digits_and_codes_are_looked_for_in_a_draft_too(material: Material) -> None:
    def dose(composition: Resource) -> None:
        composition["section"][0]["title"] = "5 mg"
        composition["type"]["coding"][0]["code"] = "34895-4"

    broken = with_draft(material, "r4", "Composition", dose)
    assert [message.split(": ")[1][:14] for message in told("digits", broken)] == ["the number `5`"]
    assert "34895-4 is not in codes.csv" in told("codes_verified", broken)[0]


def test_a_draft_claims_no_review(material: Material) -> None:
    def claim(composition: Resource) -> None:
        composition |= {"status": "final", "attester": [{"mode": "professional"}]}

    topic = material.topic
    read = Review(role="nurse", date="2026-12-01", words_sha256=words_sha256(topic))
    for reviewed in (material, with_topic(material, clinical_review=read)):
        broken = with_draft(reviewed, "r4", "Composition", claim)
        place = DRAFT.format("Composition")
        assert [one for one in told("draft_status", broken) if place in one]
        assert [one for one in told("review_claims", broken) if place in one]


def test_a_review_is_of_the_words_of_its_language(material: Material) -> None:
    """A changed word of the translation leaves the review of the text as it is, and the reverse."""
    english, spanish = material.topic.texts
    read = Review(role="nurse", date="2026-12-01", words_sha256=words_sha256(material.topic))
    again = replace(read, words_sha256=words_sha256(material.topic, spanish))
    spanish = replace(spanish, review=again, is_draft=False)
    topic = replace(material.topic, clinical_review=read, texts=(english, spanish))
    both = replace(material, topic=topic, built={}, drafts={})
    assert told("review_claims", both) == []
    changed = replace(topic, texts=(english, replace(spanish, title="Otro título")))
    (message,) = told("review_claims", replace(both, topic=changed))
    assert "the recorded review is of other words in `es`" in message
    changed = replace(topic, texts=(replace(english, title="Another title"), spanish))
    (message,) = told("review_claims", replace(both, topic=changed))
    assert "the recorded review is of other words in `en`" in message


def test_reading_grade_has_a_formula_for_each_language(material: Material) -> None:
    english, spanish = material.topic.texts
    hard = replace(spanish, title="Administración extraordinariamente individualizada " * 30)
    (message,) = told("reading_grade", with_topic(material, texts=(english, hard)))
    assert "topics/ivig-itp/text.es.md:1: " in message
    assert "(Fernández-Huerta " in message and "allowed: 70.0 at least" in message
    (message,) = told("reading_grade", with_topic(material, texts=(english, replace(spanish, language="fr"))))
    assert "no formula measures how easy `fr` is to read" in message
