"""What the client asked to get: format, FHIR release, and how strictly its parameters are read.

https://hl7.org/fhir/R4/http.html#mime-type and https://hl7.org/fhir/R4/http.html#version-parameter
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from fhir_service.errors import Invalid, NotAcceptable, UnsupportedMediaType
from fhir_service.fhir.media_types import is_utf8, split_media_type
from fhir_service.formats import FORMATS, Format
from fhir_service.releases import RELEASES, Release

ANYTHING = "*/*"
FORM = "application/x-www-form-urlencoded"

# A comma inside a quoted string separates nothing.
_RANGES = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_QUALITY = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One member of an Accept header."""

    type: str
    parameters: Mapping[str, str]
    quality: float

    @property
    def specificity(self) -> int:
        if self.type == ANYTHING:
            return 0
        return (1 if self.type.endswith("/*") else 2) + ("fhirversion" in self.parameters)

    def fits(self, media_type: str, release: Release) -> bool:
        asked = self.parameters.get("fhirversion")
        if asked is not None and asked not in (release.media_version, release.fhir_version):
            return False
        if self.type.endswith("/*"):
            return self.type == ANYTHING or media_type.startswith(self.type[:-1])
        return self.type == media_type


@dataclass(frozen=True, slots=True)
class Representation:
    """How the answer is written."""

    format: Format
    release: Release
    content_type: str


def _representation(
    format: Format, release: Release, media_type: str, names_version: bool = False
) -> Representation:
    version = f"; fhirVersion={release.media_version}" if names_version else ""
    return Representation(format, release, f"{media_type}; charset=utf-8{version}")


DEFAULTS: Mapping[str, Representation] = {
    release.name: _representation(FORMATS[0], release, FORMATS[0].MEDIA_TYPES[0])
    for release in RELEASES.values()
}
"""By release, what an answer looks like when nothing that the client wants can be offered."""


@lru_cache(maxsize=512)
def negotiate(accept: str, format_parameter: str | None, release_names: tuple[str, ...]) -> Representation:
    """The best of what is offered; `_format` overrides Accept. The first release is the default one.

    Raises NotAcceptable, which names what was asked and what is offered.
    """
    asked = _format_ranges(format_parameter) if format_parameter is not None else _accept_ranges(accept)
    releases = [RELEASES[name] for name in release_names]
    best: tuple[tuple[float, int, int], Representation] | None = None
    for release in releases:
        for format in FORMATS:
            for media_type in format.MEDIA_TYPES:
                found = _most_specific(asked, media_type, release)
                if found is None or asked[found].quality == 0:
                    continue
                chosen = asked[found]
                rank = (chosen.quality, chosen.specificity, -found)
                if best is None or rank > best[0]:
                    best = (
                        rank,
                        _representation(format, release, media_type, "fhirversion" in chosen.parameters),
                    )
    if best is None:
        raise NotAcceptable(
            _refusal(accept, format_parameter, releases),
            expression=("http._format" if format_parameter is not None else "http.Accept",),
        )
    return best[1]


def _most_specific(asked: Sequence[MediaRange], media_type: str, release: Release) -> int | None:
    """The range that decides about this offer (RFC 9110, section 12.5.1), as its place in the header."""
    fitting = [place for place, media_range in enumerate(asked) if media_range.fits(media_type, release)]
    return max(fitting, key=lambda place: (asked[place].specificity, -place), default=None)


def _accept_ranges(accept: str) -> list[MediaRange]:
    ranges = [_media_range(text) for text in _RANGES.findall(accept) if text.strip()]
    return ranges or [MediaRange(ANYTHING, {}, 1.0)]


def _media_range(text: str) -> MediaRange:
    media_type, parameters = split_media_type(text)
    quality = parameters.pop("q", "1")
    # A quality that makes no sense is as good as none: the client named the type.
    number = float(quality) if _QUALITY.fullmatch(quality) else 1.0
    return MediaRange(media_type, parameters, number)


def _format_ranges(text: str) -> list[MediaRange]:
    """`_format`: a short name or a media type, whose `+` a query string has turned into a space."""
    media_type, semicolon, parameters = text.strip().partition(";")
    media_type = media_type.strip().lower().replace(" ", "+")
    by_code = {format.CODE: format.MEDIA_TYPES[0] for format in FORMATS}
    return [_media_range(by_code.get(media_type, media_type or "-") + semicolon + parameters)]


def _refusal(accept: str, format_parameter: str | None, releases: Iterable[Release]) -> str:
    asked = f"_format={format_parameter}" if format_parameter is not None else f"Accept: {accept}"
    types = ", ".join(name for format in FORMATS for name in (*format.MEDIA_TYPES, f"_format={format.CODE}"))
    versions = ", ".join(f"{release.media_version} ({release.label})" for release in releases)
    return f"Nothing offered here fits `{asked}`; offered: {types}, with fhirVersion {versions}."


@dataclass(frozen=True, slots=True)
class Preferences:
    """What a Prefer header asks for, as far as it is known here."""

    lenient: bool
    """unknown parameters are ignored"""
    asynchronous: bool
    """the client asks for the answer later"""
    returns: str
    """what a write should answer: `minimal`, `representation`, `OperationOutcome`, or nothing said"""


@lru_cache(maxsize=64)
def preferences(prefer: str, default_handling: str) -> Preferences:
    """`Prefer: handling=...`, else the service's setting; `respond-async`; `return=...`."""
    asked = _preferences(prefer)
    handling = asked.get("handling")
    returns = {name.lower(): name for name in ("minimal", "representation", "OperationOutcome")}
    return Preferences(
        lenient=(handling if handling in ("strict", "lenient") else default_handling) == "lenient",
        asynchronous="respond-async" in asked,
        returns=returns.get(asked.get("return", ""), ""),
    )


def release_of_body(content_type: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """The releases that may answer a body: what it is written in, when it says so and that is one of them."""
    asked = split_media_type(content_type)[1].get("fhirversion")
    fitting = [name for name in names if asked in (RELEASES[name].media_version, RELEASES[name].fhir_version)]
    return tuple(fitting) or names


def _preferences(header: str) -> Mapping[str, str]:
    """Names and values; members are separated by commas, by semicolons in older clients (RFC 7240)."""
    members = [member.partition("=") for member in header.replace(";", ",").split(",")]
    # Of several by one name the first counts.
    return {name.strip().lower(): value.strip().strip('"').lower() for name, _, value in reversed(members)}


def require_form(content_type: str) -> None:
    """Raise UnsupportedMediaType unless the body is a plain form, the only body that a search takes."""
    media_type, parameters = split_media_type(content_type)
    if media_type != FORM or not is_utf8(parameters):
        raise UnsupportedMediaType(
            f"Content-Type `{content_type}` is not supported here; allowed: {FORM}, in UTF-8.",
            expression=("http.Content-Type",),
        )


def require_plain(content_encoding: str) -> None:
    """Raise UnsupportedMediaType for a body that is compressed: unpacked, it could be of any size."""
    if content_encoding.lower() not in ("", "identity"):
        raise UnsupportedMediaType(
            f"Content-Encoding `{content_encoding}` is not supported here; send the body as it is.",
            expression=("http.Content-Encoding",),
        )


def flag(name: str, values: Sequence[str]) -> bool:
    """A parameter that is true or false, false when absent."""
    value = single(name, values)
    if value not in (None, "true", "false"):
        raise Invalid(f"{name}={value} is invalid; allowed: true, false.", expression=(f"http.{name}",))
    return value == "true"


def single(name: str, values: Sequence[str]) -> str | None:
    """A parameter that may be given once."""
    if len(values) > 1:
        raise Invalid(f"The parameter `{name}` was given {len(values)} times.", expression=(f"http.{name}",))
    return values[0] if values else None
