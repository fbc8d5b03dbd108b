"""Every link of a resource changed: references, URLs of any type, and the links of narratives.

https://hl7.org/fhir/R4/http.html#trules

Which strings are links is decided by the definitions: an identifier may well hold `urn:uuid:...` and mean it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from html import escape, unescape
from typing import Any

from fhir_service.fhir.definitions import Definitions

Change = Callable[[str, str], str]
"""(kind, link) -> the link to put there; the kind is reference, canonical, url or narrative."""

_KINDS = {"canonical": "canonical"} | dict.fromkeys(("uri", "url", "oid", "uuid"), "url")
_TAG = re.compile(r"""<[a-zA-Z](?:[^<>"']|"[^"]*"|'[^']*')*>""")
_NARRATIVE_LINK = re.compile(r"""\b(href|src)(\s*=\s*)("[^"]*"|'[^']*')""")


def change_links(resource: dict[str, Any], schema: Definitions, change: Change) -> dict[str, Any]:
    """A copy of the resource with changed links; a Bundle's entries are a world of their own and stay."""
    return _Walk(schema, change).resource(resource)


@cache
def _kinds(schema: Definitions, type_name: str) -> dict[str, str]:
    """The JSON names of a type whose values are links or may hold some, each with the type it holds."""
    found = {name: kind for name, (_, kind) in schema.type_definition(type_name).json_names.items()}
    if type_name == "Reference":
        found["reference"] = "reference"
    links = {*_KINDS, "reference", "xhtml"}
    return {name: kind for name, kind in found.items() if kind in links or not kind[0].islower()}


class _Walk:
    def __init__(self, schema: Definitions, change: Change) -> None:
        self._schema = schema
        self._change = change

    def resource(self, resource: dict[str, Any]) -> dict[str, Any]:
        type_name = resource.get("resourceType")
        if not isinstance(type_name, str) or type_name == "Bundle":
            return resource
        return self._object(resource, type_name)

    def _object(self, value: dict[str, Any], type_name: str) -> dict[str, Any]:
        try:
            kinds = _kinds(self._schema, type_name)
        except KeyError:
            return value  # no such type: the gate will say so
        changed = {}
        for name, child in value.items():
            kind = kinds.get(name)
            if kind is not None:
                changed[name] = self._each(child, kind)
            elif name.startswith("_"):
                changed[name] = self._each(child, "Element")
            else:
                changed[name] = child
        return changed

    def _each(self, value: Any, kind: str) -> Any:
        if isinstance(value, list):
            return [self._each(item, kind) for item in value]
        if isinstance(value, dict):
            return self.resource(value) if "resourceType" in value else self._object(value, kind)
        if not isinstance(value, str):
            return value
        if kind == "reference":
            return self._change(kind, value)
        if kind == "xhtml":
            return _TAG.sub(lambda tag: _NARRATIVE_LINK.sub(self._narrative_link, tag[0]), value)
        return self._change(_KINDS[kind], value) if kind in _KINDS else value

    def _narrative_link(self, found: re.Match[str]) -> str:
        name, equals, quoted = found.groups()
        link = unescape(quoted[1:-1])
        changed = self._change("narrative", link)
        return found[0] if changed == link else f'{name}{equals}"{escape(changed)}"'
