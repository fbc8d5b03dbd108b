"""The date of the source's own review is served as it was written: a partial date stays partial.

https://hl7.org/fhir/R4/datatypes.html#dateTime
"""

from __future__ import annotations

from collections.abc import Iterator

from ..finding import Finding, at
from .rule import Material, Rule


def check(material: Material) -> Iterator[Finding]:
    source = material.topic.source
    for release, resources in material.built.items():
        dates = [r.get("occurredDateTime") for r in resources if r["resourceType"] == "Provenance"]
        if source.reviewed not in dates:
            message = f"the review date `{source.reviewed}` is in no Provenance of {release}"
            yield at(source.where, f"{message}; allowed: occurredDateTime, as it is written here")


RULE = Rule(
    "source_review_date", "The source's review date is there, no more exact than the source has it.", check
)
