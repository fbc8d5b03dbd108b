"""Every link of a resource changed: references, URLs of any type, and the links of narratives.

https://hl7.org/fhir/R4/http.html#trules

Which strings are links is decided by the definitions: an identifier may well hold `urn:uuid:...` and mean it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
            names = self._schema.type_definition(type_name).json_names
        except KeyError:
            return value  # no such type: the gate will say so
        changed = {}
        for name, child in value.items():
            if name.startswith("_"):
                changed[name] = self._each(child, "Element")
            elif name in names:
                is_reference = type_name == "Reference" and name == "reference"
                changed[name] = self._each(child, "reference" if is_reference else names[name][1])
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
