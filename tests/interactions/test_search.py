import json
from typing import Any

import pytest

from fhir_service.dispatch import dispatch
from fhir_service.exchange import Request, Services
from fhir_service.releases import RELEASES
from fhir_service.search.predicates import Nothing
from fhir_service.search.query import Query
from fhir_service.served_types import ABSENCE
from fhir_service.store.contract import Page, StoredVersion
from tests.memory_store import MemoryStore


@pytest.fixture(autouse=True)
def no_index(memory: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, nothing is found."""

    def search(release: str, query: Query) -> Page:
        assert query.predicate != Nothing()
        return Page((), None, 0)

    monkeypatch.setattr(memory, "search", search)


def entries(services: Services, release: str, type_name: str, *pairs: tuple[str, str]) -> list[Any]:
    request = Request(
        release=RELEASES[release],
        base="http://localhost/fhir",
        method="GET",
        path=type_name,
        parameters=pairs,
    )
    found: list[Any] = json.loads(dispatch(request, services).body or b"").get("entry", [])
    return found


@pytest.mark.parametrize("release", ["r4b", "r5"])
@pytest.mark.parametrize(
    "value",
    [
        "contraindication",
        "interaction",
        "indication,interaction",
        "http://hl7.org/fhir/clinical-use-definition-type|interaction",
    ],
)
def test_an_empty_answer_about_contraindications_says_what_it_means(
    services: Services, release: str, value: str
) -> None:
    (entry,) = entries(services, release, "ClinicalUseDefinition", ("type", value))
    assert entry["search"] == {"mode": "outcome"}
    assert entry["fullUrl"].startswith("urn:uuid:")
    (issue,) = entry["resource"]["issue"]
    assert (issue["severity"], issue["code"]) == ("information", "informational")
    assert issue["diagnostics"] == ABSENCE


def test_other_searches_carry_no_remark(services: Services) -> None:
    assert entries(services, "r5", "ClinicalUseDefinition", ("type", "undesirable-effect")) == []
    assert entries(services, "r5", "Library", ("type", "interaction")) == []


def test_what_comes_along_is_marked_as_included(
    services: Services, memory: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = b'{"resourceType":"Medication","id":"ivig"}'
    match = StoredVersion("Library", "library", 1, 0, b'{"resourceType":"Library","id":"library"}')
    along = StoredVersion("Medication", "ivig", 1, 0, body)
    monkeypatch.setattr(memory, "search", lambda *_: Page((match,), None, 1, (along,)))
    found, included = entries(services, "r5", "Library", ("_include", "*"))
    assert (found["search"]["mode"], included["search"]["mode"]) == ("match", "include")
    assert included["fullUrl"] == "http://localhost/fhir/Medication/ivig"
