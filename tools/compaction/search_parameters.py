"""Search parameters and compartments, and which of HL7's search parameters are left out.

https://hl7.org/fhir/R4/searchparameter.html and https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from typing import Any

from .packages import Resource

Row = dict[str, Any]

EXAMPLE = "an example of how a SearchParameter is written, not one of the specification's parameters"
EXTENSION = "belongs to an extension or profile that HL7 publishes beside the release, not to the release"
DUPLICATE_FILTER = "a second definition of _filter, published beside the release"


def reason_to_leave_out(resource: Resource) -> str | None:
    """Return why this SearchParameter is not one of the release's own, or nothing.

    R4's package proves the rule: it also holds the specification's own list (Bundle/searchParams, 1375
    entries), and what is left out here is exactly what is not in that list.
    """
    name: str = resource["id"]
    if name.startswith("example"):
        return EXAMPLE
    if "-extensions-" in name or "-genetic-" in name:
        return EXTENSION
    if name == "filter":
        return DUPLICATE_FILTER
    return None


def compact_search_parameters(
    resources: list[Resource], corrections: list[Row], types: set[str]
) -> tuple[list[Row], list[Row]]:
    """Return the release's parameters, and those left out with the reason, both in order of their URLs."""
    kept: list[Row] = []
    left_out: list[Row] = []
    pending = {row["url"]: row for row in corrections}
    for resource in sorted(resources, key=lambda found: str(found.get("url"))):
        if resource["resourceType"] != "SearchParameter":
            continue
        correction = pending.pop(resource["url"], {})
        reason = correction["reason"] if "drop" in correction else reason_to_leave_out(resource)
        dropped = resource.get("base", []) if reason else correction.get("not-for", [])
        if reason or dropped:
            row = {"url": resource["url"], "code": resource["code"], "base": dropped}
            left_out.append({**row, "reason": reason or correction["reason"]})
        if not reason:
            kept.append(_parameter_row(resource, correction, types))
    if pending:
        raise ValueError(f"corrections for search parameters that do not exist: {sorted(pending)}")
    return kept, left_out


def compact_compartments(resources: list[Resource]) -> Row:
    """Return compartment code -> resource type -> the search parameters that place a resource in it."""
    result: Row = {}
    for resource in resources:
        if resource["resourceType"] != "CompartmentDefinition" or resource["id"] == "example":
            continue
        members = {row["code"]: row["param"] for row in resource["resource"] if row.get("param")}
        result[resource["code"]] = {"url": resource["url"], "members": dict(sorted(members.items()))}
    return dict(sorted(result.items()))


def _parameter_row(resource: Resource, correction: Row, types: set[str]) -> Row:
    row: Row = {key: resource[key] for key in ("url", "code", "type")}
    row["base"] = sorted(set(resource["base"]) - set(correction.get("not-for", [])))
    expression = correction.get("expression", resource.get("expression"))
    if expression:
        wrong, right = correction.get("replace", ("", ""))
        if wrong not in expression:
            raise ValueError(f"the correction of {resource['url']} no longer fits")
        row["expression"] = " ".join((expression.replace(wrong, right) if wrong else expression).split())
    targets = set(resource.get("target", []))
    if targets:
        # "Any": HL7 writes out every type of the release but one or two.
        row["target"] = "*" if len(targets) > len(types) * 0.9 else sorted(targets)
    if "component" in resource:
        row["components"] = [
            {"definition": part["definition"], "expression": part["expression"]}
            for part in resource["component"]
        ]
    for key in ("comparator", "modifier", "multipleOr", "multipleAnd"):
        if key in resource:
            row[key] = resource[key]
    return row
