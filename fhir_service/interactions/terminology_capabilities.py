"""The TerminologyCapabilities: which code systems are in the store, and what can be asked of them.

https://hl7.org/fhir/R4/terminologycapabilities.html and https://hl7.org/fhir/R4/http.html#capabilities

It is what `metadata?mode=terminology` answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

from fhir_service.exchange import Request, Services
from fhir_service.operations.routing import offered
from fhir_service.releases import Release
from fhir_service.stored_terminology import StoredTerminology
from fhir_service.terminology.code_system import CodeSystem
from fhir_service.version import NAME, RELEASED, VERSION

_TEXT_FILTER = "Every word of the filter begins a word of the code, its display or one of its designations."


def statement(request: Request, services: Services) -> dict[str, Any]:
    release = request.release
    stored = StoredTerminology(
        services.store, release.name, services.types[release.name], services.terminology
    )
    title = f"{NAME}, terminology in FHIR {release.label}"
    described = {
        "resourceType": "TerminologyCapabilities",
        "text": {"status": "generated", "div": _narrative(title)},
        "title": title,
        "status": "active",
        "date": RELEASED,
        "kind": "instance",
        "software": {"name": NAME, "version": VERSION},
        "implementation": {"description": title, "url": request.base},
        "codeSystem": list(_code_systems(stored, release)),
        "expansion": _expansion(services, release),
        # The codes that value sets list, and those of the expansions they carry, are what `code` searches.
        "codeSearch": "in-compose-or-expansion" if release.name == "r5" else "explicit",
        "validateCode": {"translations": False},
        "translation": {"needsMap": False},
    }
    return {name: value for name, value in described.items() if value not in ([], {})}


def _code_systems(stored: StoredTerminology, release: Release) -> Iterator[dict[str, Any]]:
    for url, versions in stored.code_systems().items():
        shown = [one for one in versions if release.name == "r5" or one.has_content]
        if not shown:
            continue
        default = shown[-1]
        described: dict[str, Any] = {"uri": url}
        numbered = [one for one in shown if one.version]
        if numbered:
            described["version"] = [_version(one, one is default) for one in numbered]
        if release.name == "r5":
            described["content"] = default.content
        described["subsumption"] = default.has_content and default.subsumes
        yield described


def _version(system: CodeSystem, is_default: bool) -> dict[str, Any]:
    described: dict[str, Any] = {"code": system.version, "isDefault": is_default}
    if system.language:
        described["language"] = [system.language]
    if system.properties:
        described["property"] = list(system.properties)
    return described


def _expansion(services: Services, release: Release) -> dict[str, Any]:
    expand = next((one for one in offered(services.interactions, "ValueSet") if one.code == "expand"), None)
    if expand is None:
        return {}
    return {
        "hierarchical": True,
        "paging": True,
        "incomplete": False,
        "parameter": [
            {"name": name, "documentation": one.documentation}
            for one in expand.inputs
            if one.supported and (name := one.name_in(release.name))
        ],
        "textFilter": _TEXT_FILTER,
    }


def _narrative(title: str) -> str:
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{escape(title)}</p></div>'
