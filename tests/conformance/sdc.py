"""What our form and its operations use of HL7's Structured Data Capture: pinned, fetched with npm.

https://build.fhir.org/ig/HL7/sdc/ (the package is CC0)
"""

from functools import cache

from tests.conformance.hl7_examples import Package, fetched, read_examples
from tests.conformance.official_validator import Job

PACKAGE = Package(
    "r4",
    "hl7.fhir.uv.sdc",
    "4.0.0-ballot",
    "a6042d77e0ad0a90b8fdec4d72a623132a1b42eff100547cc6e89c194c71e23322654e0a5007f59f897338938b9f4796c38d78baf51cc270e4b549065b2b6533",
)
EXTENSIONS = ("templateExtract", "templateExtractContext", "templateExtractValue")
OPERATIONS = ("Questionnaire-populate", "QuestionnaireResponse-extract")


@cache
def definitions(release: str) -> tuple[Job, ...]:
    """The definitions of EXTENSIONS and OPERATIONS, which are made for R4, as definitions of a release."""
    wanted = {*OPERATIONS, *(f"sdc-questionnaire-{name}" for name in EXTENSIONS)}
    examples = read_examples(PACKAGE, fetched(PACKAGE))
    found = [one.resource for one in examples if one.resource.get("id") in wanted]
    assert len(found) == len(wanted)
    return tuple(Job(release, one["id"], one) for one in found)
