"""Calls of a service as clients of different releases write them, from a few words.

call({"service": "order-select", "age": 7, "drafts": [{"code": "rxnorm 5666"}], "conditions": []})
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, Literal

Shape = Literal["r4", "r5"]
Form = Literal["concept", "contained", "bundled"]

TODAY = datetime.date(2026, 11, 25)
PATIENT_ID = "child-1"
SYSTEMS = {
    "snomed": "http://snomed.info/sct",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
    "unii": "http://fdasis.nlm.nih.gov",
    "route": "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration",
    "loinc": "http://loinc.org",
    "site": "https://site.test/codes",
}
_STATUSES = "http://terminology.hl7.org/CodeSystem/"


def coded(said: Any) -> dict[str, Any]:
    """`snomed 1`, a text in quotes, or a mapping of code, display and text, as a CodeableConcept."""
    if isinstance(said, str):
        said = {"code": said} if said.partition(" ")[0] in SYSTEMS else {"text": said}
    made: dict[str, Any] = {}
    if "code" in said:
        alias, _, code = said["code"].partition(" ")
        coding = {"system": SYSTEMS[alias], "code": code}
        made["coding"] = [coding | ({"display": said["display"]} if "display" in said else {})]
    return made | ({"text": said["text"]} if "text" in said else {})


def bundle(resources: Sequence[Mapping[str, Any]], **members: Any) -> dict[str, Any]:
    entries = [{"fullUrl": f"urn:x:{n}", "resource": dict(one)} for n, one in enumerate(resources)]
    return {"resourceType": "Bundle", "type": "searchset", "entry": entries, **members}


def order(said: Mapping[str, Any], number: int, shape: Shape, form: Form) -> list[dict[str, Any]]:
    """A MedicationRequest, and the Medication that it refers to where that is the form."""
    concept = coded({name: said[name] for name in ("code", "display", "text") if name in said})
    medication = {"resourceType": "Medication", "id": f"med-{number}", "code": concept}
    made: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "id": said.get("id", f"order-{number}"),
        "status": said.get("status", "draft"),
        "intent": "order",
        "subject": {"reference": said.get("subject", f"Patient/{PATIENT_ID}")},
        "extension": [{"url": "https://site.test/unknown", "valueString": "kept out"}],
    }
    reference = {"reference": "#m" if form == "contained" else f"Medication/med-{number}"}
    if shape == "r5":
        made["medication"] = {"concept": concept} if form == "concept" else {"reference": reference}
    elif form == "concept":
        made["medicationCodeableConcept"] = concept
    else:
        made["medicationReference"] = reference
    if form == "contained":
        made["contained"] = [medication | {"id": "m"}]
    if "route" in said:
        made["dosageInstruction"] = [{"route": coded(route)} for route in _listed(said["route"])]
    if "directions" in said:
        made.setdefault("dosageInstruction", []).append({"text": said["directions"]})
    if "encounter" in said:
        made["encounter"] = {"reference": said["encounter"]}
    if said.get("doNotPerform"):
        made["doNotPerform"] = True
    return [made, medication] if form == "bundled" else [made]


def condition(said: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Condition",
        "id": "c",
        "code": coded({name: said[name] for name in ("code", "display", "text") if name in said}),
        "subject": {"reference": said.get("subject", f"Patient/{PATIENT_ID}")},
    }
    if said.get("status", "active") is not None:
        system = f"{_STATUSES}condition-clinical"
        made["clinicalStatus"] = {"coding": [{"system": system, "code": said.get("status", "active")}]}
    if "verification" in said:
        system = f"{_STATUSES}condition-ver-status"
        made["verificationStatus"] = {"coding": [{"system": system, "code": said["verification"]}]}
    return made | ({"abatementDateTime": said["abated"]} if "abated" in said else {})


def allergy(said: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"resourceType": "AllergyIntolerance", "id": "a"}
    if "reaction" in said:
        made["reaction"] = [{"substance": coded(said["reaction"])}]
    rest = {name: said[name] for name in ("code", "display", "text") if name in said}
    return made | ({"code": coded(rest)} if rest else {})


def patient(said: Mapping[str, Any]) -> dict[str, Any]:
    """`age` in full years today, `born` as a FHIR date, `speaks` a language."""
    made: dict[str, Any] = {"resourceType": "Patient", "id": said.get("patient_id", PATIENT_ID)}
    if "age" in said:
        made["birthDate"] = TODAY.replace(year=TODAY.year - said["age"]).isoformat()
    if "born" in said:
        made["birthDate"] = str(said["born"])
    if "speaks" in said:
        language = {"coding": [{"system": "urn:ietf:bcp:47", "code": said["speaks"]}]}
        made["communication"] = [{"language": language, "preferred": True}]
    return made | ({"deceasedBoolean": True} if said.get("deceased") else {})


def call(said: Mapping[str, Any], shape: Shape = "r4", form: Form = "concept") -> dict[str, Any]:
    """The request that `said` describes: see the tables in cases/."""
    hook = said["service"]
    context: dict[str, Any] = {"userId": said.get("user", "Practitioner/dr-1"), "patientId": PATIENT_ID}
    if "encounter" in said:
        context["encounterId"] = said["encounter"]
    if hook.startswith("order-"):
        drafts = [order(one, n, shape, form) for n, one in enumerate(said.get("drafts", []))]
        context["draftOrders"] = bundle([*said.get("resources", []), *sum(drafts, [])], type="collection")
    if hook == "order-select":
        context["selections"] = said.get(
            "selections", [f"MedicationRequest/{made[0]['id']}" for made in drafts]
        )
    return {
        "hook": hook,
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "fhirServer": "https://ehr.test/fhir",
        "context": context,
        "prefetch": prefetch(said, shape, form),
        "com.ehr.extension": {"anything": [1, None]},
    }


def prefetch(said: Mapping[str, Any], shape: Shape, form: Form) -> dict[str, Any]:
    """A key for each thing that is said; none for what is not, and null for what is null."""
    sent: dict[str, Any] = {}
    if said.keys() & {"age", "born", "speaks", "deceased", "patient_id"}:
        sent["patient"] = patient(said)
    if said.get("patient", "") is None:
        sent["patient"] = None
    for key, make in (("conditions", condition), ("allergies", allergy)):
        if key in said:
            sent[key] = None if said[key] is None else bundle([make(one) for one in said[key]])
    if "medications" in said:
        orders = said["medications"]
        statuses = [{"status": "active", **one} for one in orders or []]
        made = [order(one, n, shape, form) for n, one in enumerate(statuses)]
        sent["medications"] = None if orders is None else bundle(sum(made, []))
    for key in said.get("paged", ()):
        sent[key]["link"] = [{"relation": "next", "url": "https://ehr.test/fhir?page=2"}]
    for key in said.get("counted", ()):
        sent[key]["total"] = len(sent[key]["entry"]) + 1
    for key in said.get("warned", ()):
        sent[key]["entry"].append({"resource": _outcome("warning"), "search": {"mode": "outcome"}})
    for key in said.get("broken", ()):
        sent[key]["entry"].append({"resource": _outcome("error"), "search": {"mode": "outcome"}})
    for key in said.get("failed", ()):
        sent[key] = _outcome("error")
    return sent


def _outcome(severity: str) -> dict[str, Any]:
    return {"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": "timeout"}]}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
