"""The site's own codes: a ConceptMap from them to codes of the topics, read once at the start.

https://hl7.org/fhir/R4/conceptmap.html and https://hl7.org/fhir/R5/conceptmap.html

    a local code --equivalent--> a code that a topic is about, or one of its own    selects the topic
    a local code --equivalent--> a code that a topic mentions                       chooses the section

Only `equivalent` (R4 also `equal`) counts. A site's item that is narrower than an ingredient may be given
another way than the topic says, and one that is wider is more than the topic is about. A map that says more
than which code stands for which is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from fhir_service.content.topic import Coding, Topic
from fhir_service.errors import ServiceError
from fhir_service.finder import SiteCodes, codes_of
from fhir_service.formats import fhir_json
from fhir_service.releases import RELEASES
from fhir_service.releases.validator import validator
from fhir_service.settings import Settings, SettingsError

_SAME = {"equivalence": ("equivalent", "equal"), "relationship": ("equivalent",)}
"""R4's element, and R5's."""

_CONDITIONAL = ("dependsOn", "product", "valueSet", "modifierExtension")
"""What would make a target depend on more than the code."""

Json = dict[str, Any]


class _Refused(ValueError):
    """Why the file cannot be used."""


def read_site_codes(settings: Settings, topics: Iterable[Topic]) -> SiteCodes:
    """The site's codes that mean the same as one of the topics'; none where no file is set.

    :raises SettingsError: with the reason
    """
    if settings.site_codes is None:
        return {}
    try:
        return _checked(_codes(_read(Path(settings.site_codes))), codes_of(topics))
    except _Refused as error:
        raise SettingsError(f"FHIR_SERVICE_SITE_CODES={settings.site_codes}: {error}") from None


def _read(path: Path) -> Json:
    """A ConceptMap that is valid in R4 or in R5, told apart by the element that says how codes relate."""
    try:
        resource = fhir_json.parse(path.read_bytes())
    except (OSError, ServiceError) as error:
        raise _Refused(f"cannot be read ({error}); allowed: a ConceptMap in JSON") from None
    if resource.get("resourceType") != "ConceptMap":
        raise _Refused(f"is a {resource.get('resourceType')}; allowed: a ConceptMap")
    release = RELEASES["r5" if any("relationship" in target for *_, target in _rows(resource)) else "r4"]
    issues = [issue for issue in validator(release).validate(resource) if issue.severity == "error"]
    if issues:
        raise _Refused(f"is no ConceptMap of FHIR {release.label}: {issues[0].diagnostics}")
    return resource


def _codes(concept_map: Json) -> SiteCodes:
    codes: dict[tuple[str, str], tuple[Coding, ...]] = {}
    for group, element, target in _rows(concept_map):
        _require_plain(group, element, target)
        if any(target.get(name) in same for name, same in _SAME.items()):
            key = (_system(group, "source"), element["code"])
            codes[key] = (*codes.get(key, ()), Coding(_system(group, "target"), target["code"]))
    return codes


def _rows(concept_map: Json) -> Iterator[tuple[Json, Json, Json]]:
    """Group, element and target; lenient, for the release is known only afterwards."""
    for group in _objects(concept_map, "group"):
        for element in _objects(group, "element"):
            for target in _objects(element, "target"):
                yield group, element, target


def _objects(value: Json, name: str) -> list[Json]:
    found = value.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _require_plain(group: Json, element: Json, target: Json) -> None:
    for part in (group, element, target):
        for name in (*_CONDITIONAL, *(("unmapped",) if part is group else ())):
            if name in part:
                raise _Refused(f"uses `{name}`, which is not supported; allowed: codes that stand for codes")
    if "code" not in element or "code" not in target:
        raise _Refused("has an element or a target without `code`; allowed: a code for a code")


def _system(group: Json, name: str) -> str:
    """Without the business version, which a canonical may carry."""
    if name not in group:
        raise _Refused(f"has a group without `{name}`; allowed: the URI of its code system")
    return str(group[name]).partition("|")[0]


def _checked(codes: SiteCodes, known: frozenset[tuple[str, str]]) -> SiteCodes:
    """A map can neither give another role to a topic's own code nor lead nowhere."""
    for system, code in codes:
        if (system, code) in known:
            raise _Refused(f"maps {system}|{code}, whose role the topics say; allowed: the site's own codes")
    targets = {(coding.system, coding.code) for codings in codes.values() for coding in codings}
    if not targets & known:
        raise _Refused("has no `equivalent` target that is a code of a topic; allowed: at least one")
    return codes
