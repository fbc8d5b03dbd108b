"""Library: the index and the content hash."""

from __future__ import annotations

import hashlib

from fhir_service.content.builders.library import content_hash, hash_name
from tests.content.builders.picking import Resource, by_id


def test_the_content_hash_stands_on_the_library_and_nowhere_else(resources: list[Resource]) -> None:
    library = by_id(resources, "Library/ivig-itp-library")
    others = [resource for resource in resources if resource is not library]
    name = hash_name(content_hash(others))
    assert library["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": name}]
    assert not [resource["id"] for resource in others if name in str(resource)]


def test_the_content_hash_changes_with_one_comma_and_not_with_the_order(resources: list[Resource]) -> None:
    others = [resource for resource in resources if resource["resourceType"] != "Library"]
    before = content_hash(others)
    assert content_hash(list(reversed(others))) == before
    assert content_hash([others[0] | {"title": "IVIG, Treatment for ITP"}, *others[1:]]) != before


def test_the_hash_is_a_name_of_rfc_6920() -> None:
    digest = hashlib.sha256(b"Hello World!").hexdigest()
    assert hash_name(digest) == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"


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
