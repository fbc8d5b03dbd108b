"""The names that the parts of a topic may refer to each other by, and the ids that are used twice.

https://hl7.org/fhir/R4/resource.html#id

Collected from the raw source before its schema is checked, so that one run reports wrong fields and broken
references together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .finding import Finding
from .tables import CodeTable
from .topic import Text
from .yaml_lines import LineDict, LineList

ID_LISTS = (
    "indications",
    "terms",
    "symptoms",
    "groups",
    "side_effects",
    "warnings",
    "premedications",
    "key_points",
)
"""The lists of topic.yaml whose items have an id."""

_CONCEPT_LISTS = ("terms", "symptoms", "groups")


@dataclass(frozen=True)
class Names:
    """What a reference, a fact id or a code in a source is checked against."""

    codes: CodeTable
    facts: frozenset[str] = frozenset()
    windows: frozenset[str] = frozenset()
    subtopics: frozenset[str] = frozenset()
    ids: Mapping[str, frozenset[str]] | None = None
    """kind (`symptoms`, `sections`, `actions` ...) -> the ids of that kind"""
    local_system: str = ""
    """canonical URL of the topic's own CodeSystem"""

    def of(self, kind: str) -> frozenset[str]:
        if kind == "windows":
            return self.windows
        if kind == "subtopics":
            return self.subtopics
        return (self.ids or {}).get(kind, frozenset())


def collect_ids(raw: LineDict, text: Text, file: str, findings: list[Finding]) -> dict[str, frozenset[str]]:
    """kind -> ids. An id that is used twice is a finding."""
    ids = {kind: _ids_of(_items(raw.get(kind)), file, findings) for kind in ID_LISTS}
    plan = raw.get("plan")
    actions = list(_actions(plan)) if isinstance(plan, LineDict) else []
    ids["actions"] = _ids_of(actions, file, findings)
    ids["sections"] = frozenset(section.code for section in text.walk())
    ids["local"] = _local_codes(raw, actions, ids["sections"], file, findings)
    return ids


def _ids_of(items: list[LineDict], file: str, findings: list[Finding]) -> frozenset[str]:
    lines: dict[str, int] = {}
    for item in items:
        item_id, line = str(item.get("id", "")), item.key_lines.get("id", item.line)
        if item_id and item_id in lines:
            message = f"duplicate id `{item_id}`; the first one is on line {lines[item_id]}, allowed: once"
            findings.append(Finding(file, line, message))
        lines.setdefault(item_id, line)
    return frozenset(lines) - {""}


def _local_codes(
    raw: LineDict, actions: list[LineDict], sections: frozenset[str], file: str, findings: list[Finding]
) -> frozenset[str]:
    """The codes of the topic's own CodeSystem; two kinds of concepts may not share one."""
    owners = dict.fromkeys(sections, "a section of the text")
    for kind, item, key in _concepts(raw, actions):
        code = str(item.get(key, ""))
        if owners.get(code, kind) != kind:
            message = f"duplicate id `{code}`: {owners[code]} has this code too; allowed: a code of its own"
            findings.append(Finding(file, item.key_lines.get(key, item.line), message))
        if code:
            owners.setdefault(code, kind)
    return frozenset(owners)


def _concepts(raw: LineDict, actions: list[LineDict]) -> Iterator[tuple[str, LineDict, str]]:
    for kind in _CONCEPT_LISTS:
        for item in _items(raw.get(kind)):
            yield f"one of the {kind}", item, "id"
    for name in ("mechanism", "any_side_effect"):
        if isinstance(raw.get(name), LineDict):
            yield f"`{name}`", raw[name], "id"
    for action in actions:
        yield "an action of the plan", action, "id"
    for warning in _items(raw.get("warnings")):
        yield "a warning", warning, "code"


def _actions(node: LineDict) -> Iterator[LineDict]:
    for action in _items(node.get("actions")):
        yield action
        yield from _actions(action)


def _items(node: Any) -> list[LineDict]:
    return [item for item in node if isinstance(item, LineDict)] if isinstance(node, LineList) else []
