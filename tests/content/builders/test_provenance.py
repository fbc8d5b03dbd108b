"""Provenance: who wrote it, from what, and whose review it was."""

from __future__ import annotations

from fhir_service.content.source import Sources
from tests.content.builders.picking import Resource, by_id


def test_the_month_of_the_review_belongs_to_the_source_page(resources: list[Resource]) -> None:
    review = by_id(resources, "Provenance/ivig-itp-prov-review")
    assert review["occurredDateTime"] == "2022-09"
    assert [t["reference"] for t in review["target"]] == ["DocumentReference/ivig-itp-source-page"]


def test_everything_is_attributed_to_the_publisher(resources: list[Resource], sources: Sources) -> None:
    source = by_id(resources, "Provenance/ivig-itp-prov-source")
    targets = {target["reference"] for target in source["target"]}
    assert targets | {"Provenance/ivig-itp-prov-source"} == {
        f"{r['resourceType']}/{r['id']}" for r in resources
    }
    assert source["agent"][0]["who"]["reference"] == f"Organization/{sources.publisher.id}"
    assert source["entity"][0]["role"] == "source"
