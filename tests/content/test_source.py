"""Reading the sources: what is right becomes a topic, what is wrong a line with what is allowed.

https://hl7.org/fhir/R4/resource.html#id
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fhir_service.content.finding import Finding, SourceError
from fhir_service.content.source import Sources, load_sources, read_sources
from fhir_service.content.topic import Coding

from .conftest import Edit

TOPIC = "topics/ivig-itp/topic.yaml"
TEXT = "topics/ivig-itp/text.en.md"
FACTS = "topics/ivig-itp/facts.csv"


def findings_of(resources: Path) -> list[Finding]:
    return read_sources(resources)[1]


def test_the_topic_has_what_the_content_model_counts(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    assert [len(topic.bullets(window)) for window in topic.windows] == [7, 3]
    windows = [effect.window for effect in topic.side_effects]
    assert (windows.count("during-treatment"), windows.count("after-more-than-1-day")) == (13, 5)
    assert (len(topic.indications), len(topic.warnings), len(topic.key_points)) == (2, 2, 4)
    assert topic.plan is not None
    assert [action.id for action in topic.plan.actions] == [
        "premedicate",
        "give-ivig",
        "home-medicine",
        "report-side-effects",
    ]
    reaction = next(effect for effect in topic.side_effects if effect.symptom == "allergic-reaction")
    assert len(reaction.parts) == 8
    assert [fact.id for fact in topic.facts] == [f"F{number:02}" for number in range(1, 41)]


def test_mild_is_said_of_the_five_pains_alone(sources: Sources) -> None:
    topic = sources.topic("ivig-itp")
    mild = [symptom.id for symptom in topic.symptoms if symptom.severity == "mild"]
    assert len(mild) == 5
    assert {effect.group for effect in topic.side_effects if effect.symptom in mild} == {"mild-pain"}
    assert [symptom.id for symptom in topic.symptoms if symptom.severity == "severe"] == ["severe-chills"]


def test_a_wider_code_stands_in_a_resource_but_is_not_equivalent(sources: Sources) -> None:
    chest_pain = Coding("http://snomed.info/sct", "29857009", "Chest pain (finding)")
    topic = sources.topic("ivig-itp")
    assert topic.symptom("mild-chest-pain").codings == (chest_pain,)
    assert topic.symptom("mild-chest-pain").equivalent is None
    assert topic.symptom("chest-pain").equivalent == chest_pain
    assert topic.symptom("side-pain").codings == ()


def test_dates_stay_as_partial_as_they_are_written(sources: Sources) -> None:
    assert sources.topic("ivig-itp").source.reviewed == "2022-09"


def test_key_points_take_their_words_from_the_text(sources: Sources) -> None:
    assert [point.text for point in sources.topic("ivig-itp").key_points][2] == (
        "IVIG works to slow the destruction of platelets."
    )


def test_the_broader_code_selects_and_symptoms_never_do(sources: Sources) -> None:
    roles = {
        (entry.coding.code if entry.coding else entry.word): (entry.role, entry.broader)
        for entry in sources.topic("ivig-itp").finder
    }
    assert roles["5666"] == ("about", False)
    assert roles["2897005"] == ("about", True)
    assert {roles[code] for code in ("386661006", "D69.6", "302215000", "777-3", "161", "3498", "R58")} == {
        ("mentions", False)
    }
    assert roles["low platelets"] == ("mentions", False)


CASES = {
    "finder word too long": (
        TOPIC,
        "        - IV IG\n",
        "        - a b c d e f g h i\n",
        "`a b c d e f g h i` cannot be looked for; allowed: one to 8 words, or two such parts with `…`",
    ),
    "finder entry that does not say of what": (
        TOPIC,
        "    - of: product\n      codes: [local ivig,",
        "    - codes: [local ivig,",
        "`finder.about[1].of`: is missing; allowed: product, condition",
    ),
    "unknown subtopic": (
        TOPIC,
        "subtopics: [adverse-effects]",
        "subtopics: [adverse]",
        "`adverse` is none of the subtopics; did you mean `adverse-effects`?",
    ),
    "successor that is no topic": (
        TOPIC,
        "released: 2026-11-23",
        "retired: {date: 2026-11-25, reason: Words., replaced_by: ivig-2}\nreleased: 2026-11-23",
        "`ivig-2` is no topic that is shown",
    ),
    "wrong field": (
        TOPIC,
        "    severity: mild",
        "    severety: mild",
        "unknown field `symptoms[mild-chest-pain].severety`; did you mean `severity`? "
        "allowed: id, maps, question, severity, text",
    ),
    "missing field": (
        TOPIC,
        "short_title: IVIG for ITP\n",
        "",
        "`short_title` is missing; allowed: a line `short_title: ...`",
    ),
    "wrong value": (
        TOPIC,
        "    severity: mild",
        "    severity: awful",
        "`symptoms[mild-chest-pain].severity`: `awful` is not one of the words; allowed: mild, severe",
    ),
    "list expected": (
        TOPIC,
        "facts: [F38, F39, F40]",
        "facts: F38",
        "`source.facts`: is no list; allowed: [one, two] or lines that start with `- `",
    ),
    "text expected": (
        TOPIC,
        "  site: Together",
        "  site: [Together]",
        "`source.site`: is no text; allowed: words in one value",
    ),
    "fields expected": (
        TOPIC,
        "appearance: {text: clear liquid, facts: [F03]}",
        "appearance: clear liquid",
        "`product.appearance`: has no fields; allowed: `field: value` lines",
    ),
    "item without facts": (
        TOPIC,
        "    facts: [F19]",
        "    facts: []",
        "`side_effects[during-fever].facts`: is empty; allowed: at least one fact of facts.csv",
    ),
    "missing fact": (
        TOPIC,
        "    facts: [F19]",
        "    facts: [F91]",
        "`side_effects[during-fever].facts[1]`: fact `F91` is not in facts.csv; allowed: F01 to F40",
    ),
    "missing fact in the text": (TEXT, "{F09}", "{F99}", "fact `F99` is not in facts.csv; "),
    "fact without key words": (
        FACTS,
        "F40,metadata",
        "F41,metadata,Another fact.\nF40,metadata",
        "fact `F41` has no key words; allowed: `F41:` under `facts` in topic.yaml",
    ),
    "fact stated nowhere": (
        FACTS,
        "F40,metadata",
        "F41,metadata,Another fact.\nF40,metadata",
        "fact `F41` is stated nowhere in text.en.md; allowed: words that end with {F41}: Another fact.",
    ),
    "unknown code": (
        TOPIC,
        "{code: snomed 386661006, relation",
        "{code: snomed 386661007, relation",
        "`symptoms[fever].maps[1].code`: code `snomed 386661007` is not in codes.csv with status VERIFIED; "
        "did you mean `386661006`, Fever (finding)? allowed: the 51 codes of http://snomed.info/sct there",
    ),
    "unknown code system": (
        TOPIC,
        "codes: [rxnorm 161]",
        "codes: [rxnrm 161]",
        "code `rxnrm 161` is not written as `alias code`; did you mean `rxnorm`? allowed: ",
    ),
    "broken reference": (
        TOPIC,
        "    symptom: fever",
        "    symptom: fevr",
        "`side_effects[during-fever].symptom`: `fevr` is none of the symptoms; did you mean `fever`? ",
    ),
    "broken reference to an action": (
        TOPIC,
        "{to: give-ivig,",
        "{to: give-it,",
        "`give-it` is none of the actions; did you mean `give-ivig`? allowed: ",
    ),
    "broken reference to a section": (
        TOPIC,
        "text: {section: reviewed,",
        "text: {section: reviews,",
        "`reviews` is none of the sections; did you mean `reviewed`? allowed: ",
    ),
    "bad YAML": (TOPIC, "  site: Together", "  site: [Together", "bad YAML: "),
    "duplicate key": (
        TOPIC,
        "  site: Together",
        "  title: Together",
        "`title` is written twice; the first one is on line ",
    ),
    "duplicate id": (
        TOPIC,
        "  - id: during-chills",
        "  - id: during-fever",
        "duplicate id `during-fever`; the first one is on line ",
    ),
    "duplicate id of another kind": (
        TOPIC,
        "  - id: mild-pain",
        "  - id: fever",
        "duplicate id `fever`: one of the symptoms has this code too; allowed: a code of its own",
    ),
    "duplicate section": (
        TEXT,
        "{#how-ivig-is-given}",
        "{#how-ivig-works}",
        "duplicate section code `how-ivig-works`; the first one is on line ",
    ),
    "wrong date": (
        TOPIC,
        "reviewed: 2022-09 ",
        "reviewed: 2022-13 ",
        "`source.reviewed`: `2022-13` is no date; allowed: YYYY, YYYY-MM or YYYY-MM-DD",
    ),
    "mapping without a reason": (
        TOPIC,
        ", comment: The code is for chills without fever only.",
        "",
        "`symptoms[chills].maps[2].comment`: is missing: relation `narrower` needs a reason",
    ),
    "language without a text": (
        TOPIC,
        "languages: [en, es]",
        "languages: [en, es, fr]",
        "`languages` names `fr`: no text.fr.md; ",
    ),
    "text that no language names": (
        TOPIC,
        "languages: [en, es]",
        "languages: [en]",
        "text.es.md is there, but `languages` does not name it; ",
    ),
    "translation without a text": (
        TOPIC,
        "  es:\n    short_title",
        "  fr:\n    short_title",
        "`translations` names `fr`: no text.fr.md; ",
    ),
    "translation without a name": (
        TOPIC,
        "    short_title: IVIG para la PTI\n",
        "",
        "`translations.es.short_title` is missing; ",
    ),
    "fact without key words in a translation": (
        TOPIC,
        "      F26: [pueden empezar durante el tratamiento, dolor de cabeza]\n",
        "",
        "`translations.es.key_words.F26` is missing; allowed: a line `F26: [...]` with key words",
    ),
    "key words of no fact in a translation": (
        TOPIC,
        "      F26: [pueden empezar",
        "      F41: [dolor]\n      F26: [pueden empezar",
        "fact `F41` is not in facts.csv",
    ),
    "review of a translation without a date": (
        TOPIC,
        "    key_words:\n      F01",
        "    review: {role: traductora}\n    key_words:\n      F01",
        "`translations.es.review.date` is missing; ",
    ),
    "key point without words": (
        TOPIC,
        "{id: K1, facts: [F34]}",
        "{id: K1, facts: [F01, F34]}",
        "key point `K1`: no item of the text states F01, F34 and nothing else; allowed: ",
    ),
    "publisher": ("publisher.yaml", "base: https", "base: ftp", "allowed: http(s) URL, no / at its end"),
    "common": (
        "common.yaml",
        "    clinical: true",
        "    clinical: perhaps",
        "is neither; allowed: true, false",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_fault_is_told_with_its_file_and_line(case: str, resources: Path, edit: Edit) -> None:
    file, old, new, message = CASES[case]
    line = edit(file, old, new)
    told = [finding for finding in findings_of(resources) if message in finding.message]
    assert told, findings_of(resources)
    assert {finding.file for finding in told} == {file}
    # What is missing is told on the line of what it is missing from; YAML notices an open bracket later.
    if case not in (
        "missing field",
        "bad YAML",
        "mapping without a reason",
        "duplicate key",
        "key point without words",
        "fact without key words",
        "fact without key words in a translation",
    ):
        assert line in [finding.line for finding in told]


def test_all_faults_of_all_files_are_told_in_one_run(resources: Path, edit: Edit) -> None:
    edit(TOPIC, "    severity: mild", "    severety: mild")
    edit(TOPIC, "    facts: [F19]", "    facts: [F91]")
    edit(TOPIC, "{code: snomed 386661006, relation", "{code: snomed 386661007, relation")
    edit(TOPIC, "    symptom: fever", "    symptom: fevr")
    edit(TOPIC, "  - id: during-chills", "  - id: during-fever")
    edit(TEXT, "{F09}", "{F99}")
    edit("topics/ivig-itp/text.en.md", "## Key points {#key-points}", "## Key points")
    shutil.copytree(Path(__file__).parent / "topics" / "hand-washing", resources / "topics" / "hand-washing")
    (resources / "topics" / "hand-washing" / "topic.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(SourceError) as raised:
        load_sources(resources)
    told = str(raised.value)
    for message in (
        "unknown field `symptoms[mild-chest-pain].severety`",
        "fact `F91` is not in facts.csv",
        "fact `F99` is not in facts.csv",
        "code `snomed 386661007` is not in codes.csv",
        "`fevr` is none of the symptoms",
        "duplicate id `during-fever`",
        "the heading has no code",
        "topics/hand-washing/topic.yaml:1: bad YAML",
    ):
        assert message in told


def test_two_topics_may_not_share_a_product_id(resources: Path, edit: Edit) -> None:
    shutil.copytree(resources / "topics" / "ivig-itp", resources / "topics" / "other")
    for name in ("ivig-itp-library", "ivig-itp-prov-review"):
        edit("topics/other/topic.yaml", name, name.replace("ivig-itp", "other"))
    found = findings_of(resources)
    assert [finding.file for finding in found] == ["topics/other/topic.yaml"]
    assert found[0].message == (
        "duplicate id `ivig`: the topic `ivig-itp` has it too; allowed: an id of its own"
    )


@pytest.mark.parametrize(
    "file", [FACTS, TOPIC, TEXT, "codes.csv", "common.yaml", "publisher.yaml", "notices.en.md"]
)
def test_a_missing_file_is_told_and_nothing_that_follows_from_it(file: str, resources: Path) -> None:
    (resources / file).unlink()
    told = findings_of(resources)
    assert [(finding.file, finding.line) for finding in told] == [(file, 1)]
    assert told[0].message.startswith("there is no such file")


def test_bytes_that_are_no_text_are_told_with_their_line(resources: Path) -> None:
    path = resources / TOPIC
    path.write_bytes(path.read_bytes().replace(b"IVIG for ITP", b"IVIG \xff ITP", 1))
    assert [str(finding) for finding in findings_of(resources)] == [
        f"{TOPIC}:7: bytes that are not UTF-8; allowed: UTF-8 text"
    ]
