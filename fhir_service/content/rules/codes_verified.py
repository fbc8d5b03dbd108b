"""Every clinical code is in the verified table, with the table's display; no other clinical system is used.

https://hl7.org/fhir/R4/terminologies-systems.html
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding
from .rule import Material, Rule
from .walk import codings, strings

# Codes of these are checked against HL7's own packages, by the validators.
_FHIR_SYSTEMS = (
    "http://terminology.hl7.org/",
    "http://hl7.org/fhir/",
    "http://unitsofmeasure.org",
    "urn:ietf:",
    "urn:iso:",
)
_MEDDRA = ("meddra", "/codesystem/mdr", "2.16.840.1.113883.6.163")


def check(material: Material) -> Iterator[Finding]:
    clinical = {system.url for system in material.publisher.code_systems if system.clinical}
    for release, resource in material.resources():
        for system, code, display in codings(resource):
            message = _fault(material, clinical, system, code, display)
            if message:
                yield material.fault(release, resource, message)
        if any(name in text.lower() for key, text in strings(resource) if key != "div" for name in _MEDDRA):
            yield material.fault(
                release, resource, "MedDRA is named; allowed: no MedDRA, its licence forbids it"
            )


def _fault(material: Material, clinical: set[str], system: str, code: str, display: str | None) -> str | None:
    """What is wrong with one code; None when nothing is."""
    if system in clinical:
        known = material.codes.codings.get((system, code))
        if known is None:
            return f"code {system}|{code} is not in codes.csv; allowed: rows with status VERIFIED"
        if display is not None and display != known.display:
            return f"display `{display}` of {system}|{code} is not the table's; allowed: `{known.display}`"
    elif not system.startswith((*_FHIR_SYSTEMS, f"{material.publisher.base}/")):
        return f"code system {system} is unknown; allowed: those of common.yaml, HL7's, and our own"
    return None


RULE = Rule(
    "codes_verified", "Every clinical code is a VERIFIED row of codes.csv; MedDRA is never used.", check
)
