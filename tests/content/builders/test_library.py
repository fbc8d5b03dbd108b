"""Library: the index and the content hash."""

from __future__ import annotations

from dataclasses import replace

from fhir_service.content.neutral import content_hash, publisher_file, topic_file
from fhir_service.content.source import Sources
from tests.content.builders.picking import Resource, by_id


def test_the_content_hash_stands_on_the_library_and_nowhere_else(
    resources: list[Resource], sources: Sources
) -> None:
    library = by_id(resources, "Library/ivig-itp-library")
    others = [resource for resource in resources if resource is not library]
    name = content_hash(topic_file(sources.topic("ivig-itp")), publisher_file(sources.publisher))
    assert library["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": name}]
    assert not [resource["id"] for resource in others if name in str(resource)]


def test_the_content_hash_changes_with_one_comma(sources: Sources) -> None:
    topic, publisher = sources.topic("ivig-itp"), publisher_file(sources.publisher)
    before = content_hash(topic_file(topic), publisher)
    assert content_hash(topic_file(replace(topic, description=topic.description + ",")), publisher) != before
    changed = publisher_file(replace(sources.publisher, name=f"{sources.publisher.name},"))
    assert content_hash(topic_file(topic), changed) != before


def test_the_library_lists_everything_else(resources: list[Resource], release: str) -> None:
    library = by_id(resources, "Library/ivig-itp-library")
    listed = {
        (related.get("resourceReference") or {"reference": related.get("resource")})["reference"]
        for related in library["relatedArtifact"]
        if related["type"] == "composed-of"
    }
    names = {"/".join(url.split("/")[-2:]) for url in listed}
    assert names == {f"{r['resourceType']}/{r['id']}" for r in resources if r is not library}


def test_the_library_is_found_by_its_context(resources: list[Resource]) -> None:
    library = by_id(resources, "Library/ivig-itp-library")
    kinds = [use["code"]["code"] for use in library["useContext"]]
    assert kinds == ["age", "focus", "task", "user", "user", "user"]
