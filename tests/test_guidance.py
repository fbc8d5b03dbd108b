import pytest

from fhir_service.errors import TypeNotServed
from fhir_service.exchange import Services
from fhir_service.guidance import require_served
from fhir_service.releases import RELEASES
from fhir_service.served_types import ABSENCE
from tests.memory_store import MemoryStore, services_over


@pytest.fixture
def memory() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def services(memory: MemoryStore) -> Services:
    return services_over(memory)


def said(services: Services, release: str, type_name: str) -> str:
    with pytest.raises(TypeNotServed) as caught:
        require_served(type_name, RELEASES[release], services)
    (issue,) = caught.value.issues
    assert issue.code == "not-supported"
    return issue.diagnostics


def test_r4_names_its_own_types_for_clinical_use(services: Services) -> None:
    told = said(services, "r4", "ClinicalUseDefinition")
    assert "MedicinalProductUndesirableEffect" in told
    assert "MedicinalProductIndication" in told


@pytest.mark.parametrize("release", ["r4b", "r5"])
@pytest.mark.parametrize(
    ("type_name", "instead"),
    [
        ("MedicinalProductUndesirableEffect", "ClinicalUseDefinition?type=undesirable-effect"),
        ("MedicinalProductIndication", "ClinicalUseDefinition?type=indication"),
        ("MedicinalProductContraindication", "ClinicalUseDefinition?type=contraindication"),
        ("MedicinalProductInteraction", "ClinicalUseDefinition?type=interaction"),
    ],
)
def test_later_releases_name_clinical_use_for_r4_s_types(
    services: Services,
    release: str,
    type_name: str,
    instead: str,
) -> None:
    assert instead in said(services, release, type_name)


def test_r4_s_types_for_what_is_not_held_say_that_absence_means_nothing(
    services: Services,
) -> None:
    assert ABSENCE in said(services, "r4", "MedicinalProductContraindication")
    assert ABSENCE in said(services, "r4", "MedicinalProductInteraction")


@pytest.mark.parametrize(
    ("release", "search", "element"),
    [
        ("r4", "MedicinalProductUndesirableEffect", "AdverseEvent.event"),
        ("r4b", "ClinicalUseDefinition?type=undesirable-effect", "AdverseEvent.event"),
        ("r5", "ClinicalUseDefinition?type=undesirable-effect", "AdverseEvent.code"),
    ],
)
def test_adverse_event_points_to_side_effects_and_to_the_value_set_of_every_profile(
    services: Services,
    memory: MemoryStore,
    release: str,
    search: str,
    element: str,
) -> None:
    assert search in said(services, release, "AdverseEvent")
    for topic in ("one", "two"):
        binding = {"strength": "extensible", "valueSet": f"https://education.test/fhir/ValueSet/{topic}"}
        profile = {
            "resourceType": "StructureDefinition",
            "id": topic,
            "type": "AdverseEvent",
            "differential": {"element": [{"path": "AdverseEvent"}, {"path": element, "binding": binding}]},
        }
        memory.put(release, profile, 0)
    told = said(services, release, "AdverseEvent")
    assert element in told
    assert "https://education.test/fhir/ValueSet/one, https://education.test/fhir/ValueSet/two" in told


def test_a_type_of_the_release_that_is_switched_off_names_the_setting(
    services: Services,
) -> None:
    assert "FHIR_SERVICE_TYPES" in said(services, "r5", "Patient")


def test_an_unknown_word_is_told_apart(services: Services) -> None:
    assert "FHIR R5 has no resource type Medicine" in said(services, "r5", "Medicine")
