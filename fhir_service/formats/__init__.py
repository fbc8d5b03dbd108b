"""The formats that resources are written in; a format is a module with the names of `Format`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from fhir_service.formats import fhir_json, fhir_xml

if TYPE_CHECKING:
    from fhir_service.releases import Release


class Format(Protocol):
    """What a format module offers. Stored bodies are FHIR JSON, so `encode` starts from that."""

    CODE: str  # the short name of `_format`
    MEDIA_TYPES: tuple[str, ...]  # best first

    def encode(self, body: bytes, pretty: bool, release: Release) -> bytes:
        """A FHIR JSON body in this format."""

    def decode(self, body: bytes, release: Release) -> dict[str, Any]:
        """What a client sent in this format, as a JSON object; raises Invalid when it is malformed."""


FORMATS: tuple[Format, ...] = (fhir_json, fhir_xml)
