import pytest

from fhir_service.fhir.links import change_links
from fhir_service.releases import RELEASES, Release


def mark(kind: str, link: str) -> str:
    return f"{kind}:{link}"


@pytest.mark.parametrize("release", RELEASES.values(), ids=RELEASES)
def test_links_are_what_the_definitions_say_and_nothing_else(release: Release) -> None:
    library = {
        "resourceType": "Library",
        "url": "u",
        "_url": {"extension": [{"url": "e", "valueReference": {"reference": "r"}}]},
        "name": "u",
        "identifier": [{"system": "s", "value": "u"}],
        "text": {"status": "additional", "div": "<div><a href='a&amp;b'>href=\"u\"</a></div>"},
        "contained": [{"resourceType": "Basic", "subject": {"reference": "r", "display": "r"}}],
        "relatedArtifact": [{"type": "citation", "resource": "c", "document": {"url": "d"}}],
        "unknown": "u",
    }
    assert change_links(library, release, mark) == {
        "resourceType": "Library",
        "url": "url:u",
        "_url": {"extension": [{"url": "url:e", "valueReference": {"reference": "reference:r"}}]},
        "name": "u",
        "identifier": [{"system": "url:s", "value": "u"}],
        "text": {
            "status": "additional",
            "div": '<div><a href="narrative:a&amp;b">href="u"</a></div>',
        },
        "contained": [{"resourceType": "Basic", "subject": {"reference": "reference:r", "display": "r"}}],
        "relatedArtifact": [{"type": "citation", "resource": "canonical:c", "document": {"url": "url:d"}}],
        "unknown": "u",
    }


def test_a_bundle_and_what_is_of_no_type_are_left_alone() -> None:
    for resource in (
        {"resourceType": "Bundle", "entry": [{"fullUrl": "u"}]},
        {"resourceType": "Sandwich"},
        {},
    ):
        assert change_links(resource, RELEASES["r5"], mark) == resource
