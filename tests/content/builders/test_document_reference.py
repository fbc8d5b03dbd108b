"""DocumentReference and Binary: the finished page and the source page."""

from __future__ import annotations

import base64
import hashlib

from tests.content.builders.picking import Resource, by_id


def test_size_and_hash_are_those_of_the_finished_page(resources: list[Resource], release: str) -> None:
    page = base64.b64decode(by_id(resources, "Binary/ivig-itp-education-en")["data"])
    document = by_id(resources, "DocumentReference/ivig-itp-education-en")
    attachment = document["content"][0]["attachment"]
    assert attachment["size"] == (str(len(page)) if release == "r5" else len(page))
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(page).digest()
    assert attachment["url"] == "Binary/ivig-itp-education-en"
    assert document["docStatus"] == "preliminary"


def test_the_source_page_is_cited_without_an_address(resources: list[Resource]) -> None:
    page = by_id(resources, "DocumentReference/ivig-itp-source-page")
    assert page["content"] == [{"attachment": {"language": "en", "title": "IVIG Treatment for ITP"}}]
    assert not page.keys() & {"author", "date", "custodian"}
