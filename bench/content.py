"""The resources of the corpus that hold knowledge: value sets, plans, documents, side effects and others.

https://hl7.org/fhir/R4/clinicalreasoning-module.html
"""

from __future__ import annotations

from bench.maker import BASE, DRUGS, EFFECTS, FINDINGS, PROBLEMS, SECTIONS, TOPICS, Maker, Resource, div, of


def medication_knowledge(make: Maker) -> Resource:
    chance = make.chance
    return make.resource("MedicationKnowledge", 100) | {
        "code": make.concept("drug", f"D{make.number % 1_000:04}"),
        "status": "active",
        "doseForm": make.concept("form", f"T{chance.randrange(30)}"),
        "synonym": [make.text(2) for _ in range(3)],
        "productType": [make.concept("product", f"K{chance.randrange(10)}")],
        "ingredient": [
            {"itemCodeableConcept": make.concept("substance", DRUGS.take(chance)), "isActive": True}
            for _ in range(4)
        ],
        "medicineClassification": [
            {
                "type": make.concept("class-type", "C1"),
                "classification": [make.concept("class", f"C{chance.randrange(90)}")],
            }
        ],
    }


def value_set(make: Maker) -> Resource:
    concepts = [
        {"code": f"V{make.number}-{n}", "display": make.text(3)} for n in range(make.chance.randrange(5, 120))
    ]
    return make.published("ValueSet", 60) | {
        "compose": {"include": [{"system": f"{BASE}/finding", "concept": concepts}]}
    }


def plan_definition(make: Maker) -> Resource:
    """A topic's plan: what is done for whom, action by action."""
    chance = make.chance
    topic = make.concept("topic", TOPICS.take(chance))
    return make.published("PlanDefinition", 40) | {
        "type": of("plan-definition-type", "order-set"),
        "subjectCodeableConcept": of("participant-type", "patient"),
        "useContext": [
            {
                "code": {
                    "system": "http://terminology.hl7.org/CodeSystem/usage-context-type",
                    "code": "focus",
                },
                "valueCodeableConcept": make.concept("problem", PROBLEMS.take(chance)),
            }
        ],
        "topic": [topic],
        "relatedArtifact": [{"type": "depends-on", "resource": f"{BASE}/ValueSet/{chance.randrange(2_000)}"}],
        "action": [
            {
                "id": f"step-{n}",
                "title": make.text(3),
                "description": make.text(12),
                "code": [make.concept("topic", TOPICS.take(chance))],
            }
            for n in range(chance.randrange(2, 6))
        ],
    }


def composition(make: Maker) -> Resource:
    """A document about a topic, whose sections have codes of which a few are in every document."""
    chance = make.chance
    return make.resource("Composition", 20) | {
        "identifier": make.identifier("document"),
        "status": chance.choice(("preliminary", "final")),
        "type": make.concept("document", f"U{chance.randrange(12)}"),
        "category": [make.concept("topic", TOPICS.take(chance))],
        "subject": make.reference("Patient"),
        "date": make.instant(),
        "author": [make.practitioner()],
        "title": make.text(4),
        "section": [_section(make) for _ in range(chance.randrange(1, 9))],
    }


def _section(make: Maker) -> Resource:
    return {
        "title": make.text(2),
        "code": make.concept("section", SECTIONS.take(make.chance)),
        "text": {"status": "generated", "div": div(f"<p>{make.text(30)}</p>")},
        "entry": [make.reference("Condition")],
    }


def questionnaire(make: Maker) -> Resource:
    """A few questions, each of a choice of answers."""
    chance = make.chance
    return make.published("Questionnaire", 40) | {
        "subjectType": ["Patient"],
        "code": make.concept("topic", TOPICS.take(chance))["coding"],
        "item": [_question(make, str(n)) for n in range(1, chance.randrange(3, 6))],
    }


def _question(make: Maker, link_id: str) -> Resource:
    code, *_ = make.concept("finding", FINDINGS.take(make.chance))["coding"]
    answers = [{"valueCoding": {"code": f"A{n}", "display": make.text(2)}} for n in range(3)]
    return {
        "linkId": link_id,
        "code": [code],
        "text": make.text(8),
        "type": "choice",
        "answerOption": answers,
    }


def undesirable_effect(make: Maker) -> Resource:
    """A side effect of a medicine, as R4 tells it: later releases have ClinicalUseDefinition."""
    chance = make.chance
    drug = DRUGS.take(chance)
    return make.resource("MedicinalProductUndesirableEffect", 150) | {
        "subject": [{"reference": f"Medication/{drug}", "display": make.text(2)}],
        "symptomConditionEffect": make.concept("effect", EFFECTS.take(chance)),
        "classification": make.concept("class", f"C{chance.randrange(90)}"),
        "frequencyOfOccurrence": make.concept("frequency", f"Q{chance.randrange(5)}"),
        "population": [{"ageCodeableConcept": make.concept("age", f"G{chance.randrange(6)}")}],
    }
