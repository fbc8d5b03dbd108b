"""One application of a definition to one subject: what it was given, what it made, what it has to say.

https://hl7.org/fhir/R5/plandefinition.html#12.23.4.3 and https://hl7.org/fhir/R4/operation-plandefinition-apply.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from fhir_service.errors import Invalid, Issue, Unprocessable
from fhir_service.releases import Release

Json = dict[str, Any]

# What `$apply` is told about the user and the place; expressions know them as `%userType` and so on.
CONTEXT_NAMES = ("userType", "userLanguage", "userTaskContext", "setting", "settingContext")
REFERENCE_NAMES = ("subject", "encounter", "practitioner", "organization")
_REFERRED = {
    "encounter": ("Encounter",),
    "practitioner": ("Practitioner", "PractitionerRole"),
    "organization": ("Organization",),
}  # whom a definition may be applied to, it says itself

MOST_STEPS = 2_000
"""Actions and requests that one application may make: nested plans can multiply without end."""

_REFERENCE = re.compile(
    r"(?:[a-z][a-z0-9+.-]*://\S+/)?([A-Z][A-Za-z]+)/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?"
)


def accept_everything(resource: Json) -> Sequence[Issue]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """What a definition is applied to, and where more can be found."""

    release: Release
    subject: str
    """A literal reference; so are the next three."""
    find: Callable[[str], Json | None]
    """The definition of a canonical `url|version`, or of a relative reference."""
    read: Callable[[str], Json | None]
    """The resource of a literal reference, when it is here."""
    new_id: Callable[[], str]
    """A UUID."""
    now: int
    """The moment that expressions know, in microseconds since 1970."""
    encounter: str = ""
    practitioner: str = ""
    organization: str = ""
    context: Mapping[str, Json] = field(default_factory=dict)
    """CodeableConcepts, by the names of CONTEXT_NAMES."""
    validate: Callable[[Json], Sequence[Issue]] = accept_everything
    """What is wrong with a finished result."""

    @cached_property
    def language(self) -> str:
        """The BCP 47 code of `userLanguage`, or nothing."""
        concept = self.context.get("userLanguage", {})
        for coding in concept.get("coding", ()):
            if coding.get("code"):
                return str(coding["code"])
        return str(concept.get("text", ""))

    @cached_property
    def subject_type(self) -> str:
        return self.type_of("subject")

    def type_of(self, name: str) -> str:
        """The resource type that one of the references names.

        :raises Invalid: it is no literal reference to a type that it may name
        """
        reference = getattr(self, name)
        match = _REFERENCE.fullmatch(reference)
        if match is None or match[1] not in self.release.resource_types:
            raise Invalid(
                f"`{name}` is `{reference}`; allowed is a reference such as `Patient/123`, with a resource "
                f"type of {self.release.label}.",
                issue_code="value",
                expression=(f"http.{name}",),
            )
        allowed = _REFERRED.get(name, (match[1],))
        if match[1] not in allowed:
            raise Invalid(
                f"`{name}` is a {match[1]}; allowed is a reference to a {' or '.join(allowed)}.",
                issue_code="value",
                expression=(f"http.{name}",),
            )
        return match[1]


class Application:
    """What grows while a definition is applied."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.release = inputs.release
        for name in REFERENCE_NAMES:
            if getattr(inputs, name):
                inputs.type_of(name)
        self.is_bundled = "RequestOrchestration" in inputs.release.resource_types
        """R5 returns the resources beside each other, R4 and R4B contained in a CarePlan."""
        self.produced: list[tuple[str, Json]] = []
        """(reference, resource), in the order they were begun."""
        self.notes: list[str] = []
        self._steps = 0

    def add(self, resource: Json) -> str:
        """Take in a resource that was made, finished or not, and return the reference to it."""
        if self.is_bundled:
            reference = f"urn:uuid:{self.inputs.new_id()}"
        else:
            name = resource["resourceType"].lower()
            same = sum(1 for _, other in self.produced if other["resourceType"].lower() == name)
            reference = f"#{name}-{same + 1}"
        self.produced.append((reference, resource))
        return reference

    def note(self, text: str) -> None:
        """Say in the result what a reader must know; once."""
        if text not in self.notes:
            self.notes.append(text)

    def step(self, where: str) -> None:
        """Count one action or request more.

        :raises Unprocessable: there are too many
        """
        self._steps += 1
        if self._steps > MOST_STEPS:
            raise Unprocessable(
                f"The definition leads to more than {MOST_STEPS} actions.",
                issue_code="too-costly",
                expression=(where,),
            )

    def refer(self, resource_type: str, elements: Iterable[str], names: Iterable[str]) -> Json:
        """The first of the elements that the type has, with the first of the references that fit it."""
        definition = self.release.type_definition(resource_type)
        for element in filter(None, map(definition.elements.get, elements)):
            for name in names:
                reference = getattr(self.inputs, name)
                if reference and (not element.targets or self._allows(element.targets, name)):
                    value = {"reference": reference}
                    return {element.name: [value] if element.repeats else value}
        return {}

    def subject_of(self, resource_type: str) -> Json:
        """The element that says whom a resource is about.

        :raises Unprocessable: the resource cannot be about such a subject
        """
        elements = ("subject", "patient", "for", "deliverFor", "deliverTo")
        found = self.refer(resource_type, elements, ("subject",))
        definition = self.release.type_definition(resource_type)
        present = next(filter(None, map(definition.elements.get, elements)), None)
        if not found and present is not None:
            raise Unprocessable(
                f"`subject` is a {self.inputs.subject_type}; a {resource_type} is about one of "
                f"{', '.join(present.targets)}.",
                issue_code="business-rule",
                expression=("http.subject",),
            )
        return found

    def _allows(self, targets: tuple[str, ...], name: str) -> bool:
        return "Resource" in targets or self.inputs.type_of(name) in targets


def canonical_of(definition: Json, container: Json | None = None) -> str | None:
    """`url|version`; of a contained definition, its container's with its id behind `#`."""
    if container is not None and "url" not in definition:
        outer = canonical_of(container)
        return f"{outer}#{definition['id']}" if outer else None
    url, version = definition.get("url"), definition.get("version")
    return f"{url}|{version}" if url and version else url


def name_of(definition: Json) -> str:
    """What messages call a definition."""
    name = canonical_of(definition) or definition.get("id") or definition.get("title") or "without a url"
    return f"{definition['resourceType']} {name}"


def describe_standing(definition: Json, application: Application) -> None:
    """Note a definition that is not in force: what comes of it is no advice."""
    standing = [definition.get("status")] if definition.get("status") != "active" else []
    if definition.get("experimental"):
        standing.append("experimental")
    if standing:
        words = " and ".join(map(str, standing))
        application.note(f"{name_of(definition)} is {words}: it is not in force.")


def require_subject_type(definition: Json, application: Application, where: str) -> None:
    """Refuse a definition that says it is for another type of subject.

    https://hl7.org/fhir/R4/plandefinition-definitions.html#PlanDefinition.subject_x_
    """
    if "subjectReference" in definition or "subjectCanonical" in definition:
        application.note(f"Whether the subject is one that {where}.subject means has not been checked.")
    codes = {coding.get("code") for coding in definition.get("subjectCodeableConcept", {}).get("coding", ())}
    types = codes & application.release.resource_types
    if types and application.inputs.subject_type not in types:
        raise Unprocessable(
            f"{where} is about a {' or '.join(sorted(types))}, and `subject` a "
            f"{application.inputs.subject_type}.",
            issue_code="business-rule",
            expression=(f"{where}.subject", "http.subject"),
        )


def refuse_unsupported(definition: Json, where: str) -> None:
    """Refuse what would change the meaning of the result and is not done here.

    :raises Unprocessable: a modifier extension, or a StructureMap
    """
    if "transform" in definition:
        raise unsupported(
            f"{where} is made by the StructureMap {definition['transform']}", f"{where}.transform"
        )
    _refuse_modifiers(definition, where)


def _refuse_modifiers(value: Any, where: str) -> None:
    if isinstance(value, list):
        for index, item in enumerate(value):
            _refuse_modifiers(item, f"{where}[{index}]")
    elif isinstance(value, dict):
        for name, child in value.items():
            if name == "modifierExtension":
                urls = ", ".join(str(one.get("url")) for one in child if isinstance(one, dict))
                raise unsupported(f"{where} has the modifier extension {urls}", f"{where}.{name}")
            if name not in ("contained", "action"):
                _refuse_modifiers(child, f"{where}.{name}")


def unsupported(what: str, where: str) -> Unprocessable:
    """What the definition asks for is not done here."""
    return Unprocessable(f"{what}, which is not supported.", issue_code="not-supported", expression=(where,))
