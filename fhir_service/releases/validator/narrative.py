"""What XHTML a narrative may hold: plain formatting, nothing active, nothing fetched from elsewhere.

https://hl7.org/fhir/R4/narrative.html#rules (invariants txt-1 and txt-2)

The list of elements and attributes is that of HL7's validator. Beyond it, as a page that shows narratives of
strangers must: no image from another host, no address but of the schemes below, no style that loads or runs.
"""

from __future__ import annotations

import re
from xml.parsers import expat

# fmt: off
_EVERYWHERE = frozenset((
    "title", "style", "class", "id", "lang", "xml:lang", "dir", "accesskey", "tabindex",
    "span", "width", "align", "valign", "char", "charoff", "abbr", "axis", "headers", "scope",
    "rowspan", "colspan",
))
ELEMENTS = frozenset((
    "p", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "a", "span", "b", "em", "i", "strong",
    "small", "big", "tt", "dfn", "q", "var", "abbr", "acronym", "cite", "blockquote", "hr", "address",
    "bdo", "kbd", "sub", "sup", "ul", "ol", "li", "dl", "dt", "dd", "pre", "table", "caption",
    "colgroup", "col", "thead", "tr", "tfoot", "tbody", "th", "td", "code", "samp", "img", "map",
    "area",
))
# fmt: on
_OWN = {
    "a": "href name charset type hreflang rel rev shape coords",
    "area": "shape coords href nohref alt",
    "blockquote": "cite",
    "div": "xmlns",
    "img": "src border alt longdesc height width usemap ismap",
    "map": "name",
    "pre": "space",
    "q": "cite",
    "table": "summary width border frame rules cellspacing cellpadding",
    "td": "nowrap",
}
ATTRIBUTES = {name: _EVERYWHERE | frozenset(_OWN.get(name, "").split()) for name in ELEMENTS}
SCHEMES = frozenset(("http", "https", "mailto", "tel", "sms", "ftp", "urn"))
NAMESPACE = "http://www.w3.org/1999/xhtml"
MAX_DEPTH = 100
MAX_PROBLEMS = 20

_ADDRESSES = frozenset(("href", "cite", "longdesc", "usemap"))
_WATCHED = _ADDRESSES | {"src", "style", "xmlns"}
# Browsers drop spaces and control characters before they read the scheme.
_IGNORED = re.compile("[\x00-\x20\x7f]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PICTURE = re.compile(r"data:image/(?:png|gif|jpeg|webp)[;,]", re.IGNORECASE)
_ACTIVE_STYLE = re.compile(
    r"url\s*\(|expression|javascript|@import|behaviou?r|-moz-binding|\\", re.IGNORECASE
)
_LOADED = re.compile(r"url\(\s*(['\"]?)([^'\"()]*)\1\s*\)", re.IGNORECASE)


class _Refused(Exception):
    """Parsing need not go on."""


def narrative_problems(div: str) -> list[tuple[str, str]]:
    """Return (invariant, message) for everything wrong with a narrative's `div`."""
    checker = _Checker()
    try:
        checker.parser.Parse(div.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        where = f"line {error.lineno}, column {error.offset + 1}"
        checker.problems.append(
            ("txt-1", f"not well-formed XHTML: {expat.ErrorString(error.code)} at {where}")
        )
    except _Refused:
        pass
    else:
        if not checker.has_content:
            checker.problems.append(("txt-2", "the narrative must have some content that is not whitespace"))
    return checker.problems


class _Checker:
    """The state of one parse."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []
        self.has_content = False
        self.depth = 0
        self.parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.ProcessingInstructionHandler = self._instruction

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.depth == 0:
            self._root(name, attributes)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self._refuse(f"elements are nested deeper than {MAX_DEPTH}")
        allowed = ATTRIBUTES.get(name)
        if allowed is None:
            self._add(f"element `{name}` is not allowed in a narrative")
            return
        if attributes:
            if not allowed.issuperset(attributes):
                for one in sorted(set(attributes) - allowed):
                    self._add(f"attribute `{one}` is not allowed on `{name}` in a narrative")
            if not _WATCHED.isdisjoint(attributes):
                self._watch(name, attributes)
        if name == "img":
            self.has_content = True

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        if name != "div":
            self._add(f"the narrative must be a `div`, not `{name}`")
        elif "xmlns" not in attributes:
            self._add(f"`div` must be in the namespace {NAMESPACE}")

    def _watch(self, name: str, attributes: dict[str, str]) -> None:
        for one, value in attributes.items():
            if one in _ADDRESSES and not _is_plain_address(value):
                self._add(f"`{one}` of `{name}` may only be relative or one of {', '.join(sorted(SCHEMES))}")
            elif one == "src" and not _is_own_picture(value):
                self._add("`src` of `img` may not be external: allowed are relative, `#id` and data:image")
            elif one == "style" and _is_active(value):
                self._add(f"`style` of `{name}` may not load or run anything")
            elif one == "xmlns" and name == "div" and value != NAMESPACE:
                self._add(f"`{name}` must be in the namespace {NAMESPACE}")

    def _end(self, name: str) -> None:
        self.depth -= 1

    def _text(self, data: str) -> None:
        if not self.has_content and data.strip(" \t\r\n"):
            self.has_content = True

    def _doctype(self, *_: object) -> None:
        self._refuse("a document type declaration is not allowed in a narrative")

    def _instruction(self, target: str, data: str) -> None:
        self._add(f"processing instruction `{target}` is not allowed in a narrative")

    def _refuse(self, message: str) -> None:
        self._add(message)
        raise _Refused

    def _add(self, message: str) -> None:
        if ("txt-1", message) not in self.problems:
            self.problems.append(("txt-1", message))
        if len(self.problems) >= MAX_PROBLEMS:
            raise _Refused


def _is_plain_address(value: str) -> bool:
    scheme = _SCHEME.match(_IGNORED.sub("", value))
    return scheme is None or scheme[1].lower() in SCHEMES


def _is_own_picture(value: str) -> bool:
    address = _IGNORED.sub("", value).replace("\\", "/")
    if address.startswith("//"):
        return False
    return _SCHEME.match(address) is None or _PICTURE.match(address) is not None


def _is_active(style: str) -> bool:
    """Whether a style runs or loads something; our own pictures may be loaded (HL7's trees are drawn so)."""
    rest = _LOADED.sub(lambda found: "" if _is_own_picture(found[2]) else found[0], style)
    return _ACTIVE_STYLE.search(rest) is not None
