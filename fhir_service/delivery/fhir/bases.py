"""The FHIR base URLs: `/fhir/r4`, `/fhir/r4b`, `/fhir/r5`, and `/fhir`, where Accept chooses the release.

https://hl7.org/fhir/R4/http.html#general
"""

from __future__ import annotations

from dataclasses import dataclass

from fhir_service.releases import RELEASES, Release

PREFIX = "/fhir"


@dataclass(frozen=True, slots=True)
class Base:
    """Where FHIR begins, and the releases that may answer there; the first is the default."""

    path: str
    releases: tuple[Release, ...]
    names: tuple[str, ...]


_PLAIN = Base(PREFIX, tuple(RELEASES.values()), tuple(RELEASES))
_OF_RELEASE = {name: Base(f"{PREFIX}/{name}", (release,), (name,)) for name, release in RELEASES.items()}


def base_of(address: str) -> tuple[Base, str] | None:
    """The base of an address, and the path below it; None for an address that is not FHIR's."""
    if not address.startswith(PREFIX):
        return None
    before, _, rest = address[1:].partition("/")
    if before != PREFIX[1:]:
        return None
    name, _, below = rest.partition("/")
    base = _OF_RELEASE.get(name)
    if base is None:
        base, below = _PLAIN, rest
    return base, below.removesuffix("/")
