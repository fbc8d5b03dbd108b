"""What the terminology operations share: which resource is meant, which code, and how a verdict is told.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fhir_service.errors import Gone, Invalid, NotFound
from fhir_service.exchange import Services
from fhir_service.fhir.canonicals import join_canonical, split_canonical
from fhir_service.fhir.outcome import outcome
from fhir_service.formats import fhir_json
from fhir_service.operations.declaration import Input, Output
from fhir_service.operations.invocation import Invocation
from fhir_service.stored_terminology import StoredTerminology
from fhir_service.terminology.code_system import CodeSystem, compile_code_system
from fhir_service.terminology.concept_map import ConceptMap, compile_concept_map
from fhir_service.terminology.designations import languages_of
from fhir_service.terminology.resolver import Kept, Resolver
from fhir_service.terminology.validate_code import Coding, Verdict, any_of
from fhir_service.terminology.value_set import ValueSet, compile_value_set

ONLY_R5: Mapping[str, str | None] = {"r4": None, "r4b": None}

DATE = Input(
    "date",
    "dateTime",
    "Content is kept as it is now, not as it was at another time.",
    supported=False,
)
DISPLAY_LANGUAGE = Input("displayLanguage", "code", "The language of displays, as de-CH.")
USE_SUPPLEMENT = Input(
    "useSupplement",
    "canonical",
    "A supplement that must be taken into account.",
    maximum=None,
    names=ONLY_R5,
)
TX_RESOURCE = Input(
    "tx-resource",
    "Resource",
    "A code system, value set or concept map to be used in this request as if it were stored here.",
    maximum=None,
    names={"r4": None, "r4b": None, "r5": None},
)
WHICH_VALUE_SET = (
    Input("url", "uri", "The value set.", levels=("type",)),
    Input("valueSet", "ValueSet", "The value set itself.", levels=("type",)),
    Input(
        "valueSetVersion", "string", "The version of the value set; without it, the latest.", levels=("type",)
    ),
)
# Beside `code` and where its system is said, of which each operation has its own.
WHICH_CODE = (
    Input("display", "string", "The display of `code`, to be validated too."),
    Input("coding", "Coding", "The code with its system."),
    Input("codeableConcept", "CodeableConcept", "A concept, of which one code must be valid."),
)
ABSTRACT = Input("abstract", "boolean", "false: a code that only groups others is not valid.")
VERDICT = (
    Output("result", "boolean", "Whether it is valid.", minimum=1),
    Output("message", "string", "What is wrong, or what else there is to say."),
    Output("display", "string", "The display of the concept."),
    Output("code", "code", "The code that was validated.", names=ONLY_R5),
    Output("system", "uri", "Its code system.", names=ONLY_R5),
    Output("version", "string", "The version of the code system.", names=ONLY_R5),
    Output("codeableConcept", "CodeableConcept", "The concept that was validated.", names=ONLY_R5),
    Output("issues", "OperationOutcome", "Each thing that is wrong, with its place.", names=ONLY_R5),
    Output(
        "x-caused-by-unknown-system",
        "canonical",
        "The code system that is not known here, without which nothing can be said.",
    ),
)


# Which resource


class Supplied:
    """A resolver that knows what a request brings along, before what is stored."""

    def __init__(self, stored: Resolver, resources: Sequence[dict[str, Any]]) -> None:
        self._stored = stored
        self._systems = [
            compile_code_system(one, sent_key(one))
            for one in resources
            if one["resourceType"] == "CodeSystem"
        ]
        self._value_sets = [
            compile_value_set(one, sent_key(one)) for one in resources if one["resourceType"] == "ValueSet"
        ]
        self._maps = [
            compile_concept_map(one, sent_key(one))
            for one in resources
            if one["resourceType"] == "ConceptMap"
        ]

    def code_system(self, url: str, version: str | None = None) -> CodeSystem | None:
        return _fitting(self._systems, url, version) or self._stored.code_system(url, version)

    def value_set(self, url: str, version: str | None = None) -> ValueSet | None:
        return _fitting(self._value_sets, url, version) or self._stored.value_set(url, version)

    def concept_map(self, url: str, version: str | None = None) -> ConceptMap | None:
        return _fitting(self._maps, url, version) or self._stored.concept_map(url, version)

    def concept_maps(self, system: str, *, as_target: bool) -> Sequence[ConceptMap]:
        sent = [
            one
            for one in self._maps
            if any((group.target if as_target else group.source) == system for group in one.groups)
        ]
        return [*sent, *self._stored.concept_maps(system, as_target=as_target)]

    def kept(self, key: Any, weight: Callable[[Kept], int], make: Callable[[], Kept]) -> Kept:
        return make()  # what is sent along is for one request


def sent_key(resource: dict[str, Any]) -> str:
    """What was sent has no version id: it is known by its content."""
    return hashlib.blake2b(fhir_json.dump(resource), digest_size=16).hexdigest()


def _fitting(held: Sequence[Any], url: str, version: str | None) -> Any:
    return next((one for one in held if one.url == url and version in (None, one.version)), None)


def resolver_of(invocation: Invocation, services: Services) -> Resolver:
    """What the operation may look into: the store, and what the request brings along."""
    stored = stored_terminology(invocation, services)
    sent = invocation.arguments.all("tx-resource")
    for one in sent:
        if one["resourceType"] not in ("CodeSystem", "ValueSet", "ConceptMap"):
            raise invocation.refusal("tx-resource", f"a {one['resourceType']} is no terminology.")
    return Supplied(stored, sent) if sent else stored


def stored_terminology(invocation: Invocation, services: Services) -> StoredTerminology:
    return StoredTerminology(
        services.store, invocation.release.name, invocation.readable, services.terminology
    )


@dataclass(frozen=True, slots=True)
class Subject:
    """How the resource that an operation is about can be named: its type, and its parameters."""

    type_name: str
    sent: str
    version: str
    compile: Callable[[dict[str, Any], str], Any]


CODE_SYSTEM = Subject("CodeSystem", "codeSystem", "version", compile_code_system)
VALUE_SET = Subject("ValueSet", "valueSet", "valueSetVersion", compile_value_set)
CONCEPT_MAP = Subject("ConceptMap", "conceptMap", "conceptMapVersion", compile_concept_map)


def subject_of(invocation: Invocation, services: Services, resolver: Resolver, subject: Subject) -> Any:
    """The compiled resource that the path, `url` or the body names; None when nothing names one.

    :raises NotFound: there is none of that name
    :raises Invalid: it is named in several ways
    """
    arguments = invocation.arguments
    if invocation.level == "instance":
        return _of_path(invocation, services, subject)
    named = [name for name in ("url", subject.sent) if name in arguments]
    if len(named) > 1:
        raise invocation.refusal(
            named[1], f"`{invocation.name('url')}` names the {subject.type_name} already."
        )
    if subject.sent in arguments:
        sent = arguments.one(subject.sent)
        return subject.compile(sent, sent_key(sent))
    if "url" not in arguments:
        return None
    url, version = split_canonical(arguments.one("url"))
    wanted = arguments.one(subject.version)
    if version and wanted and version != wanted:
        raise invocation.refusal(subject.version, f"`url` asks for version `{version}`.")
    find = {
        "CodeSystem": resolver.code_system,
        "ValueSet": resolver.value_set,
        "ConceptMap": resolver.concept_map,
    }[subject.type_name]
    found = find(url, version or wanted)
    if found is None and subject.type_name != "CodeSystem":
        raise invocation.refusal(
            "url",
            f"the {subject.type_name} `{join_canonical(url, version or wanted)}` is not known here.",
            issue_code="not-found",
            error=NotFound,
        )
    return found


def _of_path(invocation: Invocation, services: Services, subject: Subject) -> Any:
    request = invocation.request
    found = stored_terminology(invocation, services).read(subject.type_name, request.logical_id)
    if found is not None:
        return found
    name = f"{subject.type_name}/{request.logical_id}"
    held = services.store.read(invocation.release.name, subject.type_name, request.logical_id)
    if held is not None and held.is_deleted:
        raise Gone(f"Resource `{name}` was deleted.")
    raise NotFound(f"Resource `{name}` is not known.")


# Which code


def one_of(invocation: Invocation, names: Sequence[str]) -> str:
    """The one of the parameters that was given.

    :raises Invalid: none was, or several were
    """
    given = [name for name in names if name in invocation.arguments]
    listed = ", ".join(f"`{invocation.name(name)}`" for name in names)
    if not given:
        raise invocation.refusal(names[0], f"one of {listed} is needed.", issue_code="required")
    if len(given) > 1:
        raise invocation.refusal(given[1], f"only one of {listed} may be given.")
    return given[0]


def coding_of(
    invocation: Invocation, name: str, value: Mapping[str, Any] | None = None, path: str = ""
) -> Coding:
    """A Coding that was sent; :raises Invalid: it has no code."""
    sent = invocation.arguments.one(name) if value is None else value
    if not sent.get("code"):
        raise invocation.refusal(name, "the coding has no code.", issue_code="required")
    return Coding(sent["code"], sent.get("system"), sent.get("version"), sent.get("display"), path)


def codings_of(invocation: Invocation, name: str) -> list[Coding]:
    """Those of a CodeableConcept that was sent.

    :raises Invalid: it has none
    """
    listed = invocation.arguments.one(name).get("coding", [])
    if not listed:
        raise invocation.refusal(name, "it has no coding.", issue_code="required")
    return [
        coding_of(invocation, name, one, f"CodeableConcept.coding[{place}]")
        for place, one in enumerate(listed)
    ]


def languages(invocation: Invocation) -> tuple[str, ...]:
    return languages_of(invocation.arguments.one("displayLanguage") or "")


def supplements(invocation: Invocation) -> tuple[str, ...]:
    return tuple(invocation.arguments.all("useSupplement"))


# How it is told


def verdict_parameters(
    invocation: Invocation, verdict: Verdict, concept: dict[str, Any] | None = None
) -> dict[str, Any]:
    return invocation.parameters(
        {
            "result": verdict.result,
            "message": verdict.message,
            "display": verdict.display,
            "code": verdict.code,
            "system": verdict.system or None,
            "version": verdict.version,
            "codeableConcept": concept,
            "issues": outcome(verdict.issues) if verdict.issues else None,
            "x-caused-by-unknown-system": verdict.unknown_system,
        }
    )


def judged(
    invocation: Invocation, codings: Sequence[Coding], judge: Callable[[Coding], Verdict], name: str
) -> dict[str, Any]:
    """The verdict on the code, the coding or the concept that was sent as `name`."""
    verdicts = [judge(one) for one in codings]
    if name != "codeableConcept":
        return verdict_parameters(invocation, verdicts[0])
    return verdict_parameters(invocation, any_of(verdicts), invocation.arguments.one(name))


def required(invocation: Invocation, name: str) -> Any:
    """:raises Invalid: the parameter was not given"""
    value = invocation.arguments.one(name)
    if value is None:
        raise invocation.refusal(name, "it is needed here.", issue_code="required", error=Invalid)
    return value
