"""The formats that resources are written in; a format is a module with the names of `Format`."""

from __future__ import annotations

from typing import Protocol

from fhir_service.formats import fhir_json


class Format(Protocol):
    """What a format module offers. Stored bodies are FHIR JSON, so `encode` starts from that."""

    CODE: str  # the short name of `_format`
    MEDIA_TYPES: tuple[str, ...]  # best first

    def encode(self, body: bytes, pretty: bool) -> bytes:
        """A FHIR JSON body in this format."""


FORMATS: tuple[Format, ...] = (fhir_json,)
