"""Every reference and every canonical URL of ours leads to a resource of the same release.

https://hl7.org/fhir/R4/references.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..finding import Finding
from .rule import Material, Resource, Rule
from .walk import objects, strings

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/.*)?\Z")


def check(material: Material) -> Iterator[Finding]:
    for release, resources in material.built.items():
        there = [*resources, *material.common.get(release, ())]
        yield from _lost(material, release, resources, there)
        # A draft is not always there: it may refer to what is, but not the reverse.
        drafts = material.drafts.get(release, ())
        yield from _lost(material, release, drafts, [*there, *drafts])


def _lost(
    material: Material, release: str, resources: Iterable[Resource], there: Iterable[Resource]
) -> Iterator[Finding]:
    known = {(resource["resourceType"], resource["id"]) for resource in there}
    if material.topic.retired:  # its successor is another topic, which the sources have
        known.add(("Library", f"{material.topic.retired.replaced_by}-library"))
    for resource in resources:
        for target in sorted(set(_targets(resource, material.publisher.base))):
            found = _LOCAL.match(target)
            if found is None or (found.group(1), found.group(2)) not in known:
                message = f"`{target}` leads to nothing; allowed: a resource built for {release}"
                yield material.fault(release, resource, message)


def _targets(resource: Resource, base: str) -> Iterator[str]:
    """`Type/id` for each literal reference, relative attachment URL and canonical under our base."""
    for item in objects(resource):
        reference = item.get("reference")
        if isinstance(reference, str) and not reference.startswith(("#", "urn:", "http:", "https:")):
            yield reference
        if isinstance(item.get("url"), str) and "contentType" in item and "://" not in item["url"]:
            yield item["url"]
    for key, text in strings(resource):
        if key != "div" and text.startswith(f"{base}/"):
            yield re.split(r"[|#?]", text.removeprefix(f"{base}/"))[0]


RULE = Rule(
    "references", "Every reference and canonical URL of ours leads to a resource of that release.", check
)
