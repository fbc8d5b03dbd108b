"""$translate: what a code is called in another code system, by the concept maps that are here.

https://hl7.org/fhir/R4/conceptmap-operation-translate.html and
https://hl7.org/fhir/R5/conceptmap-operation-translate.html

R4 and R4B turn a map around with `reverse`, R5 with `targetCode` and its kin; R6 says `sourceSystem` for
`system`. All of them are taken everywhere, and answered in the words of the release.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fhir_service.exchange import Services
from fhir_service.fhir.canonicals import split_canonical
from fhir_service.operations.declaration import ANY, Input, Operation, Output
from fhir_service.operations.invocation import Invocation, Typed
from fhir_service.operations.terminology import (
    CONCEPT_MAP,
    ONLY_R5,
    TX_RESOURCE,
    coding_of,
    codings_of,
    one_of,
    resolver_of,
    subject_of,
)
from fhir_service.terminology.concept_map import Coded, ConceptMap
from fhir_service.terminology.resolver import Resolver
from fhir_service.terminology.translate import Asked, Match, Translation, texts_of, translate
from fhir_service.terminology.validate_code import Coding

_SOURCES = ("sourceCode", "sourceCoding", "sourceCodeableConcept")
_TARGETS = ("targetCode", "targetCoding", "targetCodeableConcept")


def handle(invocation: Invocation, services: Services) -> dict[str, Any]:
    resolver = resolver_of(invocation, services)
    asked = _asked(invocation)
    named: ConceptMap | None = subject_of(invocation, services, resolver, CONCEPT_MAP)
    maps = [named] if named is not None else _maps(asked, resolver)
    translation = translate(asked, maps, resolver)
    return invocation.parameters(
        {
            "result": translation.result,
            "message": _message(asked, translation),
            "match": [_match(one) for one in translation.matches],
        }
    )


def _maps(asked: Asked, resolver: Resolver) -> Sequence[ConceptMap]:
    found = [
        one
        for system in dict.fromkeys(one.system for one in asked.codings)
        for one in resolver.concept_maps(system, as_target=asked.against)
    ]
    return list({one.key: one for one in found}.values())


# What is asked


def _asked(invocation: Invocation) -> Asked:
    arguments = invocation.arguments
    name = one_of(invocation, (*_SOURCES, *_TARGETS))
    of_target = name in _TARGETS
    reverse = arguments.one("reverse") is True
    if of_target and reverse:
        raise invocation.refusal("reverse", f"`{name}` asks against the map's direction already.")
    scopes = arguments.one("sourceScope"), arguments.one("targetScope")
    scope, other_scope = reversed(scopes) if of_target else scopes
    system, other_system = arguments.one("system"), arguments.one("targetSystem")
    if of_target and other_system:
        # The system of the code that is sought from is the map's target here.
        system, other_system = other_system, system
    return Asked(
        codings=tuple(_codings(invocation, name, system)),
        against=of_target or reverse,
        scope=scope,
        other_scope=other_scope,
        other_system=other_system,
        dependencies=tuple(_dependencies(invocation)),
        turns_equivalence=invocation.release.name != "r5",
    )


def _codings(invocation: Invocation, name: str, system: str | None) -> Iterator[Coded]:
    arguments = invocation.arguments
    if name.endswith("CodeableConcept"):
        sent = codings_of(invocation, name)
    elif name.endswith("Coding"):
        sent = [coding_of(invocation, name)]
    else:
        sent = [Coding(arguments.one(name), system, arguments.one("version"))]
    with_system = [one for one in sent if one.system]
    if not with_system:
        missing = "system" if name.endswith("Code") else name
        raise invocation.refusal(missing, "the code has no system.", issue_code="required")
    for one in with_system:
        url, version = split_canonical(one.system or "")
        yield Coded(url, one.version or version, one.code, one.display)


def _dependencies(invocation: Invocation) -> Iterator[tuple[str, frozenset[str]]]:
    for parts in invocation.arguments.all("dependency"):
        value = parts.argument("value") or parts.argument("concept")
        if parts.one("attribute") and value is not None:
            yield parts.one("attribute"), texts_of(value.value)


# How it is told


def _message(asked: Asked, translation: Translation) -> str | None:
    said = []
    codes = ", ".join(f"`{one.system}|{one.code}`" for one in asked.codings)
    if not translation.maps:
        said.append(f"No concept map that is here leads {'to' if asked.against else 'from'} {codes}.")
    elif not translation.result:
        said.append(f"No mapping of {codes} was found.")
    if translation.withheld and asked.turns_equivalence:
        said.append(
            f"{translation.withheld} mapping(s) depend on something that was not said: send `dependency`."
        )
    return " ".join(said) or None


def _match(match: Match) -> dict[str, Any]:
    mapping = match.mapping
    return {
        "relationship": match.relation,
        "equivalence": match.relation,
        "concept": _coding(match.concept) if match.concept else None,
        "property": [_property(one, match.origin) for one in mapping.properties],
        "product": [_attribute(one, match.origin) for one in mapping.products],
        "dependsOn": [_attribute(one, match.origin) for one in mapping.depends_on],
        "originMap": match.origin.canonical or None,
    }


def _coding(concept: Coded) -> dict[str, Any]:
    parts = {
        "system": concept.system or None,
        "version": concept.version,
        "code": concept.code,
        "display": concept.display,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _attribute(held: dict[str, Any], origin: ConceptMap) -> dict[str, Any]:
    """R4: property, system, value, display; R5: attribute with a value of any type or a value set."""
    name = held.get("attribute") or held.get("property") or ""
    attribute = origin.attributes.get(name) or name
    parts: dict[str, Any] = {"attribute": attribute, "value": _typed(held)}
    if "property" in held:
        coding = {"system": held.get("system"), "code": held.get("value"), "display": held.get("display")}
        parts["concept"] = {key: value for key, value in coding.items() if value is not None}
        parts["value"] = None
    return parts


def _property(held: dict[str, Any], origin: ConceptMap) -> dict[str, Any]:
    return {"uri": origin.properties.get(held["code"]) or held["code"], "value": _typed(held)}


def _typed(held: dict[str, Any]) -> Typed | None:
    if "valueSet" in held:
        return Typed("canonical", held["valueSet"])
    for key, value in held.items():
        if key.startswith("value") and key != "value":
            kind = key.removeprefix("value")
            return Typed(kind if isinstance(value, dict) else kind[:1].lower() + kind[1:], value)
    return None


_ONLY_R4: dict[str, str | None] = {"r5": None}


def _renamed(name: str) -> dict[str, str | None]:
    return {"r4": name, "r4b": name}


def _attribute_parts(*, with_r4: bool) -> tuple[Output, ...]:
    value = Output("value", ANY, "Its value.", minimum=1, names=ONLY_R5)
    if not with_r4:
        return Output("attribute", "uri", "Which attribute it is.", minimum=1), value
    return (
        Output("attribute", "uri", "Which attribute it is.", minimum=1, names=_renamed("element")),
        value,
        Output("concept", "Coding", "Its value.", names=_ONLY_R4),
    )


OPERATION = Operation(
    code="translate",
    canonical="http://hl7.org/fhir/OperationDefinition/ConceptMap-translate",
    title="Translate a code",
    documentation=(
        "The codes that concept maps give for a code, in the direction of the map or (with `reverse`, or"
        " `targetCode` and its kin) against it. Without a concept map all that are here are asked. R4 and R4B"
        " tell how what is found relates to what was asked; R5 how the map's source relates to its target."
    ),
    levels=("type", "instance"),
    types=("ConceptMap",),
    handle=handle,
    inputs=(
        Input("url", "uri", "The concept map; without it, all that fit.", levels=("type",)),
        Input("conceptMap", "ConceptMap", "The concept map itself.", levels=("type",)),
        Input("conceptMapVersion", "string", "Its version; without it, the latest.", levels=("type",)),
        Input("sourceCode", "code", "The code; it needs `system` too.", names=_renamed("code")),
        Input("system", "uri", "The code system of the code.", also=("sourceSystem",)),
        Input("version", "string", "Its version.", also=("sourceVersion",)),
        Input(
            "sourceScope", "uri", "The value set from which the code was chosen.", names=_renamed("source")
        ),
        Input("sourceCoding", "Coding", "The code with its system.", names=_renamed("coding")),
        Input(
            "sourceCodeableConcept",
            "CodeableConcept",
            "A concept, each code of which is translated.",
            names=_renamed("codeableConcept"),
        ),
        Input("targetCode", "code", "A code to which maps lead; the answer is from where.", names=ONLY_R5),
        Input("targetCoding", "Coding", "The same with its system.", names=ONLY_R5),
        Input("targetCodeableConcept", "CodeableConcept", "The same for each of its codes.", names=ONLY_R5),
        Input("targetScope", "uri", "The value set in which a code is sought.", names=_renamed("target")),
        Input(
            "targetSystem",
            "uri",
            "The code system in which a code is sought.",
            names=_renamed("targetsystem"),
        ),
        Input(
            "dependency",
            "",
            "Something else that is known, on which a mapping may depend.",
            maximum=None,
            parts=(
                Input("attribute", "uri", "What is known.", names=_renamed("element")),
                Input("value", ANY, "Its value.", names=ONLY_R5),
                Input("concept", "CodeableConcept", "Its value.", names=_ONLY_R4),
            ),
        ),
        Input("reverse", "boolean", "true: ask against the direction of the map.", names=_ONLY_R4),
        TX_RESOURCE,
    ),
    outputs=(
        Output("result", "boolean", "Whether there is a code that means it.", minimum=1),
        Output("message", "string", "Why there is none, or what else there is to say."),
        Output(
            "match",
            "",
            "A code, or that there is none.",
            maximum=None,
            parts=(
                Output("relationship", "code", "How the source relates to the target.", names=ONLY_R5),
                Output("equivalence", "code", "How what is found relates to what was asked.", names=_ONLY_R4),
                Output("concept", "Coding", "The code."),
                Output(
                    "property",
                    "",
                    "A property of the mapping.",
                    maximum=None,
                    names=ONLY_R5,
                    parts=(
                        Output("uri", "uri", "Which property it is.", minimum=1),
                        Output("value", ANY, "Its value.", minimum=1),
                    ),
                ),
                Output(
                    "product",
                    "",
                    "What else follows from the mapping.",
                    maximum=None,
                    parts=_attribute_parts(with_r4=True),
                ),
                Output(
                    "dependsOn",
                    "",
                    "What the mapping depends on.",
                    maximum=None,
                    names=ONLY_R5,
                    parts=_attribute_parts(with_r4=False),
                ),
                Output("originMap", "uri", "The concept map that says so.", names=_renamed("source")),
            ),
        ),
    ),
    failures=(410,),
)
