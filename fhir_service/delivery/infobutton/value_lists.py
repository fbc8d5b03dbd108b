"""The values that a parameter may have.

https://terminology.hl7.org/ValueSet-v3-ActTaskCode.html and the other value sets of HL7's guide
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fhir_service.context import Recipient

Form = Literal["atom", "json", "jsonp", "html"]

FORMS: Mapping[str, Form] = {
    "text/xml": "atom",
    "application/atom+xml": "atom",
    "application/xml": "atom",
    "application/json": "json",
    "text/json": "json",
    "application/javascript": "jsonp",
    "text/javascript": "jsonp",
    "text/html": "html",
}
"""`knowledgeResponseType`, and the form that each asks for"""

RECIPIENTS: Mapping[str, Recipient | None] = {"PAT": "patient", "PROV": "provider", "PAYOR": None}
"""`informationRecipient`"""

UNITS = ("a", "mo", "wk", "d", "h", "min")
"""`age.v.u`: UCUM"""

GENDERS = frozenset({"M", "F", "UN"})
"""`patientPerson.administrativeGenderCode`"""

ENCOUNTERS = frozenset({"AMB", "EMER", "FLD", "HH", "IMP", "ACUTE", "NONAC", "SS", "VR"})
"""`encounter`: ActEncounterCode"""

# fmt: off
TASKS = frozenset({
    "OE", "LABOE", "MEDOE", "PATDOC", "PATEDUE", "CLINNOTEE", "DIAGLISTE", "DISCHINSTE",
    "DISCHSUME", "PATREPE", "PROBLISTE", "RADREPE", "IMMLE", "REMLE", "WELLREMLE", "ALLERLE",
    "ALLERLREV", "CLINNOTEREV", "DIAGLISTREV", "DISCHSUMREV", "IMMLREV", "LABRREV", "MICRORREV",
    "MICROORGRREV", "MICROSENSRREV", "MLREV", "MARWLREV", "OREV", "PATINFO", "PATREPREV",
    "PROBLISTREV", "RADREPREV", "REMLREV", "WELLREMLREV", "RISKASSESS", "FALLRISK", "CDSREV",
    "GENEREV", "VARREV",
})
# fmt: on
"""`taskContext`: ActTaskCode"""
