"""Where references may point: the types an element allows, and `#id` among what is contained.

https://hl7.org/fhir/R4/references.html and https://hl7.org/fhir/R4/domainresource.html#invs

The invariants dom-2 to dom-5 and ref-1 hold for every resource, so they are written out here instead
of being run as FHIRPath.
"""

from __future__ import annotations

import re
from typing import Any

from .. import Release
from .findings import INVARIANT, REQUIRED, VALUE, Findings, Scope, Targeted

# [base/]Type/id with a version behind it, or a conditional reference.
_LITERAL = re.compile(
    r"(?:.*/)?([A-Z][A-Za-z]+)(?:/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?|\?.*)"
)

_RESTFUL = re.compile(r"https?://.*/([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})")


def concrete_targets(targets: tuple[str, ...], release: Release) -> frozenset[str] | None:
    """Return every resource type that may be pointed to; None when all may."""
    if not targets or "Resource" in targets:
        return None
    return frozenset(
        name for name in release.resource_types if any(release.is_a(name, target) for target in targets)
    )


def target_type(reference: dict[str, Any]) -> str | None:
    """Return the type that a literal reference, or else its `type`, names."""
    literal = reference.get("reference")
    found = _LITERAL.fullmatch(literal) if type(literal) is str else None
    if found is not None:
        return found[1]
    declared = reference.get("type")
    return declared.rpartition("/")[2] if type(declared) is str else None


def check_target(
    reference: Any,
    allowed: frozenset[str],
    release: Release,
    findings: Findings,
    holder: dict[str, Any],
    name: str,
    index: int | None,
) -> None:
    """Refuse a reference to a type that the element does not allow."""
    if type(reference) is not dict:
        return
    literal = reference.get("reference")
    if type(literal) is str and literal[:1] == "#":
        findings.scope.targeted.append(Targeted(literal[1:], allowed, holder, name, index))
        return
    target = target_type(reference)
    if target is None or target in allowed or target not in release.resource_types:
        return
    findings.add(VALUE, _wrong_target(name, target, allowed), holder, name, index)


def _wrong_target(name: str, target: str, allowed: frozenset[str]) -> str:
    return f"`{name}` refers to a {target}; allowed: {', '.join(sorted(allowed))}"


def check_contained(scope: Scope, findings: Findings) -> None:
    """Check dom-3, ref-1 and the targets of `#id` once the whole of a resource has been walked."""
    if not scope.local and not scope.contained:
        return
    ids = {str(one.resource.get("id")): one.resource.get("resourceType") for one in scope.contained}
    for one in scope.targeted:
        target = ids.get(one.id)
        if type(target) is str and target not in one.allowed:
            findings.add(
                VALUE, _wrong_target(one.name, target, one.allowed), one.holder, one.name, one.position
            )
    for local in scope.local:
        if local.name is not None and local.value[1:] not in ids:
            message = f"ref-1: nothing with the id `{local.value[1:]}` is contained"
            findings.add(INVARIANT, message, local.holder, local.name, local.position)
    pointed = {local.value for local in scope.local}
    for contained, refers_to_container in scope.contained:
        if f"#{contained.get('id')}" not in pointed and not refers_to_container:
            findings.add(
                INVARIANT,
                f"dom-3: nothing refers to the contained `{contained.get('id')}`, nor it to its container",
                contained,
            )


def check_full_url(entry: dict[str, Any], findings: Findings) -> None:
    """Refuse a fullUrl of a RESTful server that is not that of the entry's resource.

    https://hl7.org/fhir/R4/bundle.html#bundle-unique
    """
    full_url, resource = entry.get("fullUrl"), entry.get("resource")
    if type(full_url) is not str or type(resource) is not dict:
        return
    type_name, logical_id = resource.get("resourceType"), resource.get("id")
    found = _RESTFUL.fullmatch(full_url)
    if found is None or type(logical_id) is not str or found[1] == f"{type_name}/{logical_id}":
        return
    findings.add(VALUE, f"`fullUrl` must end with /{type_name}/{logical_id}", entry, "fullUrl")


_WITHOUT_FULL_URLS = ("transaction", "transaction-response", "batch", "batch-response")


def check_full_urls(bundle: dict[str, Any], findings: Findings) -> None:
    """Demand a fullUrl of every resource in a bundle that is neither a request nor its response (R5: bdl-15).

    https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.fullUrl
    """
    entries = bundle.get("entry")
    if bundle.get("type") in _WITHOUT_FULL_URLS or type(entries) is not list:
        return
    for entry in entries:
        if type(entry) is dict and "resource" in entry and "fullUrl" not in entry and "_fullUrl" not in entry:
            findings.add(REQUIRED, f"`fullUrl` is required in a {bundle.get('type')} bundle", entry)


def check_contained_meta(contained: dict[str, Any], findings: Findings) -> None:
    """Check dom-4 and dom-5: what only a resource of its own can have."""
    meta = contained.get("meta")
    if type(meta) is not dict:
        return
    for key, name in (("dom-4", "versionId"), ("dom-4", "lastUpdated"), ("dom-5", "security")):
        if name in meta:
            findings.add(INVARIANT, f"{key}: a contained resource has no meta.{name}", meta, name)
