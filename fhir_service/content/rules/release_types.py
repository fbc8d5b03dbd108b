"""A release holds, and refers to, only types that it defines: no ClinicalUseDefinition in R4.

https://hl7.org/fhir/R4/resourcelist.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from fhir_service.releases import RELEASES

from ..finding import Finding
from .rule import Material, Resource, Rule
from .walk import objects

_TYPE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}\Z")


def check(material: Material) -> Iterator[Finding]:
    for release, resource in material.resources():
        known = RELEASES[release].resource_types
        for name in sorted({resource["resourceType"], *_referenced(resource)} - known):
            message = f"{release} has no type {name}; allowed: the types of {RELEASES[release].label}"
            yield material.fault(release, resource, message)


def _referenced(resource: Resource) -> Iterator[str]:
    for item in objects(resource):
        for name in ("reference", "resource"):
            found = _TYPE.match(item[name]) if isinstance(item.get(name), str) else None
            if found:
                yield found.group(1)


RULE = Rule("release_types", "Each release holds and names only resource types that it defines.", check)
