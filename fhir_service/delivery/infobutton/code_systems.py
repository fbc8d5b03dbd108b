"""Code systems as knowledge requests name them: by OID, by FHIR's URI, or by a name in common use.

https://terminology.hl7.org/external_terminologies.html

An OID or a URI that is not in the table passes through, for a site may map codes of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from fhir_service.age import MESH

_OID = re.compile(r"(?:urn:oid:)?([0-2](?:\.(?:0|[1-9][0-9]*))+)", re.ASCII | re.IGNORECASE)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_V3 = "http://terminology.hl7.org/CodeSystem/v3-"


@dataclass(frozen=True, slots=True)
class KnownCodeSystem:
    uri: str
    name: str
    """as clients send it, and answers echo it"""
    title: str
    """as people read it"""
    oids: tuple[str, ...]
    other_names: tuple[str, ...] = ()


ACT_CODE = f"{_V3}ActCode"
GENDER = f"{_V3}AdministrativeGender"

CODE_SYSTEMS = (
    KnownCodeSystem("http://hl7.org/fhir/sid/icd-10-cm", "ICD10CM", "ICD-10-CM", ("2.16.840.1.113883.6.90",)),
    KnownCodeSystem("http://hl7.org/fhir/sid/icd-10", "ICD10", "ICD-10", ("2.16.840.1.113883.6.3",)),
    KnownCodeSystem("http://hl7.org/fhir/sid/icd-9-cm", "ICD9CM", "ICD-9-CM", ("2.16.840.1.113883.6.103",)),
    KnownCodeSystem(
        "http://snomed.info/sct", "SNOMEDCT", "SNOMED CT", ("2.16.840.1.113883.6.96",), ("SNOMED", "SCT")
    ),
    KnownCodeSystem(
        "http://www.nlm.nih.gov/research/umls/rxnorm",
        "RXNORM",
        "RxNorm",
        ("2.16.840.1.113883.6.88",),
        ("RXCUI",),
    ),
    KnownCodeSystem("http://hl7.org/fhir/sid/ndc", "NDC", "NDC", ("2.16.840.1.113883.6.69",)),
    # MedlinePlus takes the second OID for laboratory tests, too.
    KnownCodeSystem(
        "http://loinc.org", "LOINC", "LOINC", ("2.16.840.1.113883.6.1", "2.16.840.1.113883.11.79")
    ),
    KnownCodeSystem("http://www.ama-assn.org/go/cpt", "CPT", "CPT", ("2.16.840.1.113883.6.12",)),
    KnownCodeSystem("http://www.whocc.no/atc", "ATC", "ATC", ("2.16.840.1.113883.6.73",)),
    KnownCodeSystem("http://fdasis.nlm.nih.gov", "UNII", "UNII", ("2.16.840.1.113883.4.9",)),
    KnownCodeSystem("http://hl7.org/fhir/sid/cvx", "CVX", "CVX", ("2.16.840.1.113883.12.292",)),
    KnownCodeSystem(MESH, "MESH", "MeSH", ("2.16.840.1.113883.6.177",), ("MSH",)),
    KnownCodeSystem(ACT_CODE, "ActCode", "ActCode", ("2.16.840.1.113883.5.4",)),
    KnownCodeSystem(GENDER, "AdministrativeGender", "AdministrativeGender", ("2.16.840.1.113883.5.1",)),
)


def system_uri(text: str) -> str | None:
    """FHIR's URI of the code system; None when the text is no OID, no URI and no name of the table."""
    oid = _OID.fullmatch(text)
    if oid:
        return _by_oid().get(oid[1], f"urn:oid:{oid[1]}")
    return _by_name().get(_folded(text)) or (text if _URI.fullmatch(text) else None)


def system_name(uri: str) -> str:
    """The name that answers echo; the URI itself where the table has none."""
    known = _by_uri().get(uri)
    return known.name if known else uri


def system_title(uri: str) -> str:
    """The name for people; the URI itself where the table has none."""
    known = _by_uri().get(uri)
    return known.title if known else uri


def _folded(name: str) -> str:
    return name.replace(" ", "").replace("-", "").upper()


@cache
def _by_oid() -> dict[str, str]:
    return {oid: known.uri for known in CODE_SYSTEMS for oid in known.oids}


@cache
def _by_name() -> dict[str, str]:
    return {
        _folded(name): known.uri
        for known in CODE_SYSTEMS
        for name in (known.name, known.title, *known.other_names)
    }


@cache
def _by_uri() -> dict[str, KnownCodeSystem]:
    return {known.uri: known for known in CODE_SYSTEMS}
