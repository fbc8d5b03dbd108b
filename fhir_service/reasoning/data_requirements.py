"""What a definition needs: data, parameters and other definitions, its own and those of what it depends on.

https://hl7.org/fhir/R4/plandefinition-operation-data-requirements.html and
https://hl7.org/fhir/uv/crmi/OperationDefinition-crmi-data-requirements.html

    1. every canonical that the definition holds (which elements those are, the release's definitions say),
       and the code systems of a value set; of related artifacts only what it depends on or is composed of
    2. the same for each of them that is here, once
    3. parameters of libraries; data requirements of libraries, of what actions take in, and of their triggers
    4. requirements that differ in `mustSupport` only become one

What is not here, or of another type, is listed as a dependency; the description says that its needs are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from fhir_service.errors import Unprocessable
from fhir_service.fhir.links import change_links
from fhir_service.reasoning.application import Json, name_of
from fhir_service.reasoning.narrative import paragraph, with_narrative
from fhir_service.releases import Release

MODULE_DEFINITION = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "module-definition"}]
}
FOLLOWED = ("Library", "PlanDefinition", "ActivityDefinition", "Questionnaire", "ValueSet")
"""The types whose own requirements count; a profile or a code system is needed as it is."""

MOST_DEFINITIONS = 500
_MOST_NAMED = 20

_NEEDED = ("depends-on", "composed-of")
_CORE_TYPE = "http://hl7.org/fhir/StructureDefinition/"

Find = Callable[[str], Json | None]


def data_requirements(definition: Json, find: Find, release: Release) -> Json:
    """The module definition of a definition: a Library that lists what it needs.

    :param find: the definition of a canonical, if it is of a type in FOLLOWED and is here
    :raises Unprocessable: it leads to too many definitions
    """
    gathered = _Gathered(find, release)
    gathered.take(definition)
    return _module(definition, gathered)


class _Gathered:
    def __init__(self, find: Find, release: Release) -> None:
        self._find = find
        self._release = release
        self._seen: set[str] = set()
        self.dependencies: dict[str, str | None] = {}
        """Canonical -> the title of what it names, if that is here."""
        self.not_followed: list[str] = []
        self.parameters: list[Json] = []
        self.requirements: list[Json] = []

    def take(self, definition: Json) -> None:
        """Take in what a definition needs, and what those definitions need."""
        open_ends = [definition]
        while open_ends:
            current = open_ends.pop(0)
            if name_of(current) in self._seen:
                continue
            self._seen.add(name_of(current))
            if len(self._seen) > MOST_DEFINITIONS:
                raise Unprocessable(
                    f"The definition depends on more than {MOST_DEFINITIONS} others.",
                    issue_code="too-costly",
                    expression=(definition["resourceType"],),
                )
            self._take_own(current)
            open_ends.extend(self._follow(current))

    def _take_own(self, definition: Json) -> None:
        for parameter in definition.get("parameter", ()) if definition["resourceType"] == "Library" else ():
            if parameter not in self.parameters:
                self.parameters.append(parameter)
        for requirement in _requirements(definition):
            _merge(requirement, self.requirements)

    def _follow(self, definition: Json) -> Iterator[Json]:
        code_systems = _code_systems(definition)
        for link in (*_links(definition, self._release), *code_systems):
            if link in self.dependencies:
                continue
            found = self._find(link)
            self.dependencies[link] = found.get("title", found.get("name")) if found else None
            if found is not None:
                yield found
            elif link not in code_systems:
                self.not_followed.append(link)


def _links(definition: Json, release: Release) -> list[str]:
    """The canonicals that a definition depends on, each once, in their order."""
    found: dict[str, None] = {}

    def collect(kind: str, link: str) -> str:
        is_core_type = link.removeprefix(_CORE_TYPE) in release.type_names
        if kind == "canonical" and not link.startswith("#") and not is_core_type:
            found[link] = None
        return link

    change_links(_dependent(definition), release, collect)
    return list(found)


def _code_systems(definition: Json) -> list[str]:
    """Those of a value set, whose `system` is a URI and no canonical."""
    compose = definition.get("compose", {}) if definition["resourceType"] == "ValueSet" else {}
    parts = [part for part in (*compose.get("include", ()), *compose.get("exclude", ())) if "system" in part]
    named = [f"{part['system']}|{part['version']}" if "version" in part else part["system"] for part in parts]
    return list(dict.fromkeys(named))


def _dependent(value: Any) -> Any:
    """The value without what it does not depend on: where it comes from, what it is like, how it is made."""
    if isinstance(value, list):
        return [_dependent(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, child in value.items():
        if name in ("meta", "text", "extension", "modifierExtension"):
            continue
        if name in ("relatedArtifact", "documentation"):
            child = [one for one in child if isinstance(one, dict) and one.get("type") in _NEEDED]
        kept[name] = _dependent(child)
    return kept


def _requirements(definition: Json) -> Iterator[Json]:
    if definition["resourceType"] == "Library":
        yield from definition.get("dataRequirement", ())
    for contained in definition.get("contained", ()):
        yield from _requirements(contained)
    yield from _of_actions(definition.get("action", ()))


def _of_actions(actions: Any) -> Iterator[Json]:
    for action in actions:
        for given in action.get("input", ()):
            requirement = given.get("requirement", given)  # R5 puts it one level deeper
            if "type" in requirement:
                yield requirement
        for trigger in action.get("trigger", ()):
            yield from trigger.get("data", ())
        yield from _of_actions(action.get("action", ()))


def _merge(requirement: Json, into: list[Json]) -> None:
    """Add a requirement, or what it must support to one that is otherwise the same."""
    for other in into:
        if _without_support(other) == _without_support(requirement):
            if "mustSupport" not in other or "mustSupport" not in requirement:
                other.pop("mustSupport", None)  # one of them wants everything
            else:
                other["mustSupport"] = list(dict.fromkeys(other["mustSupport"] + requirement["mustSupport"]))
            return
    into.append(dict(requirement))


def _without_support(requirement: Json) -> Json:
    return {name: value for name, value in requirement.items() if name not in ("mustSupport", "id")}


def _module(definition: Json, gathered: _Gathered) -> Json:
    name = name_of(definition)
    description = f"What {name} needs: data, parameters and other definitions."
    if unknown := gathered.not_followed:
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        description += f" Not listed is what these need: {', '.join(unknown[:_MOST_NAMED])}{more}."
    module: Json = {
        "resourceType": "Library",
        "name": f"{definition.get('name', '')}DataRequirements",
        "title": f"Data requirements of {definition.get('title', name)}",
        "status": definition.get("status", "unknown"),
        "type": MODULE_DEFINITION,
        "description": description,
    }
    for element in ("experimental", "subjectCodeableConcept", "subjectReference"):
        if element in definition and definition["resourceType"] != "Questionnaire":
            module[element] = definition[element]
    artifacts = [_depends_on(link, title) for link, title in gathered.dependencies.items()]
    for element, values in (
        ("relatedArtifact", artifacts),
        ("parameter", gathered.parameters),
        ("dataRequirement", gathered.requirements),
    ):
        if values:
            module[element] = values
    return with_narrative(module, [paragraph(module["title"]), paragraph(description)])


def _depends_on(link: str, title: str | None) -> Json:
    if ":" not in link:  # older definitions have relative references where a canonical belongs
        return {"type": "depends-on", "display": link}
    return {"type": "depends-on", **({"display": title} if title else {}), "resource": link}
