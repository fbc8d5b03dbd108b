"""References: what a profile lets them point to, by type, and by profile where the target is at hand.

https://hl7.org/fhir/R4/elementdefinition-definitions.html#ElementDefinition.type.targetProfile

At hand is what is contained in the resource and what stands in the same Bundle; nothing is fetched.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fhir_service.releases.validator.references import target_type

from .findings import ERROR, Findings
from .instance import Node
from .tree import core_type

if TYPE_CHECKING:
    from . import Profiles


def check_targets(
    node: Node, canonicals: tuple[str, ...], profiles: Profiles, findings: Findings, source: str
) -> None:
    """Refuse a reference whose target is none of those allowed."""
    reference = node.value.get("reference") if node.type == "CodeableReference" else node.value
    if type(reference) is not dict:
        return
    literal = reference.get("reference")
    target = node.resolve(literal) if type(literal) is str else None
    name = target.get("resourceType") if target is not None else target_type(reference)
    if type(name) is not str or name not in profiles.release.resource_types:
        return
    for canonical in canonicals:
        known = profiles.profile(canonical)
        wanted = core_type(canonical, profiles.release) or (known.type if known else None)
        if wanted is not None and not profiles.release.is_a(name, wanted):
            continue
        if target is None or known is None or known.accepts(Node(name, target, None, node, "resolve()")):
            return
    allowed = ", ".join(canonicals)
    what = "does not conform to one of" if target is not None else "may only be one of"
    findings.add(ERROR, "structure", f"it refers to a {name}, which {what}: {allowed}", node, source)
