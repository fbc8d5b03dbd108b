"""The names of a code system: every one of the table leads to FHIR's URI."""

from __future__ import annotations

import pytest

from fhir_service.delivery.infobutton.code_systems import (
    CODE_SYSTEMS,
    KnownCodeSystem,
    system_name,
    system_title,
    system_uri,
)


@pytest.mark.parametrize("known", CODE_SYSTEMS, ids=lambda known: known.name)
def test_each_name_leads_to_its_uri(known: KnownCodeSystem) -> None:
    names = (known.uri, known.name, known.name.lower(), known.title, *known.oids, *known.other_names)
    for name in (*names, *(f"urn:oid:{oid}" for oid in known.oids)):
        assert system_uri(name) == known.uri


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("2.16.840.1.113883.6.90", "http://hl7.org/fhir/sid/icd-10-cm"),
        ("2.16.840.1.113883.11.79", "http://loinc.org"),
        ("URN:OID:2.16.840.1.113883.6.96", "http://snomed.info/sct"),
        ("ICD-10-CM", "http://hl7.org/fhir/sid/icd-10-cm"),
        ("snomed ct", "http://snomed.info/sct"),
        ("RXCUI", "http://www.nlm.nih.gov/research/umls/rxnorm"),
        ("1.2.3.4", "urn:oid:1.2.3.4"),
        ("https://hospital.test/codes", "https://hospital.test/codes"),
        ("urn:uuid:6b1f0d1c-5cc3-4dd9-a5f0-6b5a3b9d3c11", "urn:uuid:6b1f0d1c-5cc3-4dd9-a5f0-6b5a3b9d3c11"),
    ],
)
def test_what_the_table_does_not_have_passes_through(written: str, uri: str) -> None:
    assert system_uri(written) == uri


@pytest.mark.parametrize(
    "written", ["ICD11", "3.1.2", "1", "a b:c", "", "2.16.840.1.113883.6.090", "\u0661.2"]
)
def test_what_is_no_name_is_none(written: str) -> None:
    assert system_uri(written) is None


def test_a_code_system_has_a_name_to_echo_and_one_to_read() -> None:
    uri = "http://hl7.org/fhir/sid/icd-10-cm"
    assert (system_name(uri), system_title(uri)) == ("ICD10CM", "ICD-10-CM")
    assert (system_name("urn:oid:1.2"), system_title("urn:oid:1.2")) == ("urn:oid:1.2", "urn:oid:1.2")
