"""The part of openapi.yaml that describes the web pages.

https://spec.openapis.org/oas/v3.1.0
"""

from __future__ import annotations

from fhir_service.delivery.pages.feed import ATOM_TYPE
from fhir_service.delivery.pages.host_script import HOST_SCRIPT
from fhir_service.delivery.pages.parameters import THEMES

from .parts import Json, failures, get, in_path

Parameter = tuple[str, str, Json]

_HTML: Json = {"text/html": {"schema": {"type": "string"}}}
_LANG: Parameter = ("lang", "A BCP 47 language tag", {"type": "string"})
_SECTION: Parameter = ("section", "The code of a section of the topic's Composition", {"type": "string"})
_TOPIC: Parameter = ("topic", "The topic that the requests are about", {"type": "string"})
_THEME: Parameter = ("theme", "Its colours", {"type": "string", "enum": list(THEMES)})
_FAILURES = {
    "400": "A parameter cannot be read, or the host is not this service's address",
    "404": "There is no such page",
    "410": "The topic is retired; the page says what replaces it",
}


def paths() -> Json:
    """Every page; a failure at these addresses is a page too."""
    listed = [_LANG, _THEME]
    shown = [_LANG, _SECTION, _THEME]
    return {
        "/": _get("The topics", [], listed, _HTML, "400"),
        "/integrate": _get(
            "Each door, with requests for those who build portals", [], [_TOPIC, _THEME], _HTML, "400", "404"
        ),
        "/topics": _get("The topics", [], listed, _HTML, "400"),
        "/topics/feed": _get("What has changed and when, as Atom", [], [], {ATOM_TYPE: {}}, "400"),
        "/topics/{slug}": _get("The education page of a topic", ["slug"], shown, _HTML, *_FAILURES),
        "/topics/{slug}/v/{version}": _get(
            "What a version of the page said, for good", ["slug", "version"], [_LANG], _HTML, "400", "404"
        ),
        "/topics/{slug}/diary": _get(
            "The side effects as a form to fill in", ["slug"], listed, _HTML, *_FAILURES, is_kept=False
        ),
        "/embed/{slug}": _get("The education page for a frame", ["slug"], shown, _HTML, *_FAILURES),
        f"/embed/{HOST_SCRIPT}": _get(
            "Gives a frame the height of its page", [], [], {"text/javascript": {}}, "400"
        ),
    }


def _get(
    summary: str,
    named: list[str],
    asked: list[Parameter],
    content: Json,
    *statuses: str,
    is_kept: bool = True,
) -> Json:
    queries = [
        {"name": name, "in": "query", "description": text, "schema": schema} for name, text, schema in asked
    ]
    refused = failures({status: _FAILURES[status] for status in statuses}, _HTML)
    return get("pages", summary, content, refused, [*in_path(*named), *queries], is_kept=is_kept)
