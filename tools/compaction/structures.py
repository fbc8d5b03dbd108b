"""Types, elements and invariants out of StructureDefinition snapshots.

https://hl7.org/fhir/R4/structuredefinition.html and https://hl7.org/fhir/R4/elementdefinition.html
"""

from __future__ import annotations

from typing import Any

from .packages import Resource

SPEC = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = SPEC + "structuredefinition-fhir-type"
REGEX = SPEC + "regex"
HIERARCHY = SPEC + "structuredefinition-hierarchy"
SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"
KINDS = ("resource", "complex-type", "primitive-type")

Row = dict[str, Any]
Types = dict[str, Row]


def spec_structures(resources: list[Resource]) -> list[Resource]:
    """Return the structures that define a type (not the profiles and logical models beside them)."""
    return [
        resource
        for resource in resources
        if resource["resourceType"] == "StructureDefinition"
        and resource["kind"] in KINDS
        and resource.get("derivation") != "constraint"
        and resource["url"] == SPEC + resource["type"]
    ]


def compact_types(structures: list[Resource]) -> Types:
    """Return every type and backbone path with its own elements, in the order of the specification."""
    types: Types = {}
    for structure in structures:
        types.update(_types_of(structure))
    return {name: _without_inherited(name, types) for name in sorted(types)}


def compact_invariants(structures: list[Resource]) -> dict[str, list[list[str]]]:
    """Return [key, severity, expression, human] per element path, each where it is first declared."""
    declared: dict[str, dict[str, Row]] = {}
    repeated_from: dict[str, list[str]] = {}
    for structure in structures:
        root = structure["type"]
        for element in structure["snapshot"]["element"]:
            path = element["path"]
            declared[path] = {row["key"]: row for row in element.get("constraint", []) if "expression" in row}
            base = _tail(structure.get("baseDefinition", "")) + path.removeprefix(root)
            reused = element.get("contentReference", "").rpartition("#")[2]
            repeated_from[path] = [base, reused, *(_tail(kind["code"]) for kind in element.get("type", []))]
    result = {}
    for path in sorted(declared):
        # Snapshots repeat what the element's type (ele-1, ext-1 ...) and the base type's same element say.
        elsewhere = {key for source in repeated_from[path] for key in declared.get(source, {})}
        rows = [row for key, row in declared[path].items() if key not in elsewhere]
        if rows:
            result[path] = [[row["key"], row["severity"], row["expression"], row["human"]] for row in rows]
    return result


def _types_of(structure: Resource) -> Types:
    root = structure["type"]
    elements = structure["snapshot"]["element"]
    parents = {element["path"].rpartition(".")[0] for element in elements}
    types: Types = {root: _type_row(structure)}
    for element in elements[1:]:
        path = element["path"]
        parent, _, name = path.rpartition(".")
        if structure["kind"] == "primitive-type" and name == "value":
            types[root].update(_primitive_format(element))
            continue
        if path in parents:
            types[path] = {"kind": "backbone", "base": element["type"][0]["code"], "elements": {}}
        row = _element_row(element, path in parents)
        if structure["kind"] == "resource" and path == f"{root}.id":
            row["types"] = [
                "id"
            ]  # R4, and some types of R4B, say `string` against the text of the specification.
        types[parent]["elements"][name.removesuffix("[x]")] = row
    return types


def _type_row(structure: Resource) -> Row:
    row: Row = {"kind": structure["kind"], "base": _tail(structure.get("baseDefinition", "")) or None}
    if structure["abstract"]:
        row["abstract"] = True
    row["elements"] = {}
    return row


def _primitive_format(element: Row) -> Row:
    found = _extension(element["type"][0], REGEX)
    return {"regex": found} if found else {}


def _element_row(element: Row, has_children: bool) -> Row:
    path = element["path"]
    row: Row = {}
    if "contentReference" in element:
        row["types"] = [element["contentReference"].rpartition("#")[2]]
        row["reuses"] = True
    elif has_children:
        row["types"] = [path]
    else:
        row["types"] = [_type_code(kind) for kind in element["type"]]
    if path.endswith("[x]"):
        row["choice"] = True
    if element["min"]:
        row["min"] = element["min"]
    if element["max"] != "1":
        row["max"] = None if element["max"] == "*" else int(element["max"])
    if element.get("isSummary"):
        row["summary"] = True
    if element.get("isModifier"):
        row["modifier"] = True
    row.update(_binding(element))
    row.update(_targets(element))
    if any(_is_hierarchy(kind) for kind in element.get("type", [])):
        row["hierarchy"] = True
    if "xmlAttr" in element.get("representation", []):
        row["xml"] = "attribute"
    return row


def _type_code(kind: Row) -> str:
    return _extension(kind, FHIR_TYPE) or _tail(kind["code"]).replace(SYSTEM_STRING, "string")


def _binding(element: Row) -> Row:
    binding = element.get("binding", {})
    if "valueSet" not in binding or binding["strength"] == "example":
        return {}
    return {"binding": [binding["strength"], binding["valueSet"].partition("|")[0]]}


def _targets(element: Row) -> Row:
    row: Row = {}
    for kind in element.get("type", []):
        profiles = [_tail(profile) for profile in kind.get("targetProfile", [])]
        if profiles:
            key = "canonicals" if kind["code"] == "canonical" else "targets"
            row[key] = sorted({*row.get(key, []), *profiles})
    return row


def _is_hierarchy(kind: Row) -> bool:
    """Whether such references never lead back to where they began; also said of what may, as `false`."""
    return any(row["url"] == HIERARCHY and row["valueBoolean"] for row in kind.get("extension", []))


def _without_inherited(name: str, types: Types) -> Row:
    """Leave out the elements that are the base type's; the rest laid over the base's keep the order."""
    own = types[name]
    elements = own["elements"]
    ancestor = own["base"]
    while ancestor:
        inherited = types[ancestor]["elements"]
        if inherited and list(elements)[: len(inherited)] == list(inherited):
            rest = {key: row for key, row in elements.items() if row != inherited.get(key)}
            extra = {} if ancestor == own["base"] else {"inherits": ancestor}
            return {**own, **extra, "elements": rest}
        ancestor = types[ancestor]["base"]
    return {**own, "inherits": None} if own["base"] else own


def _extension(owner: Row, url: str) -> str | None:
    for extension in owner.get("extension", []):
        if extension["url"] == url:
            return str(extension.get("valueUrl") or extension.get("valueUri") or extension.get("valueString"))
    return None


def _tail(url: str) -> str:
    return url.removeprefix(SPEC)
